//! Amazon Data Firehose's delivery to S3 with dynamic partitioning: as a library that is a pure
//! function, and as a local server of its API (feature `server`).
//!
//! One record's way, in the order of the modules below: the stream's configuration is checked
//! with AWS's own words, a record is split into its JSON objects, the partition keys are read
//! by the stream's jq query, the prefix is evaluated, and the records that share a partition
//! become one object with a name; what has no key goes under the error prefix.
//!
//! ```
//! use firehose_local::{PartitionBy, Record, Stream, StreamConfig};
//!
//! let stream = Stream::new(StreamConfig::clickstream(PartitionBy::User))?;
//! let records = [Record { data: br#"{"userId":45}"#, arrival_ms: 1_767_322_985_006 }];
//! let objects = stream.plan(&records, &mut || [7; 16], 1_767_322_990_000);
//! assert!(objects[0].key.starts_with("clickstream/userId=45/year=2026/month=01/day=02/hour=03/"));
//! # Ok::<(), firehose_local::ConfigError>(())
//! ```
//!
//! What is not known to match AWS is listed in this crate's README.

pub mod config;
pub mod refusal;
pub mod stream;

#[cfg(feature = "server")]
pub mod buffers;

#[cfg(feature = "server")]
pub mod body;

pub mod deaggregate;

pub mod extract;
mod json;

pub mod prefix;

pub mod object;

mod disk_name;

pub mod failure;

pub mod terraform;

#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "server")]
pub mod api;

#[cfg(feature = "server")]
mod web;

#[cfg(feature = "server")]
pub mod faults;

#[cfg(feature = "server")]
pub mod partition;

#[cfg(feature = "server")]
mod compress;

#[cfg(feature = "server")]
pub mod metrics;

#[cfg(feature = "server")]
pub mod outbox;

#[cfg(feature = "server")]
pub mod deliver;

#[cfg(feature = "server")]
pub mod clock;

pub use config::{Compression, PartitionBy, Processor, ProcessorKind, StreamConfig};
pub use failure::{ErrorCode, error_line, log_line};
pub use object::{data_line, hyphenated_into};
pub use refusal::ConfigError;
pub use stream::{PlannedObject, Record, Stream};
