//! `[sink]`: where events go.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::config::layers::layered;
use crate::config::quantity::Seconds;

/// Where events go.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Sink")]
#[serde(default, deny_unknown_fields)]
pub struct SinkFlags {
    /// Where events go [default: lake]
    #[arg(
        id = "sink",
        long = "sink",
        value_name = "SINK",
        value_enum,
        env = "CLICKSTREAM_SINK"
    )]
    pub kind: Option<SinkKind>,
    /// Folder of the lake, for the sink `lake` [default: data/lake]
    #[arg(long, value_name = "DIR", env = "CLICKSTREAM_LAKE_DIR")]
    pub lake_dir: Option<PathBuf>,
    /// Longest time that events wait to be written to the lake [default: 60]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_BUFFER_INTERVAL"
    )]
    pub buffer_interval: Option<Seconds>,
    /// Most that waits to be written to the lake at once, in MiB [default: 64]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "MIB",
        env = "CLICKSTREAM_BUFFER_SIZE"
    )]
    pub buffer_size: Option<u64>,
    /// Folders of the lake: one a user, or 128 buckets of users [default: user]
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        env = "CLICKSTREAM_PARTITION_BY"
    )]
    pub partition_by: Option<PartitionBy>,
    /// Name of the stream, for the sinks `firehose` and `kinesis` [default: clickstream]
    #[arg(long, value_name = "NAME", env = "CLICKSTREAM_STREAM")]
    pub stream: Option<String>,
    /// Another endpoint than Amazon's, such as firehose-local's
    #[arg(long, value_name = "URL", env = "CLICKSTREAM_ENDPOINT_URL")]
    pub endpoint_url: Option<String>,
    /// How events become records of a stream [default: auto]
    #[arg(long, value_name = "HOW", value_enum, env = "CLICKSTREAM_PACKING")]
    pub packing: Option<PackingKind>,
    /// Longest time that an event waits for others in its call; what is worth a call of its own
    /// goes at once [default: 1, with the sink `kinesis` 0.05]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_LINGER"
    )]
    pub linger: Option<Seconds>,
    /// Active partitions that the delivery stream may have: at 80 % of them there is a warning
    /// [default: 500]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "N",
        env = "CLICKSTREAM_ACTIVE_PARTITIONS"
    )]
    pub active_partitions: Option<u64>,
}

layered!(SinkFlags:
    kind
    lake_dir
    buffer_interval
    buffer_size
    partition_by
    stream
    endpoint_url
    packing
    linger
    active_partitions
);

/// Where events go.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum SinkKind {
    /// Files in a folder, laid out as Amazon Data Firehose would in S3
    #[default]
    Lake,
    /// Amazon Data Firehose; region and credentials by AWS's default chain
    Firehose,
    /// Amazon Kinesis Data Streams, an event a record, its user the partition key
    Kinesis,
    /// Standard output, one event a line
    Stdout,
}

/// What the lake's folders are named after.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionBy {
    /// `userId=45/`: a folder a user
    #[default]
    User,
    /// `userBucket=017/`: 128 folders
    Bucket,
}

/// How events become records of a stream.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PackingKind {
    /// As the stream says: many a record if it takes records apart, else one
    #[default]
    Auto,
    /// Up to 500 a record: the stream takes them apart, though it may not be asked
    Many,
    /// One a record, each with a newline
    One,
}
