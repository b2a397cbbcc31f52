//! Sends batches to a relay until they are durable there, the same ids at every attempt.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tokio::time::Instant;
use url::Url;

use super::answer::{Verdict, verdict};
use crate::clock;
use crate::tally::Tally;

/// How long an answer may take: a relay with a slow disk still answers well within it.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// A first attempt gets this long even without any patience: else it could never succeed.
const LEAST_ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// The back-off's first and longest wait; each is drawn from the upper half.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Why events cannot be sent. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nothing listens there.
    #[error(
        "nothing answers at {url} ({cause}): start the demo with `cargo xtask demo`, or a relay with `clickstream-relay --listen ADDRESS`, and point --to at it"
    )]
    Nobody {
        /// Where.
        url: String,
        /// What the system says.
        cause: String,
    },
    /// Something listens that is no relay.
    #[error("what answers at {url} is no relay: point --to at one, such as http://127.0.0.1:8080")]
    NoRelay {
        /// Where.
        url: String,
    },
    /// The key is not known there.
    #[error(
        "{url} does not know this write key ({said}): give one of its keys with --write-key (a relay is given keys by --write-key server:SOURCE:KEY)"
    )]
    UnknownKey {
        /// Where.
        url: String,
        /// The relay's words.
        said: String,
    },
    /// It never answered.
    #[error(
        "{url} gave no answer within {waited:?} ({last}): see that a relay listens there, and point --to at one, such as http://127.0.0.1:8080 (`cargo xtask demo` starts it); --patience SECONDS waits longer"
    )]
    Silent {
        /// Where.
        url: String,
        /// So long.
        waited: Duration,
        /// The last thing that happened.
        last: String,
    },
    /// It stopped answering.
    #[error(
        "{url} took nothing for {patience:?} ({last}): look at the relay's log; --patience SECONDS waits longer"
    )]
    GaveUp {
        /// Where.
        url: String,
        /// So long.
        patience: Duration,
        /// The last thing that happened.
        last: String,
    },
}

/// A relay to send to.
#[derive(Debug)]
pub struct Relay {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    key: String,
    patience: Duration,
    random: ChaCha8Rng,
    answered: bool,
}

enum Attempt {
    Answer(StatusCode, Verdict),
    Failed { refused: bool, cause: String },
}

