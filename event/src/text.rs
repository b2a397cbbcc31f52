//! Cutting text in a page: what `str`'s own methods do, without the search tables and panic
//! texts that those bring along. Two kilobytes of a page's load were these.

/// What stands before the first byte `at`, and what stands after it; all and nothing when it
/// is not there. `at` is an ASCII character.
#[must_use]
pub fn split(text: &str, at: u8) -> (&str, &str) {
    let end = text.bytes().position(|byte| byte == at);
    let Some(end) = end else { return (text, "") };
    let before = text.get(..end).unwrap_or_default();
    (before, text.get(end + 1..).unwrap_or_default())
}

/// The first of the words of `list` (white space of ASCII between them) that `wanted` says.
pub fn word<'a>(list: &'a str, wanted: &mut dyn FnMut(&'a str) -> bool) -> Option<&'a str> {
    let mut rest = list;
    while !rest.is_empty() {
        let end = rest.bytes().position(|byte| byte <= b' ');
        let end = end.unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        if !word.is_empty() && wanted(word) {
            return Some(word);
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    None
}

/// A whole number in decimal digits.
#[must_use]
pub fn number(text: &str) -> Option<u32> {
    let mut number = None;
    for byte in text.bytes() {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        if digit > 9 {
            return None;
        }
        let before: u32 = number.unwrap_or_default();
        number = Some(before.checked_mul(10)?.checked_add(digit)?);
    }
    number
}

/// At most so many characters of a text.
#[must_use]
pub fn cut(text: &str, characters: usize) -> &str {
    // The bytes that begin a character are all but 0b10xxxxxx.
    let starts = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| byte & 0xC0 != 0x80);
    let end = starts.map(|(at, _)| at).nth(characters);
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// Text as a reader sees it: one space between words, none around.
#[must_use]
pub fn squeeze(text: &str) -> String {
    let mut shown = String::new();
    let mut space = false;
    for letter in text.chars() {
        if letter <= ' ' || letter == '\u{a0}' {
            space = true;
        } else {
            if space && !shown.is_empty() {
                shown.push(' ');
            }
            space = false;
            shown.push(letter);
        }
    }
    shown
}

/// Several texts in one.
#[must_use]
pub fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_cut_at_no_half_of_a_character() {
        assert_eq!(cut(&"ü".repeat(101), 100), "ü".repeat(100));
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn words_have_one_space_between_them() {
        assert_eq!(squeeze("  Read \n\t the   review "), "Read the review");
        assert_eq!(squeeze(" \u{a0} "), "");
    }

    proptest! {
        #[test]
        fn a_number_is_what_parse_says(text in "[0-9]{0,11}|[0-9ax ]{0,3}") {
            prop_assert_eq!(number(&text), text.parse::<u32>().ok());
        }

        #[test]
        fn as_str_s_own_methods_do(text in "[a-cü \n]{0,12}", characters in 0..9_usize) {
            let mut each = Vec::new();
            prop_assert_eq!(word(&text, &mut |word| { each.push(word); false }), None);
            prop_assert_eq!(&each, &text.split_ascii_whitespace().collect::<Vec<_>>());
            let last = each.last().copied();
            prop_assert_eq!(word(&text, &mut |word| Some(word) == last), last);
            prop_assert_eq!(split(&text, b'b'), text.split_once('b').unwrap_or((&text, "")));
            let kept: String = text.chars().take(characters).collect();
            prop_assert_eq!(cut(&text, characters), kept);
            let words: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(squeeze(&text), words.join(" "));
        }
    }
}
