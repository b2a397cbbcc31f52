//! The visitor's cookie: the browser's own id, kept where scripts' storage is cleared and cookies of
//! the site's answers are not (Safari clears what scripts stored after seven days without a visit).
//!
//! It names nobody: an event is its own `anonymousId`'s. It only gives that id back to a tracker that
//! says that it found none and made a new one. Nothing is read or set for a page that is neither ours
//! nor listed, for a visitor who did not grant storage, or under `Sec-GPC: 1`.

use http::{HeaderMap, HeaderValue};
use serde::Serialize;

use super::cookie;
use crate::intake::origin::Sender;

const PLAIN: &str = "clickstream_visitor";
const HOST_ONLY: &str = "__Host-clickstream_visitor";

/// 13 months: as long as the French authority lets a measuring cookie live (CNIL, guidelines of
/// 17 September 2020), and within the 400 days that browsers allow.
const MAX_AGE_S: u64 = 395 * 86_400;

/// It is set again after a day at the earliest.
const RENEW_AFTER_S: u64 = 86_400;

/// Longest id that is kept; a UUID has 36 characters.
const MAX_ID: usize = 100;

/// The name that the cookie has here.
fn name(secure: bool) -> &'static str {
    if secure { HOST_ONLY } else { PLAIN }
}

/// What every `Set-Cookie` of ours demands: no script reads it, no other site's form sends it, and
/// under TLS what the name `__Host-` asks for, without which a browser ignores it.
fn attributes(secure: bool) -> &'static str {
    if secure {
        "Path=/; HttpOnly; SameSite=Lax; Secure"
    } else {
        "Path=/; HttpOnly; SameSite=Lax"
    }
}

/// `Set-Cookie` that ends the cookie.
#[must_use]
pub fn end(secure: bool) -> Option<HeaderValue> {
    let (name, attributes) = (name(secure), attributes(secure));
    HeaderValue::try_from(format!("{name}=; Max-Age=0; {attributes}")).ok()
}

/// A request whose sender may be remembered, and what its cookie says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    kept: Option<Kept>,
    /// Its tracker found no id in its storage and made a new one.
    new: bool,
    now_s: u64,
    secure: bool,
}

/// What the cookie holds: `SECONDS.ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    anonymous_id: String,
    set_at_s: u64,
}

/// What the answer carries for the visitor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remembered {
    /// The id that a tracker without one should go on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// The cookie, where it is to be set.
    #[serde(skip)]
    pub cookie: Option<HeaderValue>,
}

impl Visit {
    /// The visit that a request is, if its sender may be remembered. `storage` is what the batch says
    /// of the visitor's: foreign SDKs say nothing, and nothing is kept for them.
    #[must_use]
    pub fn of(
        headers: &HeaderMap,
        from: Sender,
        storage: Option<&str>,
        now_ms: u64,
        secure: bool,
    ) -> Option<Self> {
        let new = match storage? {
            "new" => true,
            "granted" => false,
            _ => return None,
        };
        let private = headers.get("sec-gpc").is_some_and(|value| value == "1");
        if private || from == Sender::Stranger {
            return None;
        }
        // Two different ones: somebody planted one, and nobody can say which.
        let kept = match cookie::named(headers, name(secure)) {
            cookie::Found::Token(text) => Kept::read(&text),
            cookie::Found::Nothing | cookie::Found::Ambiguous => None,
        };
        Some(Self {
            kept,
            new,
            now_s: now_ms / 1000,
            secure,
        })
    }

    /// What to answer to a batch whose newest event is of `anonymous_id`.
    #[must_use]
    pub fn remember(self, anonymous_id: Option<&str>) -> Remembered {
        let Self {
            kept,
            new,
            now_s,
            secure,
        } = self;
        let restored = kept.as_ref().filter(|_| new);
        let anonymous_id = match restored {
            Some(kept) => Some(&*kept.anonymous_id),
            None => anonymous_id.filter(|id| is_kept(id)),
        };
        let fresh = |kept: &Kept| {
            // One set in the future is a planted one, or of a clock that was wrong: set anew.
            let age = now_s.checked_sub(kept.set_at_s);
            Some(&*kept.anonymous_id) == anonymous_id && age.is_some_and(|age| age < RENEW_AFTER_S)
        };
        let cookie = match anonymous_id {
            Some(id) if !kept.as_ref().is_some_and(fresh) => {
                let (name, attributes) = (name(secure), attributes(secure));
                let text = format!("{name}={now_s}.{id}; Max-Age={MAX_AGE_S}; {attributes}");
                HeaderValue::try_from(text).ok()
            }
            _ => None,
        };
        Remembered {
            anonymous_id: restored.map(|kept| kept.anonymous_id.clone()),
            cookie,
        }
    }
}

