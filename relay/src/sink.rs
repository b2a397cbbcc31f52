//! Where delivered events go. A sink knows bytes and places; when and how often is the
//! forwarder's.

pub mod lake;

#[cfg(feature = "aws")]
pub mod aws;

#[cfg(feature = "firehose")]
pub mod firehose;

#[cfg(feature = "kinesis")]
pub mod kinesis;

pub mod stdout;

pub mod trial;

/// Which sink, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Config {
    /// A folder laid out as Firehose lays out its bucket, exactly once.
    Lake(lake::Config),
    /// A stream of Amazon Data Firehose, at least once.
    #[cfg(feature = "firehose")]
    Firehose(firehose::Config),
    /// A stream of Amazon Kinesis Data Streams, at least once.
    #[cfg(feature = "kinesis")]
    Kinesis(kinesis::Config),
    /// Standard output, one event a line, at least once.
    Stdout,
}

impl Config {
    /// The name that the command line uses.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lake(_) => "lake",
            #[cfg(feature = "firehose")]
            Self::Firehose(_) => "firehose",
            #[cfg(feature = "kinesis")]
            Self::Kinesis(_) => "kinesis",
            Self::Stdout => "stdout",
        }
    }
}
