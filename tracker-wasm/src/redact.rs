//! Query parameters whose values nobody has to see. No browser in here.

use clickstream_event::text::{split, word};

/// Names whose values are secrets wherever they occur.
const SECRETS: &str = "access_token api_key apikey auth_token email id_token passwd password pwd \
    refresh_token secret token";

/// What stands in a value's place.
pub const REDACTED: &str = "redacted";

/// An address without the values of parameters with a secret name or one of `names` (spaces between
/// them), in its query and in its fragment; `None` when there is nothing to leave out.
#[must_use]
pub fn redacted(url: &str, names: &str) -> Option<String> {
    if !cfg!(feature = "redact") {
        return None;
    }
    let secret = |name: &str| {
        let is = &mut |known: &str| known.eq_ignore_ascii_case(name);
        word(SECRETS, is).or(word(names, is)).is_some()
    };
    let ends = |byte: u8| matches!(byte, b'?' | b'#' | b'&');
    let mut shown = String::new();
    let (mut rest, mut parameter, mut found) = (url, false, false);
    loop {
        let end = rest.bytes().position(ends).unwrap_or(rest.len());
        let part = rest.get(..end).unwrap_or_default();
        let (name, value) = split(part, b'=');
        if parameter && !value.is_empty() && secret(name) {
            for text in [name, "=", REDACTED] {
                shown.push_str(text);
            }
            found = true;
        } else {
            shown.push_str(part);
        }
        let Some(mark) = rest.get(end..end + 1) else {
            return found.then_some(shown);
        };
        shown.push_str(mark);
        parameter = true;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_secret_is_worth_is_left_out() {
        for (url, shown) in [
            (
                "https://s.example/a?x=1&token=abc&Email=a%40b&code=9#access_token=d&y=token",
                "https://s.example/a?x=1&token=redacted&Email=redacted&code=redacted#access_token=redacted&y=token",
            ),
            ("/a?password=", "/a?password="),
            ("/token=1/a?token", "/token=1/a?token"),
            ("/a?token=b=c?secret=d", "/a?token=redacted?secret=redacted"),
            ("", ""),
        ] {
            let is = redacted(url, " code other");
            assert_eq!(is.as_deref().unwrap_or(url), shown);
            assert_eq!(is.is_some(), url != shown, "{url}");
        }
    }

    proptest! {
        #[test]
        fn no_secret_stays_and_nothing_else_goes(
            before in "[a-z/?&#=]{0,12}", value in "[0-9A-Z]{6}", after in "[a-z&#=]{0,12}"
        ) {
            let url = format!("{before}?secret={value}&{after}");
            let shown = redacted(&url, "").unwrap();
            prop_assert!(!shown.contains(&value), "{}", shown);
            prop_assert_eq!(redacted(&shown, "").unwrap(), shown);
        }
    }
}
