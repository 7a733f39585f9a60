//! Forms that an agent has its user fill in, asked as questions.

use std::collections::{BTreeMap, HashSet};

use agent_client_protocol::v1::schema::{
    ElicitationAcceptAction, ElicitationAction, ElicitationContentValue as Content,
    ElicitationPropertySchema as Property, ElicitationSchema, EnumOption, MultiSelectItems, MultiSelectPropertySchema,
    StringPropertySchema,
};
use muster_contracts::v1::{Answer, Question, QuestionOption, RequestKind};

use crate::{domain::cut, turn::Asked};

/// Characters of a title and of a label that are shown.
const CHARS: usize = 120;
/// The answer to a question that need not be answered.
const LEAVE_OUT: &str = "Leave it out";

/// See the module. Each field is a question; they come by their names, since the agent tells them in no order.
#[derive(Debug)]
pub(super) struct Form {
    message: String,
    fields: Vec<Field>,
}

#[derive(Debug)]
struct Field {
    name: String,
    title: String,
    description: String,
    required: bool,
    takes: Takes,
}

/// What a field takes.
#[derive(Debug)]
enum Takes {
    Text { least: usize, most: usize },
    Whole { least: i64, most: i64 },
    Number { least: f64, most: f64 },
    One(Vec<Choice>),
    Several { of: Vec<Choice>, least: usize, most: usize },
}

#[derive(Debug)]
struct Choice {
    label: String,
    description: String,
    value: Content,
}

impl Form {
    /// The form of a schema, if all of its fields can be asked for. One that can't be and need not be is left out.
    pub(super) fn of(message: String, schema: ElicitationSchema) -> Option<Self> {
        let required = schema.required.unwrap_or_default();
        let mut fields = Vec::new();
        for (name, property) in schema.properties {
            let required = required.contains(&name);
            match field(name, property, required) {
                Some(field) => fields.push(field),
                None if required => return None,
                None => {}
            }
        }
        (fields.len() <= cut::QUESTIONS).then_some(Self { message, fields })
    }

    /// What the user is asked; and what was amiss with the answer before.
    pub(super) fn asked(&self, amiss: Option<&str>) -> Asked {
        let title = amiss.map_or_else(|| self.message.clone(), |amiss| format!("{amiss} {}", self.message));
        let mut questions = self.fields.iter().map(Field::question).collect::<Vec<_>>();
        if questions.is_empty() {
            // It only wants to be told to go on.
            let options = vec![QuestionOption { label: "Go on".to_owned(), description: String::new() }];
            questions.push(Question { question: self.message.clone(), options, ..Question::default() });
        }
        let title = title.chars().take(CHARS).collect();
        Asked { kind: RequestKind::Question, title, details: self.message.clone(), questions, ..Asked::default() }
    }

    /// What the agent is told.
    ///
    /// # Errors
    /// When the answer does not fit; the text tells the user why.
    pub(super) fn filled(&self, answer: &Answer) -> Result<ElicitationAction, String> {
        if answer.answers.is_empty() {
            return Ok(ElicitationAction::Decline);
        }
        let mut content = BTreeMap::new();
        for (field, given) in self.fields.iter().zip(&answer.answers) {
            if !field.required && given.labels.iter().any(|label| label == LEAVE_OUT) {
                continue;
            }
            let value = field.takes.read(&given.labels);
            let needed = || format!("“{}” takes {}.", field.title, field.takes.needed());
            content.insert(field.name.clone(), value.ok_or_else(needed)?);
        }
        Ok(ElicitationAction::Accept(ElicitationAcceptAction::new().content(content)))
    }
}

