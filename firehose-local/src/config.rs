//! A delivery stream's configuration, under the API's names and with its defaults.

use crate::disk_name::{escape_into, settle};

/// What a stream's objects are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionBy {
    /// One folder a user: `userId=45/`.
    User,
    /// One folder for many users: `userBucket=017/`.
    Bucket,
}

impl PartitionBy {
    /// The partition key's name, which is the event's field too.
    pub fn key(self) -> &'static str {
        match self {
            Self::User => "userId",
            Self::Bucket => "userBucket",
        }
    }
}

/// How an object's bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// As they are.
    #[default]
    Uncompressed,
    /// gzip.
    Gzip,
    /// A ZIP file of one deflated entry.
    Zip,
    /// snappy-java's stream.
    Snappy,
    /// Hadoop's Snappy blocks.
    HadoopSnappy,
}

impl Compression {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Uncompressed,
        Self::Gzip,
        Self::Zip,
        Self::Snappy,
        Self::HadoopSnappy,
    ];

    /// The API's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uncompressed => "UNCOMPRESSED",
            Self::Gzip => "GZIP",
            Self::Zip => "ZIP",
            Self::Snappy => "Snappy",
            Self::HadoopSnappy => "HADOOP_SNAPPY",
        }
    }

    /// What an object's name ends in ("Amazon S3 Object Name Format" in the developer guide).
    pub fn extension(self) -> &'static str {
        match self {
            Self::Uncompressed => "",
            Self::Gzip => ".gz",
            Self::Zip => ".zip",
            Self::Snappy | Self::HadoopSnappy => ".snappy",
        }
    }

    /// The object's `Content-Encoding` in S3. A folder has no place for it.
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::Uncompressed => None,
            Self::Gzip => Some("gzip"),
            Self::Zip => Some("zip"),
            Self::Snappy => Some("snappy-java"),
            Self::HadoopSnappy => Some("hadoop-snappy"),
        }
    }
}

/// The kinds of processor that the API names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessorKind {
    /// Reads partition keys with a jq query.
    MetadataExtraction,
    /// Splits a record into its objects or pieces.
    RecordDeAggregation,
    /// Ends each delivered record with a newline.
    AppendDelimiterToRecord,
    /// Calls a Lambda function. Not built: refused.
    Lambda,
    /// Unpacks gzip. Not built: refused.
    Decompression,
    /// Takes CloudWatch Logs' messages out of their wrapping. Not built: refused.
    CloudWatchLogProcessing,
}

impl ProcessorKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::MetadataExtraction,
        Self::RecordDeAggregation,
        Self::AppendDelimiterToRecord,
        Self::Lambda,
        Self::Decompression,
        Self::CloudWatchLogProcessing,
    ];

    /// The API's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MetadataExtraction => "MetadataExtraction",
            Self::RecordDeAggregation => "RecordDeAggregation",
            Self::AppendDelimiterToRecord => "AppendDelimiterToRecord",
            Self::Lambda => "Lambda",
            Self::Decompression => "Decompression",
            Self::CloudWatchLogProcessing => "CloudWatchLogProcessing",
        }
    }
}

/// One processor with its parameters, as the API has them: names and values in pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// Which one.
    pub kind: ProcessorKind,
    /// Parameter names and values.
    pub parameters: Vec<(String, String)>,
}

impl Processor {
    /// Reads partition keys by a jq query such as `{userId:.userId}`.
    pub fn metadata_extraction(query: impl Into<String>) -> Self {
        Self {
            kind: ProcessorKind::MetadataExtraction,
            parameters: vec![
                ("MetadataExtractionQuery".into(), query.into()),
                ("JsonParsingEngine".into(), "JQ-1.6".into()),
            ],
        }
    }

    /// Splits a record into the JSON objects that it holds.
    pub fn record_deaggregation_json() -> Self {
        Self {
            kind: ProcessorKind::RecordDeAggregation,
            parameters: vec![("SubRecordType".into(), "JSON".into())],
        }
    }

    /// Ends each delivered record with a newline. AWS ignores the parameter that is written in
    /// the wild, so there is none here.
    pub fn append_delimiter() -> Self {
        Self {
            kind: ProcessorKind::AppendDelimiterToRecord,
            parameters: Vec::new(),
        }
    }

