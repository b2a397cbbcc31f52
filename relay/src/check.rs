//! `check`: says in plain sentences what settings would do, and tries what can be tried: the port,
//! the folders, the sink. It takes no event.

#[cfg(feature = "tls")]
mod certificate;
mod kept;
mod room;
mod senders;
mod sinks;

use std::fmt;

use crate::config::Config;
use crate::http;

/// What a check found, to be printed.
#[derive(Debug, Default)]
pub struct Found {
    lines: Vec<String>,
    warnings: Vec<String>,
    wrong: usize,
}

impl Found {
    /// Whether a relay with these settings would start and deliver.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.wrong == 0
    }

    fn says(&mut self, what: &str, is: impl fmt::Display) {
        self.lines.push(format!("{what:<16} {is}"));
    }

    /// What works and is hardly meant.
    fn warns(&mut self, of: impl Into<String>) {
        self.warnings.push(of.into());
    }

    /// Says it with what a trial of it found; whether that was good.
    fn tried<E: fmt::Display>(
        &mut self,
        what: &str,
        is: impl fmt::Display,
        result: Result<(), E>,
    ) -> bool {
        self.says(what, is);
        let Err(error) = result else {
            return true;
        };
        self.wrong += 1;
        self.says("", format!("WRONG: {error}"));
        false
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "{:<16} {warning}", "WARNING")?;
        }
        match self.wrong {
            0 => write!(f, "all good")?,
            1 => write!(f, "1 thing is wrong")?,
            count => write!(f, "{count} things are wrong")?,
        }
        match self.warnings.len() {
            0 => writeln!(f),
            1 => writeln!(f, ", 1 warning"),
            count => writeln!(f, ", {count} warnings"),
        }
    }
}

/// Looks at `config` and tries what can be tried.
pub async fn check(config: &Config) -> Found {
    let mut found = Found::default();
    let bound = http::bind(config.listen).await.map(drop);
    let most = config.http.max_connections;
    let is = format!(
        "{}, {}; at most {most} connections at once",
        config.listen,
        config.http.scheme()
    );
    found.tried("listen", is, bound);
    #[cfg(feature = "tls")]
    certificate::look(config, &crate::clock::SystemClock::default(), &mut found);
    senders::look(config, &mut found);
    kept::look(config, &mut found);
    room::look(config, &mut found);
    sinks::look(config, &mut found).await;
    found
}
