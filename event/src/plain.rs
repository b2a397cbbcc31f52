//! Where the plain part of a string ends, looked for sixteen bytes at a time.
//!
//! Half of an event's bytes stand in strings, and nearly all of those mean themselves.

/// The first place at or behind `at` with a quote, a backslash or a control character; the end of
/// `text` if there is none.
#[inline]
pub(crate) fn end(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let marks = marks(block);
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 16;
    }
    while text.get(at).is_some_and(|byte| !ends(*byte)) {
        at += 1;
    }
    at
}

const fn ends(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// A byte of ones for each byte that ends a plain part, the first of them lowest. Each step is one
/// instruction for all sixteen bytes: the compiler sees to that, on every machine that has such.
#[inline]
fn marks(block: &[u8; 16]) -> u128 {
    u128::from_le_bytes(block.map(|byte| if ends(byte) { 0xff } else { 0 }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_where_the_first_such_byte_stands(
            text in proptest::collection::vec(prop_oneof![any::<u8>(), 0x1e..0x24_u8], 0..80),
            at in 0..90_usize,
        ) {
            let first = (at..text.len()).find(|place| ends(text[*place]));
            prop_assert_eq!(end(&text, at), first.unwrap_or(text.len().max(at)));
        }
    }

    #[test]
    fn every_byte_is_told_apart_in_every_place() {
        for byte in 0..=255 {
            for place in 0..16 {
                let mut text = [b'x'; 16];
                text[place] = byte;
                assert_eq!(end(&text, 0) == place, ends(byte), "{byte} at {place}");
            }
        }
    }
}
