//! The stream: its configuration compiled, records in, objects out.

mod pieces;

pub use pieces::{Piece, Pieces};

use crate::config::{ProcessorKind, StreamConfig};
use crate::deaggregate::{SubRecordType, delimited, objects};
use crate::disk_name::{LONGEST_NAME, escape_into, settle};
use crate::extract::{Query, Values};
use crate::failure::ErrorCode;
use crate::json::Invalid;
use crate::object::{suffix, suffix_length};
use crate::prefix::{Evaluated, Facts, Prefix, Which};
use crate::refusal::{self, ConfigError, LONGEST_PREFIX};
use bytes::Bytes;
use jiff::ZonedDateTime;
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Range;

/// One record as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its bytes: one JSON object, no newline.
    pub data: &'a [u8],
    /// When, in ms since 1970.
    pub arrival_ms: u64,
}

/// An object to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedObject {
    /// Its key, percent-encoded where a disk would misread it. Relative, without `.` and `..`.
    pub key: String,
    /// The reason, if it is an object of failed records.
    pub error: Option<ErrorCode>,
    /// Which records, as indices in their order.
    pub records: Vec<u32>,
}

/// A configuration that AWS would take, ready for records.
#[derive(Debug)]
pub struct Stream {
    config: StreamConfig,
    prefix: Prefix,
    error_prefix: Prefix,
    query: Option<Query>,
    zone: TimeZone,
    split: Option<SubRecordType>,
}

impl Stream {
    /// Checks and compiles a configuration.
    pub fn new(config: StreamConfig) -> Result<Self, ConfigError> {
        refusal::check_values(&config)?;
        refusal::check_buffering(&config)?;
        refusal::check_processors(&config)?;
        let prefix = Prefix::parse(&config.prefix, Which::Data)?;
        let error_prefix = Prefix::parse(&config.error_output_prefix, Which::Error)?;
        let query = config
            .processor(ProcessorKind::MetadataExtraction)
            .map(|processor| {
                let query = processor.parameter("MetadataExtractionQuery");
                Query::compile(query.unwrap_or_default())
            })
            .transpose()?;
        refusal::check_prefixes(&config, &prefix, &error_prefix, query.as_ref())?;
        let zone = TimeZone::get(&config.custom_time_zone).map_err(|_| {
            ConfigError::Refused(format!(
                "CustomTimeZone {} is no time zone: write one such as UTC or Asia/Tokyo",
                config.custom_time_zone
            ))
        })?;
        let split = config
            .processor(ProcessorKind::RecordDeAggregation)
            .map(refusal::sub_record_type)
            .transpose()?;
        Ok(Self {
            config,
            prefix,
            error_prefix,
            query,
            zone,
            split,
        })
    }

    /// The configuration it was made of.
    pub fn config(&self) -> &StreamConfig {
        &self.config
    }

    /// Takes a put record apart, if the stream deaggregates, and reads the partition keys of
    /// each piece. JSON is read once for both.
    pub fn read(&self, data: &[u8], pieces: &mut Pieces) {
        pieces.clear();
        let came_apart = match &self.split {
            Some(SubRecordType::Json) => self.read_objects(data, pieces).is_ok(),
            Some(SubRecordType::Delimited(delimiter)) => match delimited(data, delimiter) {
                Some(spans) => {
                    for span in spans {
                        let piece = data.get(span.clone()).unwrap_or_default();
                        self.add_whole(piece, span, pieces);
                    }
                    true
                }
                None => false,
            },
            None => false,
        };
        if !came_apart || pieces.is_empty() {
            pieces.clear();
            self.add_whole(data, 0..data.len(), pieces);
        }
    }

    fn read_objects(&self, data: &[u8], pieces: &mut Pieces) -> Result<(), Invalid> {
        let query = self.query.as_ref();
        let text = query.map_or_else(Bytes::new, |query| query.text_of(data));
        objects(data, |cursor| {
            pieces.add(|values| {
                let start = cursor.position();
                let outcome = match query {
                    Some(query) => query.extract_next(cursor, &text, values)?,
                    None => {
                        values.clear();
                        cursor.value(0).map(Ok)?
                    }
                };
                Ok((start..cursor.position(), outcome))
            })
        })
    }

    fn add_whole(&self, data: &[u8], span: Range<usize>, pieces: &mut Pieces) {
        let read = |values: &mut Values| Ok((span, self.partition(data, values)));
        let Ok::<(), Infallible>(()) = pieces.add(read);
    }

    /// Whether each delivered record is followed by a newline.
    pub fn appends_delimiter(&self) -> bool {
        self.config
            .processor(ProcessorKind::AppendDelimiterToRecord)
            .is_some()
    }

