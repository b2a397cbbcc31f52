//! Where a JSON string may end: 64 bytes looked at together, and remembered.

use wide::u8x16;

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// The bytes of the last block that are a quote, a backslash or a control character: a bit each. A
/// text's strings are short beside a block, so that most of their ends are known already.
#[derive(Debug, Clone, Default)]
pub(super) struct Specials {
    /// Where the block begins.
    start: usize,
    /// Behind the last byte that is known.
    end: usize,
    hits: u64,
}

impl Specials {
    /// The first such byte from `at` on, or the text's end. It must be the same text each time.
    pub(super) fn next(&mut self, text: &[u8], mut at: usize) -> usize {
        loop {
            let is_known = self.start <= at && at < self.end;
            if !is_known && !self.look(text, at) {
                return text.len();
            }
            // Less than a block: what is shifted is less than the word.
            let hits = self.hits >> ((at - self.start) % BLOCK);
            if hits != 0 {
                return at + hits.trailing_zeros() as usize;
            }
            at = self.end;
        }
    }

    /// Looks at the block that begins here, or at the last one; false at the end of the text.
    #[inline(never)]
    fn look(&mut self, text: &[u8], at: usize) -> bool {
        let rest = text.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        if let Some(block) = rest.first_chunk() {
            (self.start, self.hits) = (at, hits(block));
        } else if let Some(block) = text.last_chunk() {
            (self.start, self.hits) = (text.len() - BLOCK, hits(block));
        } else {
            let mut block = [b' '; BLOCK];
            for (to, from) in block.iter_mut().zip(text) {
                *to = *from;
            }
            (self.start, self.hits) = (0, hits(&block));
        }
        self.end = text.len().min(self.start + BLOCK);
        true
    }
}

/// A bit for each special byte, the lowest for the first.
fn hits(block: &[u8; BLOCK]) -> u64 {
    let (quote, backslash) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let control = u8x16::splat(0x1F);
    let (parts, _) = block.as_chunks::<16>();
    parts.iter().rev().fold(0, |all, part| {
        let bytes = u8x16::from(*part);
        let hits =
            bytes.simd_eq(quote) | bytes.simd_eq(backslash) | bytes.min(control).simd_eq(bytes);
        all << 16 | u64::from(hits.to_bitmask())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is_special(byte: u8) -> bool {
        matches!(byte, b'"' | b'\\' | 0..=0x1F)
    }

    #[test]
    fn every_byte_at_every_place_is_told_right() {
        for byte in 0..=255 {
            for place in 0..BLOCK {
                for around in [b' ', b'"', 0x80] {
                    let mut block = [around; BLOCK];
                    block[place] = byte;
                    let bits = block.iter().rev();
                    let wanted = bits.fold(0, |all, byte| all << 1 | u64::from(is_special(*byte)));
                    assert_eq!(hits(&block), wanted, "{byte} at {place}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn each_special_byte_is_found_from_wherever_one_looks(
            text in prop::collection::vec(prop_oneof![
                9 => prop::sample::select(b" !#[]a~\x7f\x80\x9f\xa2\xff".to_vec()),
                1 => any::<u8>(),
            ], 0..300),
            steps in prop::collection::vec(0_usize..90, 1..20),
        ) {
            let (mut specials, mut at) = (Specials::default(), 0);
            for step in steps {
                at = (at + step).min(text.len());
                let special = text[at..].iter().position(|byte| is_special(*byte));
                let wanted = special.map_or(text.len(), |special| at + special);
                prop_assert_eq!(specials.next(&text, at), wanted);
            }
        }
    }
}
