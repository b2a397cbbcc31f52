//! The partition key of an event: who it was.
//!
//! It is read out of the finished line here, by firehose-local's scanner, and not carried in the
//! spool's frame: the spool stays one for all sinks, a change of sink needs no rewriting, and at
//! what a shard takes (1,000 records a second) a microsecond each is nothing.

use firehose_local::extract::{Query, Values};

/// Characters of a key, at most.
const LONGEST: usize = 256;

/// Where the key is looked for, in this order.
const FIELDS: [&str; 3] = ["userId", "anonymousId", "messageId"];

/// Finds keys; keeps the memory of the last one.
#[derive(Debug)]
pub(super) struct Keys {
    queries: Vec<Query>,
    values: Values,
}

impl Default for Keys {
    fn default() -> Self {
        let queries = FIELDS.map(|field| Query::compile(&format!("{{{field}}}")).ok());
        Self {
            queries: queries.into_iter().flatten().collect(),
            values: Values::default(),
        }
    }
}

impl Keys {
    /// The user, else the visitor, else the event itself.
    pub(super) fn of(&mut self, line: &[u8]) -> String {
        for query in &self.queries {
            if query.extract(line, &mut self.values).is_ok()
                && let Some(value) = self.values.get(0)
            {
                return value.chars().take(LONGEST).collect();
            }
        }
        // Any shard will do.
        format!("{:08x}", crc32fast::hash(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_user_else_the_visitor_else_the_event() {
        let mut keys = Keys::default();
        for (line, key) in [
            (r#"{"anonymousId":"a","messageId":"m","userId":"45"}"#, "45"),
            (r#"{"messageId":"m","anonymousId":"a"}"#, "a"),
            (r#"{"messageId":"m","userId":""}"#, "m"),
            (r#"{"messageId":"m","properties":{"userId":"9"}}"#, "m"),
            (r#"{"userId":"J\u00fcrgen"}"#, "J\u{fc}rgen"),
        ] {
            assert_eq!(keys.of(line.as_bytes()), key, "{line}");
        }
        // The contract gives every event a messageId; nothing depends on it here.
        assert_eq!(keys.of(b"{}").len(), 8);
        assert_ne!(keys.of(b"{}"), keys.of(b"{\"a\":1}"));
    }

    #[test]
    fn a_long_user_id_is_cut_at_what_a_key_may_hold() {
        let line = format!(r#"{{"userId":"{}"}}"#, "\u{fc}".repeat(300));
        assert_eq!(Keys::default().of(line.as_bytes()).chars().count(), 256);
    }
}
