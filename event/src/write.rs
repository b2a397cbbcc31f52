//! Typed values to JSON text, small enough for a page: no float printing, no parser.

use std::io;

use serde::Serialize;
use serde_json::{
    Serializer,
    ser::{CompactFormatter, Formatter},
};

use crate::{event::Event, text};

/// One event as one line of JSON, without a newline.
///
/// # Errors
/// None for the types of this crate; a `Serialize` of somebody else's may refuse.
pub fn line(event: &Event<'_>) -> Result<String, serde_json::Error> {
    let mut line = object(event)?;
    if let Some(details) = event.details {
        line.pop();
        for part in [",\"", event.details_name(), "\":", details, "}"] {
            line.push_str(part);
        }
    }
    Ok(line)
}

/// A typed value as JSON text. Numbers with a fraction get three decimals at most.
///
/// # Errors
/// None for the types of this crate; a `Serialize` of somebody else's may refuse.
pub fn object<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut text = Vec::with_capacity(1024);
    value.serialize(&mut Serializer::with_formatter(&mut text, Lean))?;
    // serde_json writes UTF-8 only; the check is cheaper than an `unsafe` to argue for.
    Ok(String::from_utf8(text).unwrap_or_default())
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

/// A string as JSON text.
///
/// # Errors
/// None.
pub fn string(text: &str) -> Result<String, serde_json::Error> {
    object(&text)
}

/// JSON without spaces, and without the tables that exact floats need: the few fractions
/// that an event of ours has are densities and coordinates.
#[derive(Debug)]
struct Lean;

impl Formatter for Lean {
    fn write_f64<W>(&mut self, writer: &mut W, value: f64) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        // A cast saturates: nothing here panics, whatever a browser says.
        let thousandths = (value * 1000.0 + if value < 0.0 { -0.5 } else { 0.5 }) as i64;
        if thousandths < 0 {
            writer.write_all(b"-")?;
        }
        let size = thousandths.unsigned_abs();
        CompactFormatter.write_u64(writer, size / 1000)?;
        let mut rest = size % 1000;
        if rest > 0 {
            writer.write_all(b".")?;
        }
        while rest > 0 {
            let digit = u8::try_from(rest / 100).unwrap_or(0);
            writer.write_all(&[b'0' + digit])?;
            rest = rest % 100 * 10;
        }
        Ok(())
    }
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
    fn fractions_have_three_decimals_at_most() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (1.5, "1.5"),
            (2.625, "2.625"),
            (1.100_000_023_841_858, "1.1"),
            (-0.25, "-0.25"),
            (0.001, "0.001"),
            (0.0004, "0"),
            (12.9996, "13"),
        ] {
            assert_eq!(object(&value).unwrap(), text);
        }
        assert_eq!(object(&f64::NAN).unwrap(), "null");
    }

    proptest! {
        #[test]
        fn any_text_is_written_so_that_a_parser_reads_it_again(text in any::<String>()) {
            let written = string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            prop_assert!(!written.contains('\n'));
        }

        #[test]
        fn any_fraction_is_a_number_within_half_a_thousandth(value in -1.0e9..1.0e9_f64) {
            let read: f64 = object(&value).unwrap().parse().unwrap();
            prop_assert!((read - value).abs() <= 0.000_500_1, "{} {}", read, value);
        }
    }
}
