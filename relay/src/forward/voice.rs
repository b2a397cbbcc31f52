//! Who hears of trouble: once when it begins, and once when it is over, with counts.
//!
//! Several calls are under way at once and meet the same trouble, so it is over only when each
//! that met it has got through. Trouble that comes and goes fills no log: the same words are
//! logged again only after a while, or when it lasts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The same words are not logged twice within this time, unless the trouble lasts.
const QUIET: Duration = Duration::from_secs(600);

/// Trouble of this age is logged, whatever was logged before.
const LASTING: Duration = Duration::from_secs(30);

/// Texts whose last time is remembered.
const MOST_TEXTS: usize = 32;

/// One who may be in trouble: a call, the reader of the spool, the writer of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source(u64);

/// From the first in trouble to the last one's end.
#[derive(Debug)]
struct Episode {
    since: Instant,
    failures: u64,
    logged: bool,
}

#[derive(Debug, Default)]
struct State {
    sources: u64,
    /// What each that is in trouble said last.
    troubled: BTreeMap<Source, String>,
    episode: Option<Episode>,
    /// When each text was logged last.
    logged: Vec<(String, Instant)>,
    heard: Option<String>,
}

/// Tells the log and `hear`.
pub struct Voice {
    state: Mutex<State>,
    hear: Box<dyn Fn(Option<String>) + Send + Sync>,
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").finish_non_exhaustive()
    }
}

impl Voice {
    /// One who says it to `hear`: the words as they change, none when all is well.
    pub fn new(hear: impl Fn(Option<String>) + Send + Sync + 'static) -> Self {
        Self {
            state: Mutex::default(),
            hear: Box::new(hear),
        }
    }

    /// Somebody more who may be in trouble.
    pub fn source(&self) -> Source {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sources += 1;
        Source(state.sources)
    }

    /// `source` stands still, and why.
    pub fn trouble(&self, source: Source, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.troubled.insert(source, text.to_owned());
        state.log(text);
        self.tell(&mut state, Some(text));
    }

    /// `source` got through.
    pub fn well(&self, source: Source) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.troubled.remove(&source).is_none() {
            return;
        }
        let left = state.troubled.values().next_back().cloned();
        if left.is_none() {
            state.end();
        }
        self.tell(&mut state, left.as_deref());
    }

    /// Events are set aside, and delivery goes on: nobody is in trouble. `first` is what the stream
    /// said against the first of them, which may differ from one to the next.
    pub fn set_aside(&self, text: &str, first: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_news(text, Instant::now(), false) {
            tracing::error!(first, "{text}");
        }
    }

    fn tell(&self, state: &mut State, text: Option<&str>) {
        if state.heard.as_deref() != text {
            state.heard = text.map(str::to_owned);
            (self.hear)(state.heard.clone());
        }
    }
}

impl State {
    fn log(&mut self, text: &str) {
        let now = Instant::now();
        let episode = self.episode.get_or_insert(Episode {
            since: now,
            failures: 0,
            logged: false,
        });
        episode.failures += 1;
        let lasting = !episode.logged && now - episode.since >= LASTING;
        if self.is_news(text, now, lasting) {
            if let Some(episode) = &mut self.episode {
                episode.logged = true;
            }
            tracing::error!("{text}; events wait in the spool, intake goes on");
        }
    }

    /// Whether it was not logged a while ago, or `lasting` asks for it all the same.
    fn is_news(&mut self, text: &str, now: Instant, lasting: bool) -> bool {
        let before = self.logged.iter().position(|(logged, _)| logged == text);
        match before.and_then(|index| self.logged.get_mut(index)) {
            Some((_, last)) if now - *last < QUIET && !lasting => return false,
            Some((_, last)) => *last = now,
            None => {
                if self.logged.len() >= MOST_TEXTS {
                    self.logged.remove(0);
                }
                self.logged.push((text.to_owned(), now));
            }
        }
        true
    }

    fn end(&mut self) {
        if let Some(episode) = self.episode.take().filter(|episode| episode.logged) {
            tracing::info!(
                failures = episode.failures,
                seconds = episode.since.elapsed().as_secs(),
                "delivery goes on"
            );
        }
    }
}

#[cfg(test)]
mod tests;
