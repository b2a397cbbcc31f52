//! What a trial of a sink found: facts to be said, and what its owner should think about.

/// A sink that was tried and would take events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// What is so, a sentence each.
    pub facts: Vec<String>,
    /// What works and is hardly meant, a sentence each with its remedy.
    pub warnings: Vec<String>,
}
