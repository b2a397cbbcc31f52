//! Looks whether the files of keys have changed.
//!
//! By their content, which is short, and not by their times, which a copy may keep and a mount may
//! not have. A change counts once it was seen twice the same: a file that somebody is writing is not
//! taken half.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch::Receiver;

use super::{Config, KeyError, Keys, Sources};

/// How often the files are looked at.
pub const EVERY: Duration = Duration::from_secs(1);

/// Remembers what is in force.
#[derive(Debug)]
pub struct Watch {
    sources: Sources,
    every: Duration,
    /// What the files held when their keys were taken or refused.
    judged: [u8; 32],
    /// What they held at the last look.
    seen: [u8; 32],
    hangup: Option<Signal>,
}

impl Watch {
    /// Watches the files of `config`. From now on SIGHUP does not end the process; must be called
    /// within the runtime.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let Config {
            sources,
            every,
            judged,
        } = config;
        let hangup = signal(SignalKind::hangup());
        let hangup = hangup.inspect_err(|error| tracing::warn!(%error, "SIGHUP cannot be heard"));
        Self {
            sources,
            every,
            judged,
            seen: judged,
            hangup: hangup.ok(),
        }
    }

    /// Hands changed keys to `take`, until `stopping` changes.
    pub async fn run<T>(mut self, mut stopping: Receiver<T>, take: impl Fn(Keys)) {
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(self.every) => false,
                () = heard(&mut self.hangup) => true,
                // Stopped, or nobody is there any more.
                _ = stopping.changed() => return,
            };
            // Files may lie on a slow disk: not on a thread that serves others.
            let looked = tokio::task::spawn_blocking(move || {
                let found = self.look(asked);
                (self, found)
            });
            let Ok((watch, found)) = looked.await else {
                return;
            };
            self = watch;
            match found {
                None => {}
                Some(Ok(keys)) => {
                    tracing::info!(
                        write_keys = keys.write.iter().count(),
                        identity_keys = keys.identity.len(),
                        "the keys have changed"
                    );
                    take(keys);
                }
                Some(Err(error)) => {
                    tracing::error!(%error, "the changed keys are refused; the keys of before stay");
                }
            }
        }
    }

    /// Changed keys, or what is wrong with them; each change is told once.
    fn look(&mut self, asked: bool) -> Option<Result<Keys, KeyError>> {
        let contents = self.sources.contents();
        let digest = contents.digest();
        let settled = asked || self.seen == digest;
        self.seen = digest;
        if digest == self.judged || !settled {
            return None;
        }
        self.judged = digest;
        let keys = self.sources.keys(contents);
        Some(keys.and_then(|keys| match keys.write.is_empty() {
            true => Err(KeyError::NoWriteKey),
            false => Ok(keys),
        }))
    }
}

async fn heard(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_counts_once_it_was_seen_twice_and_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let write = |text: &str| fs_err::write(&path, text).unwrap();
        write("browser:a:1");
        let sources = Sources {
            write_key_file: Some(path.clone()),
            ..Sources::default()
        };
        let (config, _) = Config::read(sources).unwrap();
        let mut watch = Watch::new(config);
        assert!(watch.look(false).is_none() && watch.look(true).is_none());
        write("browser:a:1\nbrows");
        assert!(watch.look(false).is_none());
        write("browser:a:1\nbrowser:a:2");
        assert!(watch.look(false).is_none());
        let keys = watch.look(false).unwrap().unwrap();
        assert!(keys.write.find("2").is_some());
        assert!(watch.look(false).is_none() && watch.look(true).is_none());
        // Told to, it takes what is there.
        write("nonsense");
        assert!(watch.look(true).unwrap().is_err());
        assert!(watch.look(false).is_none(), "told twice");
        fs_err::remove_file(&path).unwrap();
        assert!(watch.look(false).is_none());
        assert!(watch.look(false).unwrap().is_err());
        assert!(watch.look(false).is_none(), "told twice");
        // Back to what is in force: taken again, which changes nothing.
        write("browser:a:1");
        assert!(watch.look(true).unwrap().is_ok());
    }
}
