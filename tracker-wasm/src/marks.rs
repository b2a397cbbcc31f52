//! What a page says about its elements in `data-clickstream-…` attributes.
//!
//! `data-clickstream-NAME` becomes the property NAME of every click inside the element;
//! hyphens are underscores (`product-id` is `product_id`, as the e-commerce names have it),
//! dots nest (`data-clickstream-book.author` is `book: {author}`). What an inner element says goes
//! before what an outer one says. A number in JSON's way of writing, of at most 15 characters, stays a
//! number, `true` and `false` are what they are, everything else is text. Two names are no
//! properties: `event` names a track event that the click makes beside its own (empty: none,
//! whatever an outer element says), `ignore` keeps silent about everything inside.

use clickstream_event::{
    text::{cut, split},
    write,
};

/// How an attribute's name begins.
pub const PREFIX: &str = "data-clickstream-";

/// The longest text that an attribute gives.
pub const LONGEST: usize = 500;

/// Names that a click's own properties have.
const TAKEN: [&str; 3] = ["element", "input", "link"];

/// Everything that the elements around a click say.
#[derive(Debug, Default)]
pub struct Marks {
    /// How far out the innermost marked element is, counted on the click's path.
    pub depth: Option<u32>,
    /// Nothing may be said about this click.
    pub ignored: bool,
    /// The track event that it makes.
    pub event: Option<String>,
    members: Vec<(String, Value)>,
}

#[derive(Debug)]
enum Value {
    Json(String),
    Object(Vec<(String, Value)>),
}

impl Marks {
    /// Takes one attribute up; they come from the inside out.
    pub fn add(&mut self, depth: u32, name: &str, value: &str) {
        let name: String = name
            .chars()
            .map(|c| if c == '-' { '_' } else { c })
            .collect();
        let (first, _) = split(&name, b'.');
        match name.as_str() {
            "ignore" => self.ignored = true,
            "event" => {
                if self.event.is_none() {
                    self.event = Some(cut(value.trim_ascii(), LONGEST).to_owned());
                }
            }
            // The name of the event that being seen makes.
            #[cfg(any(feature = "visible", test))]
            "visible" => return,
            _ if TAKEN.contains(&first) => return,
            name => insert(&mut self.members, name, value),
        }
        if self.depth.is_none() {
            self.depth = Some(depth);
        }
    }

    /// The properties as the text of a JSON object.
    #[must_use]
    pub fn properties(&self) -> String {
        let mut text = String::new();
        print(&self.members, &mut text);
        text
    }
}

/// Puts a value where its name says, unless an inner element has said something there.
fn insert(members: &mut Vec<(String, Value)>, name: &str, value: &str) {
    let (first, rest) = split(name, b'.');
    let rest = (first.len() < name.len()).then_some(rest);
    let known = members.iter_mut().find(|(known, _)| known == first);
    match (known, rest) {
        (Some((_, Value::Object(inner))), Some(rest)) => insert(inner, rest, value),
        (Some(_), _) => {}
        (None, Some(rest)) => {
            let mut inner = Vec::new();
            insert(&mut inner, rest, value);
            members.push((first.to_owned(), Value::Object(inner)));
        }
        (None, None) => members.push((first.to_owned(), Value::Json(json(value)))),
    }
}

fn print(members: &[(String, Value)], text: &mut String) {
    let mut before = "{";
    for (name, value) in members {
        text.push_str(before);
        text.push_str(&write::string(name).unwrap_or_default());
        text.push(':');
        match value {
            Value::Json(json) => text.push_str(json),
            Value::Object(inner) => print(inner, text),
        }
        before = ",";
    }
    text.push_str(if members.is_empty() { "{}" } else { "}" });
}

/// A value as JSON: as it stands where it is a number or a truth value, else as text.
fn json(value: &str) -> String {
    if is_number(value) || value == "true" || value == "false" {
        value.to_owned()
    } else {
        write::string(cut(value, LONGEST)).unwrap_or_default()
    }
}

