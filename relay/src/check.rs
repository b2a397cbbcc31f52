//! `check`: says what settings would do, and tries port and folders without taking an event.

use std::fmt;
use std::sync::Arc;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::intake::origin::Origins;
use crate::quantity::Size;
use crate::spool::RealFiles;
use crate::{folder, http, sink};

/// What a check found, to be printed.
#[derive(Debug, Default)]
pub struct Found {
    lines: Vec<String>,
    wrong: usize,
}

impl Found {
    /// Whether a relay with these settings would start.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.wrong == 0
    }

    fn says(&mut self, what: &str, is: impl fmt::Display) {
        self.lines.push(format!("{what:<16} {is}"));
    }

    fn tried<E: fmt::Display>(&mut self, what: &str, is: impl fmt::Display, result: Result<(), E>) {
        match result {
            Ok(()) => self.says(what, is),
            Err(error) => {
                self.wrong += 1;
                self.says(what, format!("{is}\n{:<16} WRONG: {error}", ""));
            }
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        match self.wrong {
            0 => writeln!(f, "all good"),
            1 => writeln!(f, "1 thing is wrong"),
            count => writeln!(f, "{count} things are wrong"),
        }
    }
}

/// Looks at `config` and tries what can be tried.
pub async fn check(config: &Config) -> Found {
    let mut found = Found::default();
    let bound = http::bind(config.listen).await.map(drop);
    found.tried("listen", config.listen, bound);
    let origins = Origins::new(
        config.public_url.clone(),
        config.listen,
        &config.allow_origin,
    );
    found.says("our origin", origins.public());
    for key in config.intake.keys.iter() {
        found.says("source", format!("{} ({})", key.source, key.kind));
    }
    for key in &config.identity.keys {
        found.says("identity key", key.kid());
    }
    if config.identity.keys.is_empty() {
        found.says("identity key", "none: no user token is believed");
    }
    let spool = &config.spool;
    let is = format!("{}, up to {}", spool.dir.display(), Size(spool.size));
    found.tried(
        "spool",
        is,
        folder::try_one(&RealFiles, "--spool-dir", &spool.dir),
    );
    let rejected = &config.rejected;
    if rejected.size > 0 {
        let is = format!("{}, up to {}", rejected.dir.display(), Size(rejected.size));
        found.tried(
            "rejected",
            is,
            folder::try_one(&RealFiles, "--spool-dir", &rejected.dir),
        );
    }
    match &config.sink {
        sink::Config::Lake(lake) => {
            let is = format!(
                "lake in {}, by {}, after {} s or {}",
                lake.dir.display(),
                lake.partition_by.key(),
                lake.buffer_interval.as_secs_f64(),
                Size(lake.buffer_size)
            );
            found.tried(
                "sink",
                is,
                folder::try_one(&RealFiles, "--lake-dir", &lake.dir),
            );
        }
        #[cfg(feature = "firehose")]
        sink::Config::Firehose(firehose) => {
            use crate::forward::flight::Sender as _;
            let is = format!("firehose, the stream {}", firehose.stream);
            let clock = Arc::new(SystemClock::default());
            let sender = sink::firehose::Firehose::connect(firehose, clock, Arc::default()).await;
            let described = sender.packing().await;
            let described = described.map(drop).map_err(|trouble| trouble.text);
            found.tried("sink", is, described);
        }
        sink::Config::Stdout => found.says("sink", "stdout, an event a line"),
    }
    found
}
