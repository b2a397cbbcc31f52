//! Where delivered events go. A sink knows bytes and places; when and how often is the
//! forwarder's.

pub mod lake;

/// Which sink, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Config {
    /// A folder laid out as Firehose lays out its bucket, exactly once.
    Lake(lake::Config),
}

impl Config {
    /// The name that the command line uses.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lake(_) => "lake",
        }
    }
}
