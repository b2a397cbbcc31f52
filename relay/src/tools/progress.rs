//! How far a long command is, on standard error, where somebody looks at it.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar; nothing where standard error is no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Nothing is done yet.
    #[must_use]
    pub fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} to go";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// So many bytes of so many are done.
    pub fn at(&self, done: u64, of: u64) {
        self.bar.set_length(of);
        self.bar.set_position(done);
    }

    /// The bar goes, and what is said next stands in its place.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
