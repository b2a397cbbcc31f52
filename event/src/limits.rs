//! Every size, depth and count, with its source.

/// Longest user id, in bytes (DESIGN, "The event contract"): a folder's name must hold it.
pub const USER_ID_BYTES: usize = 200;

/// Longest messageId, in characters (Segment, "Spec: Common Fields").
pub const MESSAGE_ID_CHARACTERS: usize = 100;

/// An event is suspect when it claims to be over so many milliseconds in the future.
pub const FUTURE_MS: i64 = 5 * 60 * 1000;

/// An event is suspect when it says it waited for longer than this before it was sent.
pub const QUEUED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// What a body may hold. The defaults are those of Segment's "HTTP API Source" where it
/// names one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes of one event as sent. Default 32 KiB.
    pub event_bytes: usize,
    /// Events of one batch. Default 2,500.
    pub batch_events: usize,
    /// How deep an event nests; the event itself is 1. Default and maximum 64.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            event_bytes: 32 * 1024,
            batch_events: 2_500,
            depth: 64,
        }
    }
}
