//! A request's body: finished lines, and what is said once for all of them.

use clickstream_event::write;
use serde::Serialize;

use crate::queue::Line;

/// What a batch says beside its events.
#[derive(Debug, Default)]
pub struct Envelope {
    /// Which source they belong to.
    pub write_key: String,
    /// What the visitor allows, and whether the browser's id is `new` in it.
    pub storage: &'static str,
    /// The user's token, when a site has set one.
    pub user_token: Option<String>,
    /// Lines that this page had to drop: too large, too many, too old or refused.
    pub dropped: u32,
}

/// What follows the events.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Said<'a> {
    sent_at: &'a str,
    write_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_token: Option<&'a str>,
    storage: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u32>,
}

impl Envelope {
    /// The body of a request with these lines.
    #[must_use]
    pub fn around(&self, lines: &[Line], sent_at: &str) -> String {
        let mut body = String::new();
        let mut before = "{\"batch\":[";
        for line in lines {
            body.push_str(before);
            body.push_str(&line.json);
            before = ",";
        }
        body.push_str("]}");
        let said = write::object(&Said {
            sent_at,
            write_key: &self.write_key,
            user_token: self.user_token.as_deref(),
            storage: self.storage,
            dropped: Some(self.dropped).filter(|dropped| *dropped > 0),
        });
        write::joined(&body, &said.unwrap_or_default())
    }
}