/// Whether a text is a number as JSON writes one, and short enough to be one for sure: a
/// house number `007`, a telephone number `+44…` or a card's 16 digits are texts.
fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let size = text.strip_prefix("-").unwrap_or(text);
    let (whole, mut fraction) = split(size, b'.');
    if whole.len() == size.len() {
        fraction = "0";
    }
    text.len() <= 15
        && digits(whole)
        && digits(fraction)
        && (whole == "0" || !whole.starts_with("0"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;

    fn marks(attributes: &[(u32, &str, &str)]) -> Marks {
        let mut marks = Marks::default();
        for (depth, name, value) in attributes {
            marks.add(*depth, name, value);
        }
        marks
    }

    fn properties(attributes: &[(u32, &str, &str)]) -> Json {
        serde_json::from_str(&marks(attributes).properties()).unwrap()
    }

    #[test]
    fn attributes_become_nested_properties() {
        let said = properties(&[
            (1, "product-id", "bk-1"),
            (1, "price", "12.50"),
            (1, "book.author.name", "Ann \"A\" Author"),
            (1, "book.year", "1999"),
            (4, "list.new", "true"),
        ]);
        assert_eq!(
            said,
            json!({
                "product_id": "bk-1", "price": 12.5,
                "book": {"author": {"name": "Ann \"A\" Author"}, "year": 1999},
                "list": {"new": true},
            })
        );
    }

    #[test]
    fn the_inner_element_is_heard_first() {
        let said = properties(&[
            (0, "position", "2"),
            (3, "position", "1"),
            (3, "list", "Fiction"),
            (5, "list.id", "7"),
            (5, "page.kind", "home"),
            (6, "page", "shop"),
        ]);
        assert_eq!(
            said,
            json!({"position": 2, "list": "Fiction", "page": {"kind": "home"}})
        );
    }

    #[test]
    fn only_what_is_a_number_for_sure_is_one() {
        for number in ["0", "-1", "12.50", "9780000000002", "0.5", "-0.25"] {
            assert_eq!(json(number), number);
        }
        for text in [
            "",
            "007",
            "+44",
            "1e5",
            ".5",
            "1.",
            "1.2.3",
            "--1",
            "4000000000000002",
            "١",
            "NaN",
        ] {
            assert_eq!(json(text), format!("\"{text}\""));
        }
    }

    #[test]
    fn event_and_ignore_are_no_properties() {
        let said = marks(&[
            (2, "event", " Product Clicked "),
            (3, "event", "Other"),
            (3, "ignore", ""),
        ]);
        assert_eq!(said.event.as_deref(), Some("Product Clicked"));
        assert!(said.ignored);
        assert_eq!(said.depth, Some(2));
        assert_eq!(said.properties(), "{}");
        let none = marks(&[(0, "event", ""), (2, "event", "Outer")]);
        assert_eq!(none.event.as_deref(), Some(""));
    }

    #[test]
    fn a_click_s_own_names_are_not_overwritten() {
        let said = marks(&[
            (0, "element", "x"),
            (0, "input.kind", "y"),
            (1, "elements", "z"),
        ]);
        assert_eq!(said.properties(), r#"{"elements":"z"}"#);
        assert_eq!(said.depth, Some(1));
    }

    proptest! {
        #[test]
        fn whatever_a_page_says_is_one_json_object(
            said in proptest::collection::vec((0..9_u32, "[a-c.é\"-]{0,6}", any::<String>()), 0..12)
        ) {
            let mut marks = Marks::default();
            for (depth, name, value) in &said {
                marks.add(*depth, name, value);
            }
            let text = marks.properties();
            let read: Json = serde_json::from_str(&text).unwrap();
            prop_assert!(read.is_object());
            // No name twice: what is read and written again has the same length.
            prop_assert_eq!(read.to_string().len(), text.len());
        }
    }
}