impl Kept {
    fn read(text: &str) -> Option<Self> {
        let (seconds, id) = text.split_once('.')?;
        let kept = Self {
            anonymous_id: id.to_owned(),
            set_at_s: seconds.parse().ok()?,
        };
        is_kept(id).then_some(kept)
    }
}

/// Ids of other shapes than trackers make are not put into a cookie: none of these characters has a
/// meaning in a header.
fn is_kept(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    const NOW_MS: u64 = 1_767_323_046_000;

    fn visit(cookies: &str, storage: &str) -> Option<Visit> {
        let headers = HeaderMap::from_iter([(header::COOKIE, cookies.parse().unwrap())]);
        Visit::of(&headers, Sender::Friend, Some(storage), NOW_MS, false)
    }

    fn set(remembered: &Remembered) -> &str {
        let cookie = remembered.cookie.as_ref();
        cookie.map_or("", |cookie| cookie.to_str().unwrap())
    }

    #[test]
    fn it_is_set_once_and_again_after_a_day() {
        let first = visit("a=b", "granted").unwrap().remember(Some("id-1"));
        assert_eq!(
            set(&first),
            "clickstream_visitor=1767323046.id-1; Max-Age=34128000; Path=/; HttpOnly; SameSite=Lax"
        );
        assert_eq!(first.anonymous_id, None);
        for (set_at, again) in [
            (1_767_323_046, false),
            (1_767_323_046 - 86_399, false),
            (1_767_323_046 - 86_400, true),
            (1_767_323_047, true),
        ] {
            let cookie = format!("clickstream_visitor={set_at}.id-1");
            let remembered = visit(&cookie, "granted").unwrap().remember(Some("id-1"));
            assert_eq!(remembered.cookie.is_some(), again, "{set_at}");
        }
    }

    #[test]
    fn another_id_takes_its_place_unless_the_tracker_has_only_just_made_it() {
        let cookie = "clickstream_visitor=1767323000.old";
        let changed = visit(cookie, "granted").unwrap().remember(Some("id-2"));
        assert!(set(&changed).contains(".id-2;"));
        assert_eq!(changed.anonymous_id, None);
        let restored = visit(cookie, "new").unwrap().remember(Some("id-2"));
        assert_eq!(restored.anonymous_id.as_deref(), Some("old"));
        assert_eq!(restored.cookie, None);
        // Nothing to restore: what was made is kept.
        let made = visit("a=b", "new").unwrap().remember(Some("id-2"));
        assert!(made.anonymous_id.is_none() && set(&made).contains(".id-2;"));
        // A batch of rejected events says no id.
        assert_eq!(
            visit(cookie, "granted").unwrap().remember(None),
            Remembered::default()
        );
    }

    #[test]
    fn what_is_no_id_is_neither_set_nor_read() {
        let long = "x".repeat(101);
        for id in ["", "a b", "a;b", "a\"b", "\u{e9}", "a,b", "a\r\nb", &long] {
            let remembered = visit("a=b", "granted").unwrap().remember(Some(id));
            assert_eq!(remembered, Remembered::default(), "{id:?}");
        }
        for cookie in [
            "x.id",
            "12",
            ".id",
            "1767323000.",
            "1767323000.a b",
            "-1.id",
        ] {
            let cookie = format!("clickstream_visitor={cookie}");
            let restored = visit(&cookie, "new").unwrap().remember(None);
            assert_eq!(restored.anonymous_id, None, "{cookie}");
        }
        let two = "clickstream_visitor=1767323000.a; clickstream_visitor=1767323000.b";
        let restored = visit(two, "new").unwrap().remember(None);
        assert_eq!(restored.anonymous_id, None);
    }

    #[test]
    fn who_did_not_agree_is_not_remembered() {
        assert!(visit("a=b", "denied").is_none());
        assert!(visit("a=b", "").is_none());
        let headers = HeaderMap::new();
        let of = |headers: &HeaderMap, from, storage| Visit::of(headers, from, storage, 0, true);
        assert!(of(&headers, Sender::Nowhere, None).is_none());
        assert!(of(&headers, Sender::Stranger, Some("granted")).is_none());
        assert!(of(&headers, Sender::Nowhere, Some("granted")).is_some());
        let gpc = http::HeaderName::from_static("sec-gpc");
        let private = HeaderMap::from_iter([(gpc, HeaderValue::from_static("1"))]);
        assert!(of(&private, Sender::Friend, Some("granted")).is_none());
    }
}