fn field(name: String, property: Property, required: bool) -> Option<Field> {
    let (title, description, takes) = match property {
        Property::String(text) => (text.title.clone(), text.description.clone(), Takes::of_text(text)),
        Property::Integer(whole) => {
            let takes =
                Takes::Whole { least: whole.minimum.unwrap_or(i64::MIN), most: whole.maximum.unwrap_or(i64::MAX) };
            (whole.title, whole.description, takes)
        }
        Property::Number(number) => {
            let least = number.minimum.unwrap_or(f64::NEG_INFINITY);
            let takes = Takes::Number { least, most: number.maximum.unwrap_or(f64::INFINITY) };
            (number.title, number.description, takes)
        }
        Property::Boolean(boolean) => {
            let choice = |label: &str, value| Choice::new(label.to_owned(), None, Content::Boolean(value));
            let takes = Takes::One(vec![choice("Yes", true), choice("No", false)]);
            (boolean.title, boolean.description, takes)
        }
        Property::Array(several) => (several.title.clone(), several.description.clone(), Takes::of_several(several)?),
        _ => return None,
    };
    let title = title.unwrap_or_else(|| name.clone());
    Some(Field { name, title, description: description.unwrap_or_default(), required, takes })
}

impl Field {
    fn question(&self) -> Question {
        let mut options = self.takes.choices().iter().map(Choice::option).collect::<Vec<_>>();
        // More than are shown: they are typed.
        let custom = options.is_empty() || options.len() >= cut::QUESTIONS;
        if custom {
            options.clear();
        }
        if !self.required {
            options.push(QuestionOption { label: LEAVE_OUT.to_owned(), description: String::new() });
        }
        let needed = if custom { format!(" — {}", self.takes.needed()) } else { String::new() };
        let separator = if self.description.is_empty() { "" } else { ": " };
        Question {
            header: self.title.chars().take(CHARS).collect(),
            question: format!("{}{separator}{}{needed}", self.title, self.description),
            options,
            multiple: matches!(self.takes, Takes::Several { .. }),
            custom,
        }
    }
}

impl Choice {
    fn new(label: String, description: Option<String>, value: Content) -> Self {
        let label = label.chars().take(CHARS).collect();
        Self { label, description: description.unwrap_or_default(), value }
    }

    fn option(&self) -> QuestionOption {
        QuestionOption { label: self.label.clone(), description: self.description.clone() }
    }
}

/// Choices with titles, where those tell them apart.
fn titled(options: Vec<EnumOption>) -> Vec<Choice> {
    let titles = options.iter().map(|option| option.title.as_str()).collect::<HashSet<_>>();
    let distinct = titles.len() == options.len();
    let choice = |option: EnumOption| {
        let label = if distinct { option.title } else { option.value.clone() };
        Choice::new(label, option.description, Content::String(option.value))
    };
    options.into_iter().map(choice).collect()
}

fn plain(values: Vec<String>) -> Vec<Choice> {
    values.into_iter().map(|value| Choice::new(value.clone(), None, Content::String(value))).collect()
}

fn size(given: Option<impl TryInto<usize>>, else_: usize) -> usize {
    given.map_or(else_, |size| size.try_into().unwrap_or(usize::MAX))
}

impl Takes {
    fn of_text(text: StringPropertySchema) -> Self {
        match (text.one_of, text.enum_values) {
            (Some(options), _) => Self::One(titled(options)),
            (None, Some(values)) => Self::One(plain(values)),
            (None, None) => Self::Text { least: size(text.min_length, 0), most: size(text.max_length, usize::MAX) },
        }
    }

    fn of_several(several: MultiSelectPropertySchema) -> Option<Self> {
        let of = match several.items {
            MultiSelectItems::String(items) => plain(items.values),
            MultiSelectItems::Titled(items) => titled(items.options),
            _ => return None,
        };
        Some(Self::Several { of, least: size(several.min_items, 0), most: size(several.max_items, usize::MAX) })
    }

    fn choices(&self) -> &[Choice] {
        match self {
            Self::One(of) | Self::Several { of, .. } => of,
            Self::Text { .. } | Self::Whole { .. } | Self::Number { .. } => &[],
        }
    }

    fn labels(&self) -> String {
        const CHARS: usize = 2000;
        let labels = self.choices().iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>().join(", ");
        labels.chars().take(CHARS).collect()
    }

    fn chosen(&self, label: &str) -> Option<&Content> {
        self.choices().iter().find(|choice| choice.label == label).map(|choice| &choice.value)
    }

