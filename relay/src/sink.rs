//! Where delivered events go. A sink knows bytes and places; when and how often is the
//! forwarder's.

pub mod lake;

#[cfg(feature = "firehose")]
pub mod firehose;

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
            Self::Stdout => "stdout",
        }
    }
}