impl Relay {
    /// The relay at `url` (its root), with a write key.
    #[must_use]
    pub fn new(url: &Url, key: String, patience: Duration, random: ChaCha8Rng) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            url: url.as_str().trim_end_matches('/').to_owned(),
            key,
            patience,
            random,
            answered: false,
        }
    }

    /// Sends the lines and empties the list. `tell` is told each answer's status.
    ///
    /// # Errors
    /// When the relay takes nothing more; what it has not taken stays in the list.
    pub async fn send(
        &mut self,
        lines: &mut Vec<String>,
        tally: &mut Tally,
        tell: &mut impl FnMut(u16),
    ) -> Result<(), SendError> {
        // From the front; a batch that is halved is followed by its second half.
        let mut size = lines.len();
        let mut slow = Patience::fresh();
        while !lines.is_empty() {
            size = size.clamp(1, lines.len());
            let batch = lines.get(..size).unwrap_or(lines);
            tally.sends += 1;
            let attempt = self.attempt(batch, slow.left(self.patience)).await;
            let (asked, last) = match attempt {
                Attempt::Answer(status, verdict) => {
                    tell(status.as_u16());
                    match verdict {
                        Verdict::Taken(taken) => {
                            self.answered = true;
                            tally.accepted += taken.accepted;
                            tally.duplicate += taken.duplicate;
                            for rejected in taken.rejected {
                                tally.reject(rejected.reason);
                            }
                            lines.drain(..size);
                            size = lines.len();
                            slow = Patience::fresh();
                            continue;
                        }
                        Verdict::Halve(_) if size > 1 => {
                            self.answered = true;
                            size = size.div_ceil(2);
                            slow = Patience::fresh();
                            continue;
                        }
                        Verdict::Halve(said) => {
                            self.answered = true;
                            tally.reject(said);
                            lines.drain(..size);
                            size = lines.len();
                            slow = Patience::fresh();
                            continue;
                        }
                        Verdict::UnknownKey(said) => {
                            return Err(SendError::UnknownKey {
                                url: self.url.clone(),
                                said,
                            });
                        }
                        Verdict::NoRoute if !self.answered => {
                            return Err(SendError::NoRelay {
                                url: self.url.clone(),
                            });
                        }
                        Verdict::NoRoute => (None, format!("answered {status}")),
                        Verdict::Again(wait) => {
                            self.answered = true;
                            (wait, format!("answered {status}"))
                        }
                    }
                }
                Attempt::Failed {
                    refused: true,
                    cause,
                } if !self.answered => {
                    return Err(SendError::Nobody {
                        url: self.url.clone(),
                        cause,
                    });
                }
                Attempt::Failed { cause, .. } => (None, cause),
            };
            let wait = slow.next(asked, &mut self.random);
            if slow.since.elapsed() + wait > self.patience {
                if !self.answered {
                    return Err(SendError::Silent {
                        url: self.url.clone(),
                        waited: self.patience.max(LEAST_ANSWER_WITHIN),
                        last,
                    });
                }
                return Err(SendError::GaveUp {
                    url: self.url.clone(),
                    patience: self.patience,
                    last,
                });
            }
            tally.again += 1;
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    async fn attempt(&self, lines: &[String], within: Duration) -> Attempt {
        let body = body(lines, &self.key, &clock::now().to_string());
        let request = Request::post(format!("{}/v1/batch", self.url))
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::USER_AGENT,
                concat!("clickstream-bot/", env!("CARGO_PKG_VERSION")),
            )
            .body(Full::new(Bytes::from(body)));
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                return Attempt::Failed {
                    refused: true,
                    cause: error.to_string(),
                };
            }
        };
        let answer = async {
            let response = self.client.request(request).await.map_err(|error| {
                let cause =
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), root_cause);
                Attempt::Failed {
                    refused: error.is_connect(),
                    cause,
                }
            })?;
            let (head, body) = response.into_parts();
            let retry_after = head
                .headers
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok());
            let body = body.collect().await.map_err(|error| Attempt::Failed {
                refused: false,
                cause: root_cause(&error),
            })?;
            Ok::<_, Attempt>(Attempt::Answer(
                head.status,
                verdict(head.status, retry_after, &body.to_bytes()),
            ))
        };
        match tokio::time::timeout(within, answer).await {
            Ok(Ok(attempt) | Err(attempt)) => attempt,
            Err(_) => Attempt::Failed {
                refused: false,
                cause: format!("no answer in {:.1} s", within.as_secs_f64()),
            },
        }
    }
}

/// The batch as the relay reads it. The lines are JSON already.
fn body(lines: &[String], key: &str, sent_at: &str) -> Vec<u8> {
    let key = serde_json::Value::from(key);
    format!(
        r#"{{"batch":[{}],"sentAt":"{sent_at}","writeKey":{key}}}"#,
        lines.join(",")
    )
    .into_bytes()
}

fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// How long nothing has been taken, and how long to wait next.
#[derive(Debug)]
struct Patience {
    tries: u32,
    since: Instant,
}

impl Patience {
    /// Something was taken just now.
    fn fresh() -> Self {
        Self {
            tries: 0,
            since: Instant::now(),
        }
    }

    /// How long the next answer may take, so that patience bounds the last one too.
    fn left(&self, patience: Duration) -> Duration {
        patience
            .max(LEAST_ANSWER_WITHIN)
            .saturating_sub(self.since.elapsed())
            .min(ANSWER_WITHIN)
    }

    fn next(&mut self, asked: Option<Duration>, random: &mut ChaCha8Rng) -> Duration {
        let wait = asked.unwrap_or_else(|| {
            let longest = FIRST_WAIT
                .saturating_mul(1 << self.tries.min(6))
                .min(LONGEST_WAIT);
            longest.mul_f64(random.random_range(0.5..=1.0))
        });
        self.tries += 1;
        wait
    }
}

#[cfg(test)]
mod tests;
