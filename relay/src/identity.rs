//! Who it was. In this order: a signed user token, a claim that the write key may make, the visitor.
//!
//! What somebody else queued in the same browser stays theirs: a token names an event that carries a
//! claim only if the claim is the token's own user, and one without a claim only if it happened after
//! the login, by a clock that can be believed. A token that is not believed is never an id: the event
//! falls back to the visitor, and a counter says so.

pub mod cookie;
pub mod token;
pub mod visit;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use clap::ValueEnum;
use clickstream_event::id::{UserId, visitor_id};
use clickstream_event::line::Incoming;
use clickstream_event::time::Times;
use http::{HeaderMap, header};
use serde::Deserialize;

use self::token::{Key, Refused, Verified};
use self::visit::{Remembered, Visit};
use crate::intake::key::WriteKey;
use crate::intake::origin::Sender;
use crate::keys::Current;

/// Under which user id an event of nobody known is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Anonymous {
    /// `visitor-…`, made from its anonymousId
    #[default]
    Visitor,
    /// None: the stream reports it under the error prefix
    Omit,
}

/// How events get their user.
#[derive(Clone, Debug)]
pub struct Config {
    /// Keys that sign user tokens; without one no token is believed.
    pub keys: Vec<Key>,
    /// How much earlier than its login an event may be and still be the user's.
    pub leeway: Duration,
    /// Under which user id an anonymous event is written.
    pub anonymous: Anonymous,
    /// Under TLS, read the plain cookie where the host's own is absent.
    pub shared_cookie: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            leeway: Duration::from_secs(5),
            anonymous: Anonymous::Visitor,
            shared_cookie: false,
        }
    }
}

/// The room: settings and counters.
#[derive(Debug)]
pub struct Identity {
    config: Config,
    keys: Current<Vec<Key>>,
    cookies: cookie::Rules,
    counters: Counters,
}

/// The users that a request's tokens name: usually none or one.
#[derive(Clone, Debug, Default)]
pub struct Signed(Vec<Verified>);

/// The visitor named last: the events of a request are mostly one visitor's.
#[derive(Debug, Default)]
pub struct LastVisitor {
    source: String,
    anonymous_id: String,
    user_id: Option<UserId>,
}

impl LastVisitor {
    fn name(&mut self, source: &str, anonymous_id: &str) -> &UserId {
        if self.anonymous_id != anonymous_id || self.source != source {
            source.clone_into(&mut self.source);
            anonymous_id.clone_into(&mut self.anonymous_id);
            self.user_id = None;
        }
        self.user_id
            .get_or_insert_with(|| visitor_id(source, anonymous_id))
    }
}

/// Whose an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who<'a> {
    /// The partition it goes to; none when it carries no id that could be used.
    pub user_id: Option<&'a UserId>,
    /// Whether the event's own claim was not believed and must be kept apart.
    pub claim_refused: bool,
}

impl Identity {
    /// `secure`: browsers reach us by TLS.
    #[must_use]
    pub fn new(config: Config, secure: bool) -> Self {
        let cookies = cookie::Rules {
            secure,
            shared_cookie: config.shared_cookie,
        };
        Self {
            keys: Current::new(config.keys.clone()),
            config,
            cookies,
            counters: Counters::default(),
        }
    }

