//! A batch at a time to the relay, until it has answered for every event of it.

use std::fmt::Debug;
use std::time::Duration;

use serde::Deserialize;

use super::Sum;
use crate::tools::https::HttpsError;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What a relay may ask for at most.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);
/// So often in a row a batch is refused before somebody has to look: several minutes.
const PATIENCE: u32 = 20;

/// What a relay answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// For how long to wait.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unheard {
    /// Nobody is there now, or the connection broke.
    Away(String),
    /// Who is there is not believed, now or later.
    Untrusted(HttpsError),
}

/// Posts a body to the relay's batch route.
pub trait Post: Debug {
    /// The answer.
    ///
    /// # Errors
    /// With the reason, when there is none.
    fn post(&mut self, body: &[u8]) -> Result<Answer, Unheard>;
}

/// Why sending ended.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The write key.
    #[error("the relay does not know the write key: check --write-key against its settings")]
    Key,
    /// It took nothing for a long time.
    #[error("the relay took nothing in {tries} tries: {last}")]
    Patience {
        /// How often it was asked.
        tries: u32,
        /// What came of the last one.
        last: String,
    },
    /// Waiting would not help.
    #[error(transparent)]
    Untrusted(HttpsError),
    /// Something else answers there.
    #[error(
        "what answers is no relay: status {status} with a body that is not a relay's; check --to"
    )]
    Foreign {
        /// Its status.
        status: u16,
    },
}

#[derive(Deserialize)]
struct Taken {
    accepted: u64,
    #[serde(default)]
    duplicate: u64,
    rejected: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    reason: String,
}

/// Sends batches and counts what becomes of them.
pub struct Sender<'a> {
    post: &'a mut dyn Post,
    pause: &'a mut dyn FnMut(Duration),
}

impl Debug for Sender<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sender({:?})", self.post)
    }
}

impl<'a> Sender<'a> {
    /// With what posts and what waits.
    pub fn new(post: &'a mut dyn Post, pause: &'a mut dyn FnMut(Duration)) -> Self {
        Self { post, pause }
    }

    /// Sends the events, in one request if the relay takes so many. Returns when it has answered
    /// for all of them.
    ///
    /// # Errors
    /// When it does not, with the reason.
    pub fn send(&mut self, events: &[Vec<u8>], sum: &mut Sum) -> Result<(), SendError> {
        if events.is_empty() {
            return Ok(());
        }
        let answer = self.post(&body(events))?;
        match answer.status {
            200 => {
                let taken: Taken = serde_json::from_slice(&answer.body)
                    .map_err(|_| SendError::Foreign { status: 200 })?;
                sum.held += taken.duplicate;
                sum.new += taken.accepted.saturating_sub(taken.duplicate);
                for refused in taken.rejected {
                    let rule = refused.reason.split(':').next().unwrap_or_default();
                    *sum.rejected.entry(rule.to_owned()).or_default() += 1;
                }
                Ok(())
            }
            401 => Err(SendError::Key),
            400 | 413 if events.len() > 1 => {
                let (one, other) = events.split_at(events.len() / 2);
                self.send(one, sum)?;
                self.send(other, sum)
            }
            400 | 413 => {
                let rule = format!("refused with {}", answer.status);
                *sum.rejected.entry(rule).or_default() += 1;
                Ok(())
            }
            status => Err(SendError::Foreign { status }),
        }
    }

    /// Posts until there is an answer that waiting does not change.
    fn post(&mut self, body: &[u8]) -> Result<Answer, SendError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        loop {
            tries += 1;
            let (last, asked) = match self.post.post(body) {
                Ok(answer) if !matches!(answer.status, 408 | 429 | 500..) => return Ok(answer),
                Ok(answer) => (format!("status {}", answer.status), answer.retry_after),
                Err(Unheard::Away(reason)) => (reason, None),
                Err(Unheard::Untrusted(reason)) => return Err(SendError::Untrusted(reason)),
            };
            if tries >= PATIENCE {
                return Err(SendError::Patience { tries, last });
            }
            (self.pause)(asked.map_or(pause, |asked| asked.min(LONGEST_RETRY_AFTER)));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn body(events: &[Vec<u8>]) -> Vec<u8> {
    let mut body = b"{\"batch\":[".to_vec();
    body.extend(events.join(&b","[..]));
    body.extend_from_slice(b"]}");
    body
}
