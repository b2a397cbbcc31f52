//! Where events go: from flags to the sink's settings.

use std::path::PathBuf;

use crate::config::flags::SinkFlags;
use crate::config::{ConfigError, PartitionBy, SinkKind};
use crate::sink;

#[cfg(feature = "firehose")]
use crate::config::flags::PackingKind;
#[cfg(feature = "firehose")]
use crate::forward::pack::Packing;

/// Fills in defaults and checks what was given.
pub(in crate::config) fn composed(flags: SinkFlags) -> Result<sink::Config, ConfigError> {
    match flags.kind.unwrap_or_default() {
        SinkKind::Lake => {
            let dir = flags.lake_dir.unwrap_or_else(|| PathBuf::from("data/lake"));
            let mut lake = sink::lake::Config::new(dir);
            if let Some(seconds) = flags.buffer_interval {
                lake.buffer_interval = seconds.0;
            }
            if let Some(mib) = flags.buffer_size {
                if mib == 0 {
                    return Err(ConfigError::Zero("--buffer-size"));
                }
                lake.buffer_size = mib.saturating_mul(1 << 20);
            }
            lake.partition_by = match flags.partition_by.unwrap_or_default() {
                PartitionBy::User => firehose_local::PartitionBy::User,
                PartitionBy::Bucket => firehose_local::PartitionBy::Bucket,
            };
            Ok(sink::Config::Lake(lake))
        }
        #[cfg(feature = "firehose")]
        SinkKind::Firehose => {
            let stream = flags.stream.unwrap_or_else(|| "clickstream".to_owned());
            let mut firehose = sink::firehose::Config::new(stream);
            firehose.calls.endpoint_url = flags.endpoint_url;
            firehose.packing = match flags.packing.unwrap_or_default() {
                PackingKind::Auto => None,
                PackingKind::Many => Some(Packing::Many),
                PackingKind::One => Some(Packing::One { newline: true }),
            };
            firehose.linger = flags.linger.map_or(firehose.linger, |seconds| seconds.0);
            if let Some(number) = flags.active_partitions {
                if number == 0 {
                    return Err(ConfigError::Zero("--active-partitions"));
                }
                firehose.active_partitions = number;
            }
            Ok(sink::Config::Firehose(firehose))
        }
        #[cfg(not(feature = "firehose"))]
        SinkKind::Firehose => Err(ConfigError::NoSuchSink("firehose")),
        #[cfg(feature = "kinesis")]
        SinkKind::Kinesis => {
            let stream = flags.stream.unwrap_or_else(|| "clickstream".to_owned());
            let mut kinesis = sink::kinesis::Config::new(stream);
            kinesis.calls.endpoint_url = flags.endpoint_url;
            kinesis.linger = flags.linger.map_or(kinesis.linger, |seconds| seconds.0);
            Ok(sink::Config::Kinesis(kinesis))
        }
        #[cfg(not(feature = "kinesis"))]
        SinkKind::Kinesis => Err(ConfigError::NoSuchSink("kinesis")),
        SinkKind::Stdout => Ok(sink::Config::Stdout),
    }
}