    /// The value of an answer, if it fits.
    fn read(&self, labels: &[String]) -> Option<Content> {
        let [first, ..] = labels else { return None };
        match *self {
            Self::Text { least, most } => {
                (least..=most).contains(&first.chars().count()).then(|| Content::String(first.clone()))
            }
            Self::Whole { least, most } => {
                first.trim().parse().ok().filter(|number| (least..=most).contains(number)).map(Content::Integer)
            }
            Self::Number { least, most } => {
                let fits = |number: &f64| number.is_finite() && (least..=most).contains(number);
                first.trim().parse().ok().filter(fits).map(Content::Number)
            }
            Self::One(_) => self.chosen(first).cloned(),
            Self::Several { least, most, .. } => {
                let value = |label: &String| match self.chosen(label)? {
                    Content::String(value) => Some(value.clone()),
                    _ => None,
                };
                // More than are shown are typed, with commas between them.
                let typed = labels.iter().flat_map(|label| match self.chosen(label) {
                    Some(_) => vec![label.clone()],
                    None => label.split(',').map(|label| label.trim().to_owned()).collect(),
                });
                let values = typed.map(|label| value(&label)).collect::<Option<Vec<_>>>()?;
                (least..=most).contains(&values.len()).then_some(Content::StringArray(values))
            }
        }
    }

    /// What fits, in words.
    fn needed(&self) -> String {
        let range = |least: Option<String>, most: Option<String>| match (least, most) {
            (Some(least), Some(most)) => format!(" ({least} to {most})"),
            (Some(least), None) => format!(" (at least {least})"),
            (None, Some(most)) => format!(" (at most {most})"),
            (None, None) => String::new(),
        };
        let counted = |least: usize, most: usize| {
            range((least > 0).then(|| least.to_string()), (most < usize::MAX).then(|| most.to_string()))
        };
        match *self {
            Self::Text { least, most } => match counted(least, most) {
                any if any.is_empty() => "text".to_owned(),
                bounded => format!("characters{bounded}"),
            },
            Self::Whole { least, most } => {
                let bound = |number: i64, open: i64| (number != open).then(|| number.to_string());
                format!("a whole number{}", range(bound(least, i64::MIN), bound(most, i64::MAX)))
            }
            Self::Number { least, most } => {
                let bound = |number: f64| number.is_finite().then(|| number.to_string());
                format!("a number{}", range(bound(least), bound(most)))
            }
            Self::One(_) => format!("one of {}", self.labels()),
            Self::Several { least, most, .. } => format!("choices{} of {}", counted(least, most), self.labels()),
        }
    }
}

#[cfg(test)]
mod tests {
    use muster_contracts::v1::Labels;
    use serde_json::{Value, json};

    use super::*;

    fn form(schema: Value) -> Option<Form> {
        Form::of("Where to?".to_owned(), serde_json::from_value(schema).unwrap())
    }

    fn filled(form: &Form, answers: &[&[&str]]) -> Result<Value, String> {
        let labels = |labels: &&[&str]| Labels { labels: labels.iter().map(|&label| label.to_owned()).collect() };
        let answer = Answer { answers: answers.iter().map(labels).collect(), ..Answer::default() };
        form.filled(&answer).map(|action| serde_json::to_value(action).unwrap())
    }

