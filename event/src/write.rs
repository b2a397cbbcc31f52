//! Typed values to JSON text, small enough for a page: no exact floats, no parser.

mod json;

use serde::Serialize;

use crate::{event::Event, text};
pub use json::Refused;

/// One event as one line of JSON, without a newline.
///
/// # Errors
/// None for the types of this crate; a `Serialize` of somebody else's may refuse.
pub fn line(event: &Event<'_>) -> Result<String, Refused> {
    let mut context = object(event.context)?;
    if let Some(more) = event.context.more {
        context = joined(&context, more);
    }
    let mut line = object(event)?;
    line.pop();
    line.push_str(",\"context\":");
    line.push_str(&context);
    if let Some(details) = event.details {
        for part in [",\"", event.details_name(), "\":", details] {
            line.push_str(part);
        }
    }
    line.push('}');
    Ok(line)
}

/// A typed value as JSON text.
///
/// # Errors
/// None for the types of this crate; a `Serialize` of somebody else's may refuse.
pub fn object<T: Serialize + ?Sized>(value: &T) -> Result<String, Refused> {
    let mut writer = json::Writer::default();
    value.serialize(&mut writer)?;
    Ok(writer.0)
}

/// The members of two JSON objects in one; the caller sees to it that no name is in both.
#[must_use]
pub fn joined(first: &str, second: &str) -> String {
    let (Some(head), Some(tail)) = (first.strip_suffix("}"), second.strip_prefix("{")) else {
        return String::from(first);
    };
    let comma = if head == "{" || tail == "}" { "" } else { "," };
    text::joined(&[head, comma, tail])
}

/// Adds a member to an object's text that is not closed yet; `json` is its value's. `name` is one of
/// ours: it is not escaped.
pub fn member(object: &mut String, name: &str, json: &str) {
    let before = if object.len() > 1 { ",\"" } else { "\"" };
    for part in [before, name, "\":", json] {
        object.push_str(part);
    }
}

/// A string as JSON text.
///
/// # Errors
/// None.
pub fn string(text: &str) -> Result<String, Refused> {
    object(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        action::{ELEMENT_CLICKED, Element, ElementClicked, Input, Navigation, PageViewed},
        context::{Automation, Context, Library, Page, Screen},
        kind::EventType,
    };

    fn context() -> Context<'static> {
        Context {
            library: Library {
                name: "clickstream-tracker",
                version: "0.1.0",
            },
            page: Some(Page::at("https://shop.example/books/", "Books", "")),
            locale: Some("en-GB"),
            screen: Some(Screen {
                width: 390,
                height: 844,
                density: 2.625,
            }),
            ..Context::default()
        }
    }

    #[test]
    fn a_click_is_the_line_of_the_contract() {
        let clicked = ElementClicked {
            element: Element {
                tag: "button",
                classes: &["primary"],
                text: Some("Read \"it\""),
                path: "main > button",
                ..Element::default()
            },
            input: Input {
                kind: "mouse",
                button: Some(0),
                x: Some(120),
                y: Some(-6),
                trusted: None,
            },
        };
        let details = joined(&object(&clicked).unwrap(), r#"{"price":12.50}"#);
        let context = context();
        let mut event = Event::new(
            EventType::Track,
            "5f0c",
            "2026-01-02T03:04:05.006Z",
            &context,
        );
        event.event = Some(ELEMENT_CLICKED);
        event.anonymous_id = Some("0b7e");
        event.details = Some(&details);
        assert_eq!(
            line(&event).unwrap(),
            concat!(
                r#"{"type":"track","event":"Element Clicked","messageId":"5f0c","anonymousId":"0b7e","#,
                r#""originalTimestamp":"2026-01-02T03:04:05.006Z","context":{"#,
                r#""library":{"name":"clickstream-tracker","version":"0.1.0"},"#,
                r#""page":{"url":"https://shop.example/books/","path":"/books/","title":"Books"},"#,
                r#""locale":"en-GB","screen":{"width":390,"height":844,"density":2.625}},"#,
                r#""properties":{"element":{"tag":"button","classes":["primary"],"#,
                r#""text":"Read \"it\"","path":"main > button"},"#,
                r#""input":{"kind":"mouse","button":0,"x":120,"y":-6},"price":12.50}}"#,
            )
        );
    }

    #[test]
    fn identify_and_group_carry_traits() {
        let context = Context {
            automation: Automation {
                webdriver: true,
                synthetic: false,
            },
            ..Context::default()
        };
        for kind in EventType::ALL {
            let mut event = Event::new(kind, "m", "t", &context);
            event.details = Some("{}");
            let line = line(&event).unwrap();
            let traits = matches!(kind, EventType::Identify | EventType::Group);
            assert_eq!(line.ends_with(r#","traits":{}}"#), traits, "{line}");
            assert_eq!(line.ends_with(r#","properties":{}}"#), !traits, "{line}");
            assert!(
                line.contains(r#""automation":{"webdriver":true}"#),
                "{line}"
            );
        }
    }

    #[test]
    fn a_page_view_says_how_it_was_reached() {
        let page = Page::at("https://shop.example/a?b", "", "https://shop.example/");
        let text = object(&PageViewed::new(&page, Some(Navigation::Traverse))).unwrap();
        assert_eq!(
            text,
            r#"{"url":"https://shop.example/a?b","path":"/a","referrer":"https://shop.example/","search":"?b","navigation":"traverse"}"#
        );
    }

    #[test]
    fn two_objects_become_one() {
        for (first, second, both) in [
            ("{}", "{}", "{}"),
            (r#"{"a":1}"#, "{}", r#"{"a":1}"#),
            ("{}", r#"{"b":2}"#, r#"{"b":2}"#),
            (r#"{"a":{}}"#, r#"{"b":2}"#, r#"{"a":{},"b":2}"#),
        ] {
            assert_eq!(joined(first, second), both);
        }
    }

    #[test]
    fn a_density_has_three_decimals_at_most() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (1.5, "1.5"),
            (2.625, "2.625"),
            (1.100_000_023_841_858, "1.1"),
            (0.001, "0.001"),
            (0.0004, "0"),
            (12.9996, "13"),
            (-1.0, "0"),
            (f64::NAN, "0"),
        ] {
            assert_eq!(object(&value).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_written_so_that_a_parser_reads_it_again(text in any::<String>()) {
            let written = string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            prop_assert!(!written.contains('\n'));
        }

        #[test]
        fn any_density_is_a_number_within_half_a_thousandth(value in 0.0..4.0e6_f64) {
            let read: f64 = object(&value).unwrap().parse().unwrap();
            prop_assert!((read - value).abs() <= 0.000_500_1, "{} {}", read, value);
        }
    }
}
