//! A request's body: finished lines, and what is said once for all of them.

use clickstream_event::write;

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
        body.push(']');
        for (name, value) in [
            ("sentAt", Some(sent_at)),
            ("writeKey", Some(&self.write_key)),
            ("userToken", self.user_token.as_deref()),
            ("storage", Some(self.storage)),
        ] {
            if let Some(value) = value {
                for part in [
                    ",\"",
                    name,
                    "\":",
                    &write::string(value).unwrap_or_default(),
                ] {
                    body.push_str(part);
                }
            }
        }
        if self.dropped > 0 {
            body.push_str(",\"dropped\":");
            body.push_str(&write::object(&self.dropped).unwrap_or_default());
        }
        body.push('}');
        body
    }
}
