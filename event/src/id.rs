//! Ids: of events (a hash), of users (what may be a folder's name), of visitors.

#[cfg(not(target_arch = "wasm32"))]
use sha2::{Digest, Sha256};

/// The id of an event: the first 16 bytes of a SHA-256 over time, visitor, page-load
/// nonce and number, as 32 hex digits.
///
/// `time_ms` is milliseconds since 1970; `nonce` is random and drawn once a page load (or
/// once a run of the bot), `number` counts up within it: together they never repeat.
#[must_use]
pub fn message_id(time_ms: u64, visitor: &str, nonce: &str, number: u64) -> String {
    let mut told = Vec::with_capacity(128);
    for part in [
        &time_ms.to_be_bytes()[..],
        visitor.as_bytes(),
        &[0],
        nonce.as_bytes(),
        &[0],
        &number.to_be_bytes(),
    ] {
        told.extend_from_slice(part);
    }
    hex(&sha256(told), 16)
}

#[cfg(not(target_arch = "wasm32"))]
fn sha256(told: Vec<u8>) -> impl AsRef<[u8]> {
    Sha256::digest(&told)
}

/// Padded here: the hash's own buffer, made for who hashes piece by piece, would be a third of the
/// hash in a page.
#[cfg(target_arch = "wasm32")]
fn sha256(mut told: Vec<u8>) -> impl AsRef<[u8]> {
    let bits = told.len() as u64 * 8;
    told.push(0x80);
    while told.len() % 64 != 56 {
        told.push(0);
    }
    told.extend_from_slice(&bits.to_be_bytes());
    // The square roots of the first primes, as the standard has it.
    let mut state: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    for block in told.chunks_exact(64) {
        sha2::compress256(
            &mut state,
            &[*sha2::digest::generic_array::GenericArray::from_slice(
                block,
            )],
        );
    }
    state.map(u32::to_be_bytes).concat()
}

/// The first `bytes` bytes as lower-case hex.
fn hex(digest: &impl AsRef<[u8]>, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes * 2);
    for byte in digest.as_ref().iter().take(bytes) {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(feature = "read")]
pub use user::{InvalidUserId, UserBucket, UserId, VISITOR_PREFIX, visitor_id};

/// What only the relay needs: checked user ids.
#[cfg(feature = "read")]
mod user {
    use std::fmt;

    #[cfg(not(target_arch = "wasm32"))]
    use sha2::{Digest, Sha256};

    use crate::limits::USER_ID_BYTES;

    /// What the ids of visitors begin with; refused wherever an id is claimed.
    pub const VISITOR_PREFIX: &str = "visitor-";

    /// Whom an event belongs to: a partition of the lake, so also a folder's name.
    ///
    /// 1 to 200 bytes, no `/`, no control character, not `.` or `..`.
    #[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
    pub struct UserId(String);

    /// Why a text is no user id.
    #[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
    pub enum InvalidUserId {
        /// No text at all.
        #[error("must not be empty")]
        Empty,
        /// Over 200 bytes.
        #[error("is longer than {USER_ID_BYTES} bytes")]
        TooLong,
        /// A slash or a control character.
        #[error("must not contain '/' or control characters")]
        Character,
        /// `.` or `..`.
        #[error("must not be '.' or '..'")]
        Dots,
        /// Neither text nor a number.
        #[error("must be a text or a number")]
        Type,
    }

    impl UserId {
        /// Checks `text` against the rules above.
        ///
        /// # Errors
        /// The rule that it breaks.
        pub fn new(text: &str) -> Result<Self, InvalidUserId> {
            if text.is_empty() {
                Err(InvalidUserId::Empty)
            } else if text.len() > USER_ID_BYTES {
                Err(InvalidUserId::TooLong)
            } else if text == "." || text == ".." {
                Err(InvalidUserId::Dots)
            } else if text.chars().any(|c| c == '/' || c.is_control()) {
                Err(InvalidUserId::Character)
            } else {
                Ok(Self(text.to_owned()))
            }
        }

        /// The id as text.
        #[must_use]
        pub fn as_str(&self) -> &str {
            &self.0
        }

        /// Whether it claims to be a visitor's.
        #[must_use]
        pub fn is_visitor(&self) -> bool {
            self.0.starts_with(VISITOR_PREFIX)
        }

        /// Which of the 128 buckets it falls into.
        #[must_use]
        pub fn bucket(&self) -> UserBucket {
            let first = Sha256::digest(self.0.as_bytes()).first().copied();
            UserBucket(first.unwrap_or(0) % 128)
        }
    }

    impl fmt::Display for UserId {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(&self.0)
        }
    }

    /// The first byte of SHA-256(userId) mod 128, written as three digits, so that any
    /// query engine can compute it again.
    #[derive(Clone, Copy, Debug, Eq, PartialEq)]
    pub struct UserBucket(u8);

    impl fmt::Display for UserBucket {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, "{:03}", self.0)
        }
    }

    /// The id of somebody who is not signed in: `visitor-` and the first 32 hex digits of
    /// SHA-256 over the source's name, a zero byte and the anonymousId.
    #[must_use]
    pub fn visitor_id(source: &str, anonymous_id: &str) -> UserId {
        let mut hash = Sha256::new();
        hash.update(source.as_bytes());
        hash.update([0]);
        hash.update(anonymous_id.as_bytes());
        UserId([VISITOR_PREFIX, &super::hex(&hash.finalize(), 16)].concat())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn accepts_what_a_folder_can_be_named() {
            for good in ["45", "a", "ü", "user name", "a=b", &"x".repeat(200)] {
                assert_eq!(UserId::new(good).unwrap().as_str(), good);
            }
        }

        #[test]
        fn refuses_the_rest_with_its_reason() {
            for (bad, why) in [
                ("", InvalidUserId::Empty),
                (".", InvalidUserId::Dots),
                ("..", InvalidUserId::Dots),
                ("a/b", InvalidUserId::Character),
                ("a\nb", InvalidUserId::Character),
                ("a\u{85}b", InvalidUserId::Character),
                (&"x".repeat(201), InvalidUserId::TooLong),
            ] {
                assert_eq!(UserId::new(bad), Err(why), "{bad:?}");
            }
        }

        #[test]
        fn a_bucket_is_the_first_byte_of_the_hash_mod_128() {
            // printf 45 | sha256sum begins 811786ad: 0x81 = 129, 129 mod 128 = 1.
            assert_eq!(UserId::new("45").unwrap().bucket().to_string(), "001");
        }

        #[test]
        fn a_visitor_depends_on_source_and_anonymous_id() {
            let one = visitor_id("bookstore", "a");
            assert_eq!(one, visitor_id("bookstore", "a"));
            assert_ne!(one, visitor_id("bookstore", "b"));
            assert_ne!(one, visitor_id("other", "a"));
            assert!(one.is_visitor());
            assert_eq!(one.as_str().len(), VISITOR_PREFIX.len() + 32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn a_message_id_is_32_hex_digits_and_changes_with_every_part() {
        let id = message_id(1, "visitor", "nonce", 1);
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|b| b.is_ascii_hexdigit()));
        for other in [
            message_id(2, "visitor", "nonce", 1),
            message_id(1, "visitos", "nonce", 1),
            message_id(1, "visitor", "noncf", 1),
            message_id(1, "visitor", "nonce", 2),
            message_id(1, "visito", "rnonce", 1),
        ] {
            assert_ne!(id, other);
        }
    }
}
