//! Made-up text for a form's fields: nobody's name, no real card.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::page::Field;

const NAMES: [&str; 6] = [
    "Ada Quill",
    "Ben Harrow",
    "Cleo Marsh",
    "Dov Pinter",
    "Edda Rowe",
    "Finn Ashby",
];
const STREETS: [&str; 4] = [
    "1 Heron Lane",
    "22 Mill Row",
    "7 Quay Street",
    "140 Orchard Road",
];
const TOWNS: [&str; 4] = ["Bath", "Leeds", "Perth", "York"];
const OPINIONS: [&str; 4] = [
    "Read it twice, and the second time was better.",
    "Good paper, good print, and an ending that holds.",
    "Not for me, but my neighbour will not give it back.",
    "I stayed up too late with this one.",
];
/// What to look for when the page has no words.
const FALLBACK: &str = "bread";

/// Text for a field. `words` are words of the page, for whoever searches.
#[must_use]
pub fn text(field: &Field, words: &[String], random: &mut ChaCha8Rng) -> String {
    let name = field.name.to_lowercase();
    let hint = field.autocomplete.rsplit(' ').next().unwrap_or_default();
    let says = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let text = match (field.kind.as_str(), hint) {
        (_, "cc-number") => "4242 4242 4242 4242".to_owned(),
        (_, "cc-exp") => "12/34".to_owned(),
        (_, "cc-csc") => "123".to_owned(),
        (_, "postal-code") => "BA1 1AA".to_owned(),
        ("search", _) => one_of(words, random).unwrap_or(FALLBACK).to_owned(),
        ("email", _) | (_, "email") => "reader@shop.example".to_owned(),
        ("tel", _) | (_, "tel") => "01632 960001".to_owned(),
        ("url", _) => "https://shop.example/".to_owned(),
        ("number", _) => random.random_range(1..=5).to_string(),
        // As a keyboard writes them into Chromium's own fields: digits, in the page's order.
        ("date", _) => "01022034".to_owned(),
        ("time", _) => "1200".to_owned(),
        ("password", _) => "made-up-pass-phrase".to_owned(),
        ("textarea", _) => pick(&OPINIONS, random),
        _ if name == "q" || says(&["search", "query"]) => {
            one_of(words, random).unwrap_or(FALLBACK).to_owned()
        }
        _ if says(&["card"]) => "4242 4242 4242 4242".to_owned(),
        _ if says(&["expir"]) => "12/34".to_owned(),
        _ if says(&["cvc", "cvv", "code"]) => "123".to_owned(),
        _ if says(&["post", "zip"]) => "BA1 1AA".to_owned(),
        _ if says(&["street", "address"])
            || hint.starts_with("address-line")
            || hint == "street-address" =>
        {
            pick(&STREETS, random)
        }
        _ if says(&["city", "town"]) || hint.starts_with("address-level") => pick(&TOWNS, random),
        _ if says(&["name", "holder"]) || hint.contains("name") => pick(&NAMES, random),
        _ => pick(&OPINIONS, random)
            .split(',')
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    match usize::try_from(field.longest) {
        Ok(longest) if longest > 0 => text.chars().take(longest).collect(),
        _ => text,
    }
}

fn pick(all: &[&str], random: &mut ChaCha8Rng) -> String {
    all.get(random.random_range(0..all.len()))
        .copied()
        .unwrap_or_default()
        .to_owned()
}

fn one_of<'a>(words: &'a [String], random: &mut ChaCha8Rng) -> Option<&'a str> {
    if words.is_empty() {
        None
    } else {
        words
            .get(random.random_range(0..words.len()))
            .map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn filled(kind: &str, name: &str, autocomplete: &str, longest: i32) -> String {
        let field: Field = serde_json::from_value(serde_json::json!({
            "element": { "element-6066-11e4-a52e-4f735466cecf": "e" },
            "kind": kind, "name": name, "autocomplete": autocomplete, "longest": longest,
        }))
        .unwrap();
        text(
            &field,
            &["heron".to_owned()],
            &mut ChaCha8Rng::seed_from_u64(1),
        )
    }

    #[test]
    fn fields_get_what_they_ask_for() {
        assert_eq!(
            filled("text", "number", "cc-number", -1),
            "4242 4242 4242 4242"
        );
        assert_eq!(filled("text", "card", "", -1), "4242 4242 4242 4242");
        assert_eq!(filled("text", "x", "billing postal-code", -1), "BA1 1AA");
        assert_eq!(filled("search", "q", "", -1), "heron");
        assert_eq!(filled("text", "q", "off", -1), "heron");
        assert!(filled("email", "mail", "", -1).ends_with(".example"));
        assert!(NAMES.contains(&filled("text", "holder", "cc-name", -1).as_str()));
        assert!(STREETS.contains(&filled("text", "street", "", -1).as_str()));
        assert!(OPINIONS.contains(&filled("textarea", "text", "", -1).as_str()));
        assert!(!filled("text", "anything", "", -1).is_empty());
    }

    #[test]
    fn no_field_gets_more_than_it_takes() {
        assert_eq!(filled("text", "street", "", 3).chars().count(), 3);
    }
}
