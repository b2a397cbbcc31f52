//! Search terms: what an address says that somebody has looked for. No browser in here.

use clickstream_event::text::{cut, split, squeeze, word};

use crate::campaign::{parameter, spaced};
use crate::redact::REDACTED;

/// The longest term, in characters.
const TERM: usize = 200;

/// The term in an address: the value of the first of `names` (spaces between them) that its query has.
/// `decode` gives a text without its percent signs, where they are right. None where nobody is to see it.
pub fn term(url: &str, names: &str, decode: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let query = split(split(url, b'#').0, b'?').1;
    let mut value = None;
    word(names, &mut |name| {
        value = parameter(query, name);
        value.is_some()
    });
    let value = value.filter(|value| *value != REDACTED)?;
    let decoded = decode(&spaced(value)).unwrap_or_else(|| value.to_owned());
    let term = squeeze(&decoded);
    Some(cut(&term, TERM).to_owned()).filter(|term| !term.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_that_the_address_has_says_the_term() {
        let decode = |text: &str| (!text.contains("%zz")).then(|| text.replace("%C3%A9", "é"));
        for (url, found) in [
            (
                "https://s.example/s?q=caf%C3%A9+++au+lait&page=2",
                Some("café au lait"),
            ),
            ("/s?query=b&q=a#q=c", Some("a")),
            ("/s?q=&query=b", Some("b")),
            ("/s?q=+", None),
            ("/s?q=redacted", None),
            ("/s?q=100%zz", Some("100%zz")),
            ("/s?sq=a", None),
            ("/q=a", None),
            ("", None),
        ] {
            assert_eq!(term(url, "q query", &decode).as_deref(), found, "{url}");
        }
        assert_eq!(term("/s?q=a", "", &decode), None);
        let long = format!("/s?q={}", "x".repeat(1000));
        assert_eq!(term(&long, "q", &decode).unwrap().len(), TERM);
    }
}
