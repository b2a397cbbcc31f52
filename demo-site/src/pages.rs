//! The pages, and what they have in common: head, header, footer, drawer.
//!
//! What a page is about stands in its one `main`; everything else is here.

pub mod account;
pub mod basket;
pub mod book;
pub mod card;
pub mod checkout;
pub mod department;
pub mod home;
pub mod lake;
pub mod order;
pub mod review;
pub mod search;
pub mod wishlist;

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

use crate::catalogue::{Book, BookId, Department};
use crate::failure::Failure;
use crate::routes::{Action, Page, SHOP};
use crate::says::Said;
use crate::shop::Shop;
use crate::store::sessions;
use crate::visitor::Visitor;

/// The book of a path.
fn book_of_path<'a>(shop: &'a Shop, id: &str) -> Result<&'a Book, Failure> {
    BookId::parse(id)
        .and_then(|id| shop.catalogue.book(id))
        .ok_or(Failure::NotFound)
}

/// Shows a page: `main` is its content, `said` what its being opened means.
pub async fn show(
    shop: &Shop,
    visitor: &Visitor,
    page: &Page,
    said: Vec<Said>,
    main: Markup,
) -> Result<Response, Failure> {
    let once = match &visitor.session {
        Some(session) => {
            let id = session.id.clone();
            let taken = shop.store.call(move |db| sessions::take_sayings(db, &id));
            taken.await?
        }
        None => Vec::new(),
    };
    let document = document(shop, visitor, page, &sayings(said, once), main);
    Ok(Html(document.into_string()).into_response())
}

/// What the page says, as `say.js` reads it: on every load, and once ever.
fn sayings(said: Vec<Said>, once: Vec<(String, Value)>) -> String {
    let load: Vec<Value> = said
        .into_iter()
        .map(|said| json!(["track", said.event, said.properties]))
        .collect();
    let once: Vec<Value> = once
        .into_iter()
        .map(|(id, call)| json!({ "id": id, "call": call }))
        .collect();
    // `<` is written so that no text in it can end the element that it stands in.
    json!({ "load": load, "once": once })
        .to_string()
        .replace('<', "\\u003c")
}

fn document(shop: &Shop, visitor: &Visitor, page: &Page, sayings: &str, main: Markup) -> Markup {
    let reader = visitor.reader().and_then(|id| shop.catalogue.reader(id));
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title(&shop.catalogue)) }
                link rel="preload" href="/static/fonts/young-serif.woff2" as="font" type="font/woff2" crossorigin;
                link rel="stylesheet" href="/static/shop.css";
                link rel="icon" href="/static/heron.svg" type="image/svg+xml";
                script type="application/json" id="sayings" { (PreEscaped(sayings)) }
                // These two run before the tracker, so that nothing it says is missed.
                script src="/static/say.js" {}
                script src="/static/drawer.js" {}
                script async src="/clickstream.js" data-write-key=(shop.write_key) data-debug
                    // As the bot without a browser makes them.
                    data-capture="pages clicks links"
                    data-user-id=[reader.map(|reader| reader.id)] {}
                script defer src="/static/shop.js" {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (header(visitor, page, reader.map(|reader| reader.name.as_str())))
                (main)
                (footer())
                (drawer())
            }
        }
    }
}

fn header(visitor: &Visitor, page: &Page, reader: Option<&str>) -> Markup {
    let words = if let Page::Search(words) = page {
        words
    } else {
        ""
    };
    let copies = visitor.copies();
    html! {
        header.top {
            div.bar {
                a.brand href=(Page::Home.path()) { (heron()) span { (SHOP) } }
                form.find action=(Page::Search(String::new()).path()) role="search" {
                    label.unseen for="q" { "Search the shelves" }
                    input #q type="search" name="q" value=(words) placeholder="Title, author, or a word you half remember";
                    button type="submit" { "Search" }
                }
                nav.mine aria-label="Yours" {
                    a href=(Page::Wishlist.path()) aria-current=[here(page, &Page::Wishlist)] { "Wish list" }
                    a href=(Page::Basket.path()) aria-current=[here(page, &Page::Basket)] {
                        "Basket"
                        @if copies > 0 { " " span.count { (copies) span.unseen { " books" } } }
                    }
                    @match reader {
                        Some(name) => {
                            a href=(Page::Orders.path()) aria-current=[here(page, &Page::Orders)] { (name) }
                            form.leave method="post" action=(Action::SignOut.path()) {
                                button.plain type="submit" { "Sign out" }
                            }
                        }
                        None => {
                            a href=(Page::SignIn.path()) aria-current=[here(page, &Page::SignIn)] { "Sign in" }
                        }
                    }
                }
            }
            nav.departments aria-label="Departments" {
                @for department in Department::ALL {
                    @let there = Page::Department(department);
                    a href=(there.path()) aria-current=[here(page, &there)]
                        data-clickstream-department=(department.slug()) { (department.name()) }
                }
            }
        }
    }
}

fn here(page: &Page, link: &Page) -> Option<&'static str> {
    (page == link).then_some("page")
}

/// The shop's sign: a heron, folded.
fn heron() -> Markup {
    html! {
        svg.heron viewBox="0 0 48 48" aria-hidden="true" focusable="false" {
            polygon.beak points="20,9 2,13 19,14" {}
            polygon.crest points="18,7 33,3 24,12" {}
            polygon.neck points="18,7 24,12 20,16 30,27 23,30 15,16" {}
            polygon.wing points="23,30 30,23 46,33 34,37" {}
            polygon.body points="23,30 34,37 28,38" {}
            polygon.leg points="28,38 30,38 29,47 27.5,47" {}
        }
    }
}

fn footer() -> Markup {
    html! {
        footer.foot {
            p {
                "None of these books exist, nobody ships anything, and no card is ever charged. "
                "What is real is the trail: every page and click here becomes an event, and you may "
                a href=(Page::InTheLake.path()) { "read yours in the lake" } "."
            }
        }
    }
}

/// The drawer's place; `drawer.js` fills it, and without script it stays away.
fn drawer() -> Markup {
    html! {
        aside #drawer.drawer data-clickstream-ignore aria-label="What this page just said" hidden {
            button #drawer-knob.knob type="button" aria-expanded="false" aria-controls="drawer-sheet" {
                span.wide { "What this page just said" }
                span.slim aria-hidden="true" { "Said" }
                " " span #drawer-count.tally { "0" }
            }
            section #drawer-sheet.sheet hidden aria-labelledby="drawer-title" {
                div.sheet-head {
                    h2 #drawer-title { "What this page just said" }
                    a href=(Page::InTheLake.path()) { "In the lake" }
                    button #drawer-clear.plain type="button" { "Clear" }
                    button #drawer-close.plain type="button" { "Close" }
                }
                ol #drawer-list.events {}
                p #drawer-empty { "Nothing yet. Click something." }
            }
        }
    }
}

/// The answer to a form: go and look at this page, perhaps with cookies.
pub fn go(page: &Page, cookies: impl IntoIterator<Item = String>) -> Response {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    let headers = answer.headers_mut();
    // Paths are percent-encoded and cookies made of hex and base64: both are plain ASCII.
    if let Ok(location) = HeaderValue::from_str(&page.path()) {
        headers.insert(LOCATION, location);
    }
    for cookie in cookies {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
    answer
}

/// Has the session's next page say something, once.
pub fn say_next(
    db: &rusqlite::Connection,
    session: &str,
    id: &str,
    said: &Said,
) -> rusqlite::Result<()> {
    let call = json!(["track", said.event, said.properties]);
    sessions::say(db, session, id, &call)
}