    /// From now on these keys sign tokens.
    pub fn exchange_keys(&self, keys: Vec<Key>) {
        self.keys.set(keys);
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Looks for tokens in the cookie, the batch (`user_token`) and the bearer, and keeps those that
    /// are believed.
    pub fn signed(
        &self,
        headers: &HeaderMap,
        from: Sender,
        user_token: Option<&str>,
        now_ms: u64,
    ) -> Signed {
        let mut signed = Signed::default();
        if from == Sender::Stranger {
            if headers.contains_key(header::COOKIE) {
                self.counters.cookies_ignored.fetch_add(1, Relaxed);
            }
        } else {
            match cookie::token(headers, self.cookies) {
                cookie::Found::Nothing => {}
                cookie::Found::Token(token) => self.look_at(&token, now_ms, true, &mut signed),
                cookie::Found::Ambiguous => {
                    self.counters.cookies_ambiguous.fetch_add(1, Relaxed);
                }
            }
        }
        if let Some(token) = user_token {
            self.look_at(token, now_ms, true, &mut signed);
        }
        if let Some(token) = bearer(headers) {
            // Segment's OAuth form sends bearers of its own beside the write key: not our business.
            self.look_at(token, now_ms, false, &mut signed);
        }
        signed
    }

    /// What to answer for the visitor's cookie, if the sender may be remembered: `anonymous_id` is
    /// that of the batch's newest event.
    pub fn remember(&self, visit: Option<Visit>, anonymous_id: Option<&str>) -> Remembered {
        let remembered = visit.map(|visit| visit.remember(anonymous_id));
        let remembered = remembered.unwrap_or_default();
        if remembered.anonymous_id.is_some() {
            self.counters.visitors_restored.fetch_add(1, Relaxed);
        }
        remembered
    }

    fn look_at(&self, token: &str, now_ms: u64, meant_for_us: bool, signed: &mut Signed) {
        match token::verify(token, &self.keys.get(), now_ms / 1000) {
            Ok(verified) => {
                self.counters.tokens_believed.fetch_add(1, Relaxed);
                if !signed.0.contains(&verified) {
                    signed.0.push(verified);
                }
            }
            Err(Refused::NotOurs) if !meant_for_us => {}
            Err(Refused::Expired) => {
                self.counters.tokens_expired.fetch_add(1, Relaxed);
            }
            Err(refused) => {
                self.counters.tokens_refused.fetch_add(1, Relaxed);
                tracing::debug!(?refused, "a user token was not believed");
            }
        }
    }

    /// Whose `event` is, sent with `key` and these tokens.
    pub fn who<'a>(
        &self,
        event: &'a Incoming<'_>,
        times: &Times,
        key: &WriteKey,
        signed: &'a Signed,
        last: &'a mut LastVisitor,
    ) -> Who<'a> {
        let claim = event.user_id.as_ref();
        if let Some(user_id) = self.by_token(claim, times, signed) {
            self.counters.by_token.fetch_add(1, Relaxed);
            return Who {
                user_id: Some(user_id),
                claim_refused: false,
            };
        }
        if let Some(claim) = claim.filter(|claim| key.kind.may_claim() && !claim.is_visitor()) {
            self.counters.by_claim.fetch_add(1, Relaxed);
            return Who {
                user_id: Some(claim),
                claim_refused: false,
            };
        }
        let claim_refused = claim.is_some();
        if claim_refused {
            self.counters.claims_refused.fetch_add(1, Relaxed);
        }
        let visitor = match (self.config.anonymous, &event.anonymous_id) {
            (Anonymous::Visitor, Some(anonymous_id)) => {
                self.counters.by_visitor.fetch_add(1, Relaxed);
                Some(last.name(&key.source, anonymous_id))
            }
            _ => {
                self.counters.nobody.fetch_add(1, Relaxed);
                None
            }
        };
        Who {
            user_id: visitor,
            claim_refused,
        }
    }

    fn by_token<'a>(
        &self,
        claim: Option<&UserId>,
        times: &Times,
        signed: &'a Signed,
    ) -> Option<&'a UserId> {
        if let Some(claim) = claim {
            return signed
                .0
                .iter()
                .map(|verified| &verified.user_id)
                .find(|user_id| *user_id == claim);
        }
        let (first, others) = signed.0.split_first()?;
        // Two users at once, and the event says nothing: it is neither's.
        if others.iter().any(|other| other.user_id != first.user_id) || times.suspect {
            return None;
        }
        let leeway_ms = i64::try_from(self.config.leeway.as_millis()).unwrap_or(i64::MAX);
        // Of several tokens of one user the latest login decides.
        let auth_time_ms = signed
            .0
            .iter()
            .map(|verified| verified.auth_time_ms)
            .max()?;
        let happened_ms = times.timestamp.ms();
        (happened_ms >= auth_time_ms.saturating_sub(leeway_ms)).then_some(&first.user_id)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// How often identity decided what.
#[derive(Debug, Default)]
pub struct Counters {
    /// Events named by a signed token.
    pub by_token: AtomicU64,
    /// Events named by their own claim, with a key that may.
    pub by_claim: AtomicU64,
    /// Events of a visitor.
    pub by_visitor: AtomicU64,
    /// Events without any id that could be used.
    pub nobody: AtomicU64,
    /// Claims that were not believed.
    pub claims_refused: AtomicU64,
    /// Tokens that were believed.
    pub tokens_believed: AtomicU64,
    /// Tokens that had been good once.
    pub tokens_expired: AtomicU64,
    /// Tokens that were forged, of another algorithm, key or audience, or without their claims.
    pub tokens_refused: AtomicU64,
    /// Requests with cookies from an origin that is neither ours nor listed.
    pub cookies_ignored: AtomicU64,
    /// Requests with two different user cookies.
    pub cookies_ambiguous: AtomicU64,
    /// Trackers that had lost their id and got it back from the visitor's cookie.
    pub visitors_restored: AtomicU64,
}

#[cfg(test)]
mod tests;
