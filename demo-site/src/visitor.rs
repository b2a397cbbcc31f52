//! Who asks: the session of a request's cookie, and the cookies of an answer.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;

use crate::failure::Failure;
use crate::shop::{Shared, Shop};
use crate::store::sessions::{self, LIFETIME_SECONDS, Session};

/// The session's cookie. Under https the `__Host-` name keeps subdomains out of it.
const PLAIN: &str = "shop_session";
const SECURE: &str = "__Host-shop_session";

/// Who asks. Nobody has a session before the first form they send.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The session, if there is one.
    pub session: Option<Session>,
}

impl Visitor {
    /// The reader who is signed in.
    pub fn reader(&self) -> Option<u32> {
        let (reader, _) = self.session.as_ref()?.reader?;
        Some(reader)
    }

    /// Whose wishes and likes are shown.
    pub fn owner(&self) -> String {
        self.session
            .as_ref()
            .map(Session::owner)
            .unwrap_or_default()
    }

    /// Copies in the basket.
    pub fn copies(&self) -> u32 {
        self.session.as_ref().map_or(0, |session| session.copies)
    }

    /// The session, begun now if there was none; then with its cookie.
    pub async fn enter(self, shop: &Shop) -> Result<(Session, Option<String>), Failure> {
        if let Some(session) = self.session {
            return Ok((session, None));
        }
        let id = shop.fresh_id();
        let cookie = session_cookie(shop, &id);
        let cart = shop.fresh_number("cart");
        let now_ms = shop.clock.now_ms();
        let found = shop
            .store
            .call(move |db| {
                sessions::create(db, &id, &cart, now_ms)?;
                sessions::find(db, &id)
            })
            .await?;
        let session = found.ok_or(Failure::NotFound)?;
        Ok((session, Some(cookie)))
    }
}

impl FromRequestParts<Shared> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shop: &Shared) -> Result<Self, Failure> {
        let name = if shop.https { SECURE } else { PLAIN };
        let Some(id) = cookie(&parts.headers, name).filter(|id| is_id(id)) else {
            return Ok(Self { session: None });
        };
        let now_ms = shop.clock.now_ms();
        let session = shop.store.call(move |db| sessions::find(db, &id)).await?;
        let session = session.map(|session| Session {
            // The token ends with the sign-in: a page must not claim longer than the token says.
            reader: session
                .reader
                .filter(|(_, since)| now_ms < since + LIFETIME_SECONDS * 1000),
            ..session
        });
        Ok(Self { session })
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The cookie that keeps a session.
pub fn session_cookie(shop: &Shop, id: &str) -> String {
    let name = if shop.https { SECURE } else { PLAIN };
    set_cookie(shop, name, id, LIFETIME_SECONDS)
}

/// A cookie for this site alone that scripts cannot read; with age 0 it is removed.
pub fn set_cookie(shop: &Shop, name: &str, value: &str, max_age: u64) -> String {
    let secure = if shop.https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}")
}

/// Removes the session's cookie.
pub fn forget_session(shop: &Shop) -> String {
    let name = if shop.https { SECURE } else { PLAIN };
    set_cookie(shop, name, "", 0)
}