    #[test]
    fn every_kind_of_field_is_a_question_and_its_answer_a_value() {
        let form = form(json!({"type": "object", "required": ["a", "b", "c", "d", "e", "f"], "properties": {
            "a": {"type": "string", "title": "Name", "description": "as others know it", "minLength": 2},
            "b": {"type": "integer", "minimum": 1, "maximum": 5},
            "c": {"type": "number", "maximum": 0.5},
            "d": {"type": "boolean"},
            "e": {"type": "string", "oneOf": [{"const": "eu", "title": "Europe"}, {"const": "us", "title": "America"}]},
            "f": {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": ["x", "y", "z"]}},
            "g": {"type": "string", "enum": ["p", "q"]},
            "h": {"type": "of tomorrow"},
        }}))
        .unwrap();
        let asked = form.asked(None);
        let line = |question: &Question| {
            let options = question.options.iter().map(|option| option.label.as_str()).collect::<Vec<_>>().join("/");
            format!("{} [{options}] {} {}", question.question, question.multiple, question.custom)
        };
        assert_eq!((asked.title.as_str(), asked.kind), ("Where to?", RequestKind::Question));
        assert_eq!(
            asked.questions.iter().map(line).collect::<Vec<_>>(),
            [
                "Name: as others know it — characters (at least 2) [] false true",
                "b — a whole number (1 to 5) [] false true",
                "c — a number (at most 0.5) [] false true",
                "d [Yes/No] false false",
                "e [Europe/America] false false",
                "f [x/y/z] true false",
                "g [p/q/Leave it out] false false",
            ]
        );
        let all: [&[&str]; 7] = [&["Ada"], &["3"], &["-1.5"], &["No"], &["America"], &["x", "z"], &["Leave it out"]];
        let content = json!({"a": "Ada", "b": 3, "c": -1.5, "d": false, "e": "us", "f": ["x", "z"]});
        assert_eq!(filled(&form, &all), Ok(json!({"action": "accept", "content": content})));
        for (index, wrong, why) in [
            (0, "A", "“Name” takes characters (at least 2)."),
            (1, "six", "“b” takes a whole number (1 to 5)."),
            (1, "6", "“b” takes a whole number (1 to 5)."),
            (2, "-inf", "“c” takes a number (at most 0.5)."),
            (2, "NaN", "“c” takes a number (at most 0.5)."),
            (4, "eu", "“e” takes one of Europe, America."),
            (5, "w", "“f” takes choices (at most 2) of x, y, z."),
        ] {
            let mut answers = all;
            let wrong = [wrong];
            answers[index] = &wrong;
            assert_eq!(filled(&form, &answers), Err(why.to_owned()));
        }
        assert_eq!(form.asked(Some("Not so.")).title, "Not so. Where to?");
        assert_eq!(filled(&form, &[]), Ok(json!({"action": "decline"})));
    }

    #[test]
    fn what_cannot_be_asked_is_no_form_and_nothing_to_fill_in_is_a_go() {
        assert!(form(json!({"required": ["a"], "properties": {"a": {"type": "of tomorrow"}}})).is_none());
        let many = (0..=cut::QUESTIONS).map(|number| (number.to_string(), json!({"type": "boolean"})));
        assert!(form(json!({"properties": many.collect::<serde_json::Map<_, _>>()})).is_none());
        let nothing = form(json!({"properties": {}})).unwrap();
        assert_eq!(nothing.asked(None).questions[0].options[0].label, "Go on");
        assert_eq!(filled(&nothing, &[&["Go on"]]), Ok(json!({"action": "accept", "content": {}})));
    }

    #[test]
    fn choices_that_have_the_same_title_or_are_too_many_to_show_are_told_apart() {
        let same = json!([{"const": "a", "title": "Same"}, {"const": "b", "title": "Same"}]);
        let twins = form(json!({"required": ["a"], "properties": {"a": {"type": "string", "oneOf": same}}})).unwrap();
        assert_eq!(filled(&twins, &[&["b"]]), Ok(json!({"action": "accept", "content": {"a": "b"}})));
        let many = (0..100).map(|number| number.to_string()).collect::<Vec<_>>();
        let many = form(json!({"required": ["a"], "properties": {"a": {"type": "string", "enum": many}}})).unwrap();
        let question = many.asked(None).questions.remove(0);
        assert!(question.custom && question.options.is_empty());
        assert_eq!(filled(&many, &[&["99"]]), Ok(json!({"action": "accept", "content": {"a": "99"}})));
        assert!(filled(&many, &[&["100"]]).is_err());
        let of = (0..100).map(|number| number.to_string()).collect::<Vec<_>>();
        let several = json!({"type": "array", "minItems": 2, "items": {"type": "string", "enum": of}});
        let several = form(json!({"required": ["a"], "properties": {"a": several}})).unwrap();
        assert_eq!(filled(&several, &[&["1, 99"]]), Ok(json!({"action": "accept", "content": {"a": ["1", "99"]}})));
        assert!(filled(&several, &[&["1"]]).is_err() && filled(&several, &[&["1, 100"]]).is_err());
    }
}
