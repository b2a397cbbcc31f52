//! The words that a site and the tracker have in common: a table each of settings, calls and news.
//! Readers ask for them by these names, and the TypeScript types are printed from the tables
//! (`tests/it/types.rs`), so that neither can say what the other does not know.

/// A word with what the documentation says of it.
#[derive(Debug)]
pub struct Word<T: 'static> {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What else is known of it.
    pub more: T,
}

macro_rules! words {
    ($more:ty; $($(#[doc = $doc:literal])+ $name:ident = $word:literal, $value:expr;)+) => {
        $($(#[doc = $doc])+ pub const $name: &str = $word;)+

        /// All of them, in the order of the documentation.
        pub const ALL: &[crate::words::Word<$more>] = &[
            $(crate::words::Word {
                word: $word,
                doc: concat!($($doc, "\n"),+),
                more: $value,
            }),+
        ];
    };
}

pub mod call;
pub mod news;
pub mod setting;