    /// Reads a record's partition keys into `values`, or says why it has none.
    pub fn partition(&self, data: &[u8], values: &mut Values) -> Result<(), ErrorCode> {
        match &self.query {
            Some(query) => query.extract(data, values),
            None => {
                values.clear();
                Ok(())
            }
        }
    }

    /// The prefix of an object whose oldest record arrived at `arrival_ms`.
    ///
    /// # Errors
    /// [`ErrorCode::PrefixTooLong`], counted as S3 has it.
    pub fn prefix(
        &self,
        values: &Values,
        arrival_ms: u64,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<Evaluated, ErrorCode> {
        let evaluated = self.prefix.evaluate(
            &Facts {
                time: &self.time(arrival_ms),
                names: self.query.as_ref().map_or(&[], Query::names),
                values,
                error_output_type: "",
            },
            random,
        );
        if evaluated.text.chars().count() > LONGEST_PREFIX {
            return Err(ErrorCode::PrefixTooLong);
        }
        Ok(evaluated)
    }

    /// What the prefix makes of a time of arrival: where that is the same, and the keys, so is
    /// the partition.
    pub fn times(&self, arrival_ms: u64) -> String {
        self.prefix.times(&self.time(arrival_ms))
    }

    /// The same for a disk where every folder's name must be the value's own: one that is too
    /// long for that is refused.
    fn prefix_of_folders(
        &self,
        values: &Values,
        arrival_ms: u64,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<String, ErrorCode> {
        let evaluated = self.prefix(values, arrival_ms, random)?;
        // Only a prefix that does not end in a slash can make the last segment too long.
        let mut segments = evaluated.key.split('/').rev();
        let last = segments.next().map_or(0, str::len);
        if last + suffix_length(&self.config) > LONGEST_NAME
            || segments.any(|name| name.len() > LONGEST_NAME)
        {
            return Err(ErrorCode::NameTooLong);
        }
        Ok(evaluated.key)
    }

    /// The prefix of an object of failed records.
    pub fn error_prefix(
        &self,
        code: ErrorCode,
        arrival_ms: u64,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Evaluated {
        let facts = Facts {
            time: &self.time(arrival_ms),
            names: &[],
            values: &Values::default(),
            error_output_type: code.output_type(),
        };
        self.error_prefix.evaluate(&facts, random)
    }

    /// An object's key, escaped for a disk: its prefix, and a name with the time of delivery.
    pub fn key(&self, prefix: &str, now_ms: u64, random: [u8; 16]) -> String {
        let mut key = prefix.to_owned();
        let suffix = suffix(&self.config, &self.time(now_ms), random);
        escape_into(&suffix, true, &mut key);
        settle(&key)
    }

    /// The same as S3 has it.
    pub fn s3_key(&self, prefix: &str, now_ms: u64, random: [u8; 16]) -> String {
        let suffix = suffix(&self.config, &self.time(now_ms), random);
        format!("{prefix}{suffix}")
    }

    fn time(&self, ms: u64) -> ZonedDateTime {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(ms)
            .unwrap_or(jiff::Timestamp::MAX)
            .to_zoned_datetime(self.zone.clone())
    }

    /// Divides records into objects. A pure function: the same arguments and random bytes give
    /// the same objects. One record is one line: nothing is deaggregated here. Objects stand in
    /// the order of their first records; an object's prefix has the time at which its first
    /// record arrived, its name the time of delivery, `now_ms`.
    pub fn plan(
        &self,
        records: &[Record<'_>],
        random: &mut dyn FnMut() -> [u8; 16],
        now_ms: u64,
    ) -> Vec<PlannedObject> {
        let mut objects: Vec<PlannedObject> = Vec::new();
        let mut partitions: HashMap<Values, usize> = HashMap::new();
        let mut failures: HashMap<ErrorCode, usize> = HashMap::new();
        let mut values = Values::default();
        for (index, record) in (0..).zip(records) {
            let outcome = self
                .partition(record.data, &mut values)
                .and_then(|()| match partitions.get(&values) {
                    Some(object) => Ok(*object),
                    None => {
                        let prefix = self.prefix_of_folders(&values, record.arrival_ms, random)?;
                        let key = self.key(&prefix, now_ms, random());
                        objects.push(PlannedObject {
                            key,
                            error: None,
                            records: Vec::new(),
                        });
                        partitions.insert(values.clone(), objects.len() - 1);
                        Ok(objects.len() - 1)
                    }
                });
            let object = outcome.unwrap_or_else(|code| {
                *failures.entry(code).or_insert_with(|| {
                    let prefix = self.error_prefix(code, record.arrival_ms, random);
                    let key = self.key(&prefix.key, now_ms, random());
                    objects.push(PlannedObject {
                        key,
                        error: Some(code),
                        records: Vec::new(),
                    });
                    objects.len() - 1
                })
            });
            if let Some(object) = objects.get_mut(object) {
                object.records.push(index);
            }
        }
        objects
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PartitionBy;
    use proptest::prelude::*;

    fn stream(by: PartitionBy) -> Stream {
        Stream::new(StreamConfig::clickstream(by)).unwrap()
    }

    #[test]
    fn a_stream_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Stream>();
    }

    #[test]
    fn buckets_divide_by_their_field() {
        let data = br#"{"userId":"45","userBucket":"017"}"#;
        let record = Record {
            data,
            arrival_ms: 0,
        };
        let objects = stream(PartitionBy::Bucket).plan(&[record], &mut || [0; 16], 0);
        assert!(
            objects[0]
                .key
                .starts_with("clickstream/userBucket=017/year=1970/")
        );
    }

    #[test]
    fn a_key_that_no_disk_takes_is_a_failure_and_not_a_halt() {
        let stream = stream(PartitionBy::User);
        let plan = |user: &str| {
            let data = format!(r#"{{"userId":"{user}"}}"#);
            let record = Record {
                data: data.as_bytes(),
                arrival_ms: 0,
            };
            let objects = stream.plan(&[record], &mut || [0; 16], 0);
            assert!(objects[0].key.split('/').all(|name| name.len() <= 255));
            objects[0].error
        };
        assert_eq!(plan(&"u".repeat(248)), None);
        assert_eq!(plan(&"u".repeat(249)), Some(ErrorCode::NameTooLong));
        assert_eq!(plan(&"/".repeat(100)), Some(ErrorCode::NameTooLong));
        assert_eq!(plan(&"u".repeat(500)), Some(ErrorCode::PrefixTooLong));
    }

    #[test]
    fn users_lie_apart_and_errors_under_their_prefix() {
        let stream = stream(PartitionBy::User);
        let lines: [&[u8]; 5] = [
            br#"{"userId":45}"#,
            br#"{"userId":"45","a":[1,{"userId":"7"}]}"#,
            br#"{"userId":"a/b"}"#,
            br#"{"userId":""}"#,
            br#"{}"#,
        ];
        let records: Vec<_> = lines
            .iter()
            .map(|data| Record {
                data,
                arrival_ms: 1_767_322_985_006,
            })
            .collect();
        let objects = stream.plan(&records, &mut || [0xAB; 16], 1_767_322_990_000);
        let hour = "year=2026/month=01/day=02/hour=03";
        let name = "clickstream-1-2026-01-02-03-03-10-abababab-abab-4bab-abab-abababababab";
        assert_eq!(
            objects,
            [
                PlannedObject {
                    key: format!("clickstream/userId=45/{hour}/{name}"),
                    error: None,
                    records: vec![0, 1],
                },
                PlannedObject {
                    key: format!("clickstream/userId=a%2Fb/{hour}/{name}"),
                    error: None,
                    records: vec![2],
                },
                PlannedObject {
                    key: format!("clickstream-errors/metadata-extraction-failed/{hour}/{name}"),
                    error: Some(ErrorCode::KeyNullOrEmpty),
                    records: vec![3, 4],
                },
            ]
        );
    }

    proptest! {
        /// Every record is in exactly one object, in its order, and the same arguments give the
        /// same objects with distinct keys.
        #[test]
        fn a_plan_is_a_division(users in prop::collection::vec(0_u8..9, 0..60)) {
            let stream = stream(PartitionBy::User);
            let lines: Vec<String> = users
                .iter()
                .map(|user| match user {
                    0 => "garbage".to_owned(),
                    1 => "{}".to_owned(),
                    user => format!(r#"{{"userId":{user}}}"#),
                })
                .collect();
            let records: Vec<Record<'_>> = lines
                .iter()
                .map(|line| Record { data: line.as_bytes(), arrival_ms: 5 })
                .collect();
            let plan = || {
                let mut next = 0_u8;
                stream.plan(&records, &mut || { next += 1; [next; 16] }, 9)
            };
            let objects = plan();
            prop_assert_eq!(&objects, &plan());
            let mut seen: Vec<u32> = objects.iter().flat_map(|o| o.records.clone()).collect();
            prop_assert!(objects.iter().all(|o| o.records.is_sorted() && !o.records.is_empty()));
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..u32::try_from(users.len()).unwrap()).collect::<Vec<_>>());
            let keys: std::collections::HashSet<_> = objects.iter().map(|o| &o.key).collect();
            prop_assert_eq!(keys.len(), objects.len());
        }
    }
}
