//! The stream: its configuration compiled, records in, objects out.

use crate::config::{ProcessorKind, StreamConfig};
use crate::deaggregate::{SubRecordType, deaggregate};
use crate::extract::{Query, Values};
use crate::failure::ErrorCode;
use crate::object::{LONGEST_NAME, settle, suffix};
use crate::prefix::{Facts, Prefix, Which};
use crate::refusal::{self, ConfigError, LONGEST_PREFIX};
use jiff::ZonedDateTime;
use jiff::tz::TimeZone;
use std::collections::HashMap;

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

    /// The records in a put record, if the stream deaggregates.
    pub fn pieces<'a>(&self, data: &'a [u8]) -> Vec<&'a [u8]> {
        match &self.split {
            Some(kind) => deaggregate(data, kind),
            None => vec![data],
        }
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

    /// The key of an object whose oldest record arrived at `arrival_ms` and which is delivered
    /// at `now_ms`.
    pub fn key(
        &self,
        values: &Values,
        arrival_ms: u64,
        now_ms: u64,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> Result<String, ErrorCode> {
        let evaluated = self.prefix.evaluate(
            &Facts {
                time: &self.time(arrival_ms),
                names: self.query.as_ref().map_or(&[], Query::names),
                values,
                error_output_type: "",
            },
            random,
        );
        if evaluated.characters > LONGEST_PREFIX {
            return Err(ErrorCode::PrefixTooLong);
        }
        let key = self.complete(&evaluated.key, now_ms, random);
        if key.split('/').any(|segment| segment.len() > LONGEST_NAME) {
            return Err(ErrorCode::NameTooLong);
        }
        Ok(key)
    }

    /// The key of an object of failed records.
    pub fn error_key(
        &self,
        code: ErrorCode,
        arrival_ms: u64,
        now_ms: u64,
        random: &mut dyn FnMut() -> [u8; 16],
    ) -> String {
        let evaluated = self.error_prefix.evaluate(
            &Facts {
                time: &self.time(arrival_ms),
                names: &[],
                values: &Values::default(),
                error_output_type: code.output_type(),
            },
            random,
        );
        self.complete(&evaluated.key, now_ms, random)
    }

    fn complete(&self, prefix: &str, now_ms: u64, random: &mut dyn FnMut() -> [u8; 16]) -> String {
        let suffix = suffix(&self.config, &self.time(now_ms), random());
        settle(&format!("{prefix}{suffix}"))
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
                        let key = self.key(&values, record.arrival_ms, now_ms, random)?;
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
                    let key = self.error_key(code, record.arrival_ms, now_ms, random);
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

    #[test]
    fn users_lie_apart_and_errors_under_their_prefix() {
        let stream = Stream::new(StreamConfig::clickstream(PartitionBy::User)).unwrap();
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
}
