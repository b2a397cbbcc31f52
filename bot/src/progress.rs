//! How far the run is, on standard error; nothing where that is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::tally::Tally;

/// A line that is drawn over while the run goes on.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Of so many, or without an end.
    #[must_use]
    pub fn new(count: Option<u64>, what: &'static str) -> Self {
        let bar = match count {
            Some(count) => ProgressBar::new(count),
            None => ProgressBar::new_spinner(),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let template = if count.is_some() {
            format!("{{bar:30}} {{pos}}/{{len}} {what} {{msg}}")
        } else {
            format!("{{spinner}} {{pos}} {what} {{msg}}")
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar }
    }

    /// Shows the counts.
    pub fn made(&self, tally: &Tally) {
        self.bar.set_position(tally.made);
        if tally.accepted + tally.rejected > 0 {
            self.bar.set_message(format!(
                "{} accepted, {} rejected",
                tally.accepted, tally.rejected
            ));
        }
    }

    /// Shows what was just done.
    pub fn did(&self, count: u64, what: &str) {
        self.bar.set_position(count);
        self.bar.set_message(what.to_owned());
    }

    /// A line that stays.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| {
            use std::io::Write;
            // Standard error is gone: nobody is there to be told.
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }

    /// Clears the line.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
