//! Signing in as one of the demo's readers, and out again.
//!
//! Signing in makes the token that tells the relay who it is: the only thing
//! by which it believes a user id from a browser.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use clickstream_relay::identity::token::{self, Claims};
use maud::html;
use serde::Deserialize;

use super::{go, show};
use crate::failure::Failure;
use crate::routes::{Action, Page};
use crate::shop::{Shared, Shop};
use crate::store::sessions::{self, LIFETIME_SECONDS};
use crate::store::wishes;
use crate::visitor::{self, Visitor};

/// The cookie that the relay reads.
const PLAIN: &str = "clickstream_user";
const SECURE: &str = "__Host-clickstream_user";

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Onward {
    #[serde(default)]
    next: String,
}

impl Onward {
    /// A page of the shop, whatever was asked for: nobody is sent to another site.
    fn page(&self) -> Page {
        Page::parse(&self.next).unwrap_or(Page::Home)
    }
}

/// The form on the page.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    reader: u32,
    #[serde(default)]
    next: String,
}

/// `GET /sign-in`
pub async fn page(
    State(shop): State<Shared>,
    Query(onward): Query<Onward>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let main = html! {
        main #main tabindex="-1" {
            div.heading {
                h1 { "Who are you today?" }
                p { "Twenty readers live in this demo. Choose one; there are no passwords." }
            }
            form method="post" action=(Action::SignIn.path()) {
                input type="hidden" name="next" value=(onward.page().path());
                ul.readers {
                    @for reader in shop.catalogue.readers() {
                        li {
                            button type="submit" name="reader" value=(reader.id) {
                                span.name { (reader.name) }
                                span.about { (reader.about) }
                            }
                        }
                    }
                }
            }
        }
    };
    show(&shop, &visitor, &Page::SignIn, Vec::new(), main).await
}

/// `POST /sign-in`
pub async fn sign_in(
    State(shop): State<Shared>,
    visitor: Visitor,
    Form(form): Form<Chosen>,
) -> Result<Response, Failure> {
    let reader = shop
        .catalogue
        .reader(form.reader)
        .ok_or(Failure::NotFound)?
        .id;
    let onward = Onward { next: form.next }.page();
    let (session, _) = visitor.enter(&shop).await?;
    // A new id: whoever knew the old one from before knows nothing now.
    let fresh = shop.fresh_id();
    let now_ms = shop.clock.now_ms();
    let cookies = [
        visitor::session_cookie(&shop, &fresh),
        token_cookie(&shop, reader, now_ms / 1000),
    ];
    let work = move |db: &rusqlite::Connection| {
        if session.reader.is_none() {
            wishes::hand_over(db, &session.id, &format!("reader-{reader}"))?;
        }
        sessions::sign_in(db, &session.id, &fresh, reader, now_ms)
    };
    shop.store.call(work).await?;
    Ok(go(&onward, cookies))
}

/// `POST /sign-out`
pub async fn sign_out(State(shop): State<Shared>, visitor: Visitor) -> Result<Response, Failure> {
    if let Some(session) = visitor.session {
        shop.store
            .call(move |db| sessions::forget(db, &session.id))
            .await?;
    }
    let cookies = [
        visitor::set_cookie(&shop, token_name(&shop), "", 0),
        visitor::forget_session(&shop),
    ];
    Ok(go(&Page::Home, cookies))
}

fn token_name(shop: &Shop) -> &'static str {
    if shop.https { SECURE } else { PLAIN }
}

fn token_cookie(shop: &Shop, reader: u32, now_s: u64) -> String {
    let claims = Claims {
        sub: reader.to_string(),
        auth_time: now_s,
        exp: now_s + LIFETIME_SECONDS,
    };
    let token = token::sign(&shop.key, &claims);
    visitor::set_cookie(shop, token_name(shop), &token, LIFETIME_SECONDS)
}
