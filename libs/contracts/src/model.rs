//! How sessions and messages name a model.

use crate::v1::Model;

/// Between a model's id and the variant of it that is wanted, such as how hard it thinks.
const VARIANT: char = '#';

/// The model that is named among those that are offered: by its id, or by its id and one of its variants.
#[must_use]
pub fn named<'a>(offered: &'a [Model], name: &str) -> Option<&'a Model> {
    let by_id = |id: &str| offered.iter().find(|model| model.model_id == id);
    by_id(name).or_else(|| {
        let (id, variant) = split(name);
        by_id(id).filter(|model| model.variants.iter().any(|known| Some(known.as_str()) == variant))
    })
}

/// A model's id and its variant.
#[must_use]
pub fn split(name: &str) -> (&str, Option<&str>) {
    name.rsplit_once(VARIANT).map_or((name, None), |(id, variant)| (id, Some(variant)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_its_id_or_with_a_variant_that_it_has() {
        let model = |id: &str, variants: &[&str]| Model {
            model_id: id.to_owned(),
            variants: variants.iter().map(|&variant| variant.to_owned()).collect(),
            ..Model::default()
        };
        let offered = [model("a/b", &["low", "high"]), model("a/c", &[]), model("a/c#low", &[])];
        for (name, id) in [
            ("a/b", Some("a/b")),
            ("a/b#high", Some("a/b")),
            ("a/b#", None),
            ("a/b#max", None),
            ("a/c#high", None),
            ("a/c#low", Some("a/c#low")),
            ("#low", None),
            ("", None),
        ] {
            assert_eq!(named(&offered, name).map(|model| model.model_id.as_str()), id, "{name}");
        }
        assert_eq!((split("a/b#high"), split("a/b")), (("a/b", Some("high")), ("a/b", None)));
    }
}
