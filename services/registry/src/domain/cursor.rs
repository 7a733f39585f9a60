//! Pages in the order of creation, continued by an opaque cursor.

use data_encoding::BASE64URL_NOPAD;
use muster_contracts::{
    limits::{ANSWER_BYTES, PAGE_DEFAULT, PAGE_MAX},
    v1,
};

/// Where a page begins, and how long it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// Items at most.
    pub limit: usize,
    /// After this item; before all when there is none.
    pub after: Cursor,
}

/// An item's place in the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// When it was created, milliseconds.
    pub created_at: i64,
    /// Its id.
    pub id: String,
}

/// The limit or the cursor is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidPage {
    /// Out of range.
    #[error("must be 1 to {PAGE_MAX}")]
    Limit,
    /// Not made by us.
    #[error("must be the cursor of the page before")]
    Cursor,
}

impl Cursor {
    const START: Self = Self { created_at: i64::MIN, id: String::new() };

    /// As text.
    #[must_use]
    pub(crate) fn print(&self) -> String {
        BASE64URL_NOPAD.encode(format!("{}.{}", self.created_at, self.id).as_bytes())
    }

    fn parse(text: &str) -> Option<Self> {
        let plain = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let (created_at, id) = plain.split_once('.').filter(|(_, id)| !id.contains('\0'))?;
        Some(Self { created_at: created_at.parse().ok()?, id: id.to_owned() })
    }
}

impl Page {
    /// Rows to look for: one more than are shown tells that there is another page.
    #[must_use]
    pub(crate) fn rows(&self) -> i64 {
        i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1)
    }
}

impl TryFrom<Option<v1::Page>> for Page {
    type Error = InvalidPage;

    fn try_from(page: Option<v1::Page>) -> Result<Self, InvalidPage> {
        let v1::Page { limit, cursor } = page.unwrap_or_default();
        let limit = match limit {
            0 => PAGE_DEFAULT,
            1..=PAGE_MAX => limit,
            _ => return Err(InvalidPage::Limit),
        };
        let after = match cursor {
            None => Cursor::START,
            Some(text) => Cursor::parse(&text).ok_or(InvalidPage::Cursor)?,
        };
        Ok(Self { limit: limit as usize, after })
    }
}

/// The first items that fit, and where the next page begins if there is one.
/// `items` is one longer than `limit` when there are more; at least one fits always.
#[must_use]
pub(crate) fn cut<T>(
    items: Vec<T>,
    limit: usize,
    bytes: impl Fn(&T) -> usize,
    at: impl Fn(&T) -> Cursor,
) -> (Vec<T>, Option<String>) {
    let (mut kept, mut total, found) = (Vec::new(), 0, items.len());
    for item in items {
        total += bytes(&item);
        if kept.len() == limit || (total > ANSWER_BYTES && !kept.is_empty()) {
            break;
        }
        kept.push(item);
    }
    let next = if kept.len() < found { kept.last().map(|last| at(last).print()) } else { None };
    (kept, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_prints_and_parses() {
        let cursor = Cursor { created_at: 17, id: "V1StGXR8_Z5jdHi6B-myT".to_owned() };
        assert_eq!(Cursor::parse(&cursor.print()), Some(cursor));
        for text in ["", "x", "%", "MTc"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn pages_have_limits() {
        let page =
            |limit, cursor: Option<&str>| Page::try_from(Some(v1::Page { limit, cursor: cursor.map(str::to_owned) }));
        assert_eq!(page(0, None).unwrap().limit, 50);
        assert_eq!(page(200, None).unwrap().limit, 200);
        assert_eq!(page(201, None), Err(InvalidPage::Limit));
        assert_eq!(page(1, Some("x")), Err(InvalidPage::Cursor));
    }

    #[test]
    fn a_page_is_cut_by_number_and_by_size() {
        let at = |item: &usize| Cursor { created_at: *item as i64, id: String::new() };
        let next = |item| Some(Cursor { created_at: item, id: String::new() }.print());
        assert_eq!(cut(vec![1, 2, 3], 3, |_| 1, at), (vec![1, 2, 3], None));
        assert_eq!(cut(vec![1, 2, 3], 2, |_| 1, at), (vec![1, 2], next(2)));
        assert_eq!(cut(vec![1, 2, 3], 3, |_| ANSWER_BYTES / 2, at), (vec![1, 2], next(2)));
        assert_eq!(cut(vec![1, 2], 3, |_| ANSWER_BYTES + 1, at), (vec![1], next(1)));
    }
}
