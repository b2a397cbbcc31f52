//! Jitsu's dialect: one event a request, its type in the path, its key `id:secret` in `X-Write-Key`.
//!
//! The body repeats the key with its secret masked; the header is looked at first, and a key in a body
//! is never stored. The answer must be a JSON object, or the SDK calls it an error: every one of ours is.

use clickstream_event::kind::EventType::{Alias, Group, Identify, Page, Screen, Track};

use super::Form;

/// The routes that take events: from browsers, and `s2s` from servers. Whether a sender is believed
/// decides its key, not the path.
pub const ROUTES: [(&str, Form); 13] = [
    ("/api/s/track", Form::Single(Track)),
    ("/api/s/page", Form::Single(Page)),
    ("/api/s/screen", Form::Single(Screen)),
    ("/api/s/identify", Form::Single(Identify)),
    ("/api/s/group", Form::Single(Group)),
    ("/api/s/alias", Form::Single(Alias)),
    ("/api/s/s2s/track", Form::Single(Track)),
    ("/api/s/s2s/page", Form::Single(Page)),
    ("/api/s/s2s/screen", Form::Single(Screen)),
    ("/api/s/s2s/identify", Form::Single(Identify)),
    ("/api/s/s2s/group", Form::Single(Group)),
    ("/api/s/s2s/alias", Form::Single(Alias)),
    ("/api/s/s2s/batch", Form::Batch),
];
