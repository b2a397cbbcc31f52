//! Where the plain part of a string ends, looked for eight bytes at a time: quicker here than vectors,
//! since most strings are short and safe code gets no mask out of a vector without a detour.
//!
//! Half of an event's bytes stand in strings, and nearly all of those mean themselves.

const ONES: u64 = u64::from_le_bytes([0x01; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
/// A quote with this bit turned is a space: the one byte above the control characters, whose own
/// turns keep them below it. No other byte becomes one of these.
const TURN: u64 = u64::from_le_bytes([b'"' ^ b' '; 8]);
const ABOVE_SPACES: u64 = u64::from_le_bytes([b' ' + 1; 8]);

/// The first place at or behind `at` with a quote, a backslash or a control character; the end of
/// `text` if there is none.
#[inline]
pub(crate) fn end(text: &[u8], mut at: usize) -> usize {
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let marks = marks(u64::from_le_bytes(*block));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while text.get(at).is_some_and(|byte| !ends(*byte)) {
        at += 1;
    }
    at
}

const fn ends(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// The lowest set bit is the highest of the first byte that ends a plain part. Above it others may
/// be set wrongly, by the borrow of a subtraction.
#[inline]
const fn marks(word: u64) -> u64 {
    let control_or_quote = (word ^ TURN).wrapping_sub(ABOVE_SPACES);
    let backslash = (word ^ BACKSLASHES).wrapping_sub(ONES);
    (control_or_quote | backslash) & !word & HIGH
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
            for place in 0..8 {
                let mut text = [b'x'; 8];
                text[place] = byte;
                assert_eq!(end(&text, 0) == place, ends(byte), "{byte} at {place}");
            }
        }
    }
}