    /// A parameter's value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Everything about a stream that decides where a record goes and under which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamConfig {
    /// 1 to 64 of `[a-zA-Z0-9_.-]`.
    pub name: String,
    /// Starts at 1, one more after each change; part of every object's name.
    pub version: u64,
    /// The account in the stream's ARN.
    pub account: String,
    /// The region in the stream's ARN.
    pub region: String,
    /// The bucket; on a disk, the folder that holds the objects.
    pub bucket: String,
    /// Where good records go; expressions allowed.
    pub prefix: String,
    /// Where failed records go; expressions allowed.
    pub error_output_prefix: String,
    /// The zone of every time in prefixes and names, such as `UTC` or `Asia/Tokyo`.
    pub custom_time_zone: String,
    /// Whether records are divided by partition keys.
    pub dynamic_partitioning: bool,
    /// Whether [`Self::processors`] are in use.
    pub processing: bool,
    /// In any order: AWS's order of work does not depend on it.
    pub processors: Vec<Processor>,
    /// How an object's bytes are packed.
    pub compression: Compression,
    /// Stands at the end of an object's name in place of the compression's own. Empty: not given.
    pub file_extension: String,
    /// A partition is delivered at this size, MiB. 64 to 128 with dynamic partitioning.
    pub buffering_size_mib: u32,
    /// …or after this long, seconds. 60 to 900 with dynamic partitioning.
    pub buffering_interval_seconds: u32,
    /// How long an object that its prefix refuses is tried again before it goes to the error
    /// prefix, seconds, 0 to 7200. Only with dynamic partitioning; else it is a day.
    pub retry_seconds: u32,
    /// The log group of failed records. Empty: nothing is logged.
    pub log_group_name: String,
    /// The log stream of failed records.
    pub log_stream_name: String,
    /// Partitions open at once before records go to the error prefix. AWS's default is 500.
    pub active_partitions: u32,
}

impl StreamConfig {
    /// The stream `clickstream` as `infrastructure/kinesis.tf` makes it; a test compares them.
    pub fn clickstream(by: PartitionBy) -> Self {
        let key = by.key();
        let time = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/";
        Self {
            name: "clickstream".into(),
            version: 1,
            account: "000000000000".into(),
            region: "us-east-1".into(),
            bucket: "raw".into(),
            prefix: format!("clickstream/{key}=!{{partitionKeyFromQuery:{key}}}/{time}"),
            error_output_prefix: format!(
                "clickstream-errors/!{{firehose:error-output-type}}/{time}"
            ),
            custom_time_zone: "UTC".into(),
            dynamic_partitioning: true,
            processing: true,
            processors: vec![
                Processor::metadata_extraction(format!("{{{key}:.{key}}}")),
                Processor::record_deaggregation_json(),
                Processor::append_delimiter(),
            ],
            compression: Compression::Uncompressed,
            file_extension: String::new(),
            buffering_size_mib: 64,
            buffering_interval_seconds: 60,
            retry_seconds: 300,
            log_group_name: "/aws/kinesisfirehose/clickstream".into(),
            log_stream_name: "ClickStreamLogStream".into(),
            active_partitions: 500,
        }
    }

    /// Whether a stream can be called so: 1 to 64 of `[a-zA-Z0-9_.-]`.
    pub fn is_name(name: &str) -> bool {
        (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    }

    /// The stream's ARN.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:firehose:{}:{}:deliverystream/{}",
            self.region, self.account, self.name
        )
    }

    /// The bucket's ARN.
    pub fn bucket_arn(&self) -> String {
        format!("arn:aws:s3:::{}", self.bucket)
    }

    /// Whether failed records are logged.
    pub fn logs(&self) -> bool {
        !self.log_group_name.is_empty()
    }

    /// The log's file, relative to the folder that holds the bucket: the group's name as
    /// folders, the stream's name as the file, both escaped as keys are.
    pub fn log_file(&self) -> String {
        let mut name = String::new();
        escape_into(self.log_group_name.trim_matches('/'), true, &mut name);
        name.push('/');
        escape_into(&self.log_stream_name, false, &mut name);
        settle(&format!("log/{name}.jsonl"))
    }

    /// What every object's name ends in.
    pub fn extension(&self) -> &str {
        match self.file_extension.as_str() {
            "" => self.compression.extension(),
            given => given,
        }
    }

    /// Whether objects' names can end so: nothing, or a dot and up to 127 of `0-9a-z!-_.*'()`.
    pub fn is_file_extension(text: &str) -> bool {
        let right = |byte: u8| {
            byte.is_ascii_digit()
                || byte.is_ascii_lowercase()
                || matches!(byte, b'!' | b'-' | b'_' | b'.' | b'*' | b'\'' | b'(' | b')')
        };
        text.is_empty()
            || (2..=128).contains(&text.len()) && text.starts_with('.') && text.bytes().all(right)
    }

    /// The first processor of a kind.
    pub fn processor(&self, kind: ProcessorKind) -> Option<&Processor> {
        self.processors
            .iter()
            .find(|processor| processor.kind == kind)
    }
}
