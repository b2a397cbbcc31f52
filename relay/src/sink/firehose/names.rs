//! Which partition an event goes to: by the stream's own query, as firehose-local reads it, and
//! by the hour where the prefix names one.
//!
//! It reads each event once more, a microsecond each. Firehose takes 5 MiB a second of a stream,
//! some 6,500 events, so that is less than a hundredth of a core.

use std::hash::{DefaultHasher, Hash, Hasher};

use firehose_local::extract::{Query, QueryError, Values};

const HOUR_MS: u64 = 3_600_000;

/// Names partitions by numbers.
#[derive(Debug)]
pub(super) struct Names {
    query: Query,
    /// The memory of the last event's values.
    values: Values,
    /// How often the prefix changes by itself; never, if it names no time.
    period_ms: Option<u64>,
}

impl Names {
    /// By a stream's query and prefix.
    pub(super) fn new(query: &str, prefix: &str) -> Result<Self, QueryError> {
        Ok(Self {
            query: Query::compile(query)?,
            values: Values::default(),
            period_ms: period_ms(prefix),
        })
    }

    /// The partitions of a record's events, arrived at `now_ms`. What cannot be read has none:
    /// it goes to the error prefix.
    pub(super) fn of(&mut self, record: &[u8], now_ms: u64) -> Vec<u64> {
        let period = self.period_ms.map(|period| now_ms / period);
        let Self { query, values, .. } = self;
        let lines = record.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .filter_map(|line| {
                query.extract(line, values).ok()?;
                let mut hasher = DefaultHasher::new();
                (&*values, period).hash(&mut hasher);
                Some(hasher.finish())
            })
            .collect()
    }
}

/// The shortest time that a prefix names, in Java's letters; what is shorter than an hour
/// counts as one.
fn period_ms(prefix: &str) -> Option<u64> {
    let mut named = prefix.split("!{timestamp:").skip(1).peekable();
    named.peek()?;
    let by_hour = named
        .filter_map(|rest| rest.split_once('}'))
        .any(|(format, _)| format.contains(['H', 'h', 'k', 'K', 'm', 's', 'S', 'A']));
    Some(if by_hour { HOUR_MS } else { 24 * HOUR_MS })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "clickstream/userId=!{partitionKeyFromQuery:userId}/hour=!{timestamp:HH}/";

    #[test]
    fn a_name_is_a_user_in_an_hour() {
        let mut names = Names::new("{userId:.userId}", PREFIX).unwrap();
        let record = b"{\"userId\":\"1\"}\n{\"userId\":\"2\"}\n{\"a\":0,\"userId\":\"1\"}\n";
        let found = names.of(record, HOUR_MS - 1);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], found[2]);
        assert_ne!(found[0], found[1]);
        // Across the full hour the same user is another partition.
        assert_ne!(names.of(record, HOUR_MS)[0], found[0]);
        assert_eq!(names.of(record, 0)[0], found[0]);
    }

    #[test]
    fn what_has_no_key_has_no_partition() {
        let mut names = Names::new("{userId:.userId}", PREFIX).unwrap();
        let record = b"{\"userId\":\"\"}\n{}\nno json\n{\"userId\":\"2\"}";
        assert_eq!(names.of(record, 0).len(), 1);
    }

    #[test]
    fn the_prefix_says_how_often_it_changes() {
        for (prefix, period) in [
            (PREFIX, Some(HOUR_MS)),
            ("a/!{timestamp:yyyy}/!{timestamp:dd}/", Some(24 * HOUR_MS)),
            ("a/!{timestamp:yyyy/MM/dd/HH}/", Some(HOUR_MS)),
            ("a/!{partitionKeyFromQuery:Hour}/", None),
        ] {
            assert_eq!(period_ms(prefix), period, "{prefix}");
        }
        assert!(Names::new("{userId:.userId", "").is_err());
    }
}
