//! "In the lake": the visitor's own folder, as the relay has written it.

use axum::extract::{Query, State};
use axum::response::Response;
use clickstream_event::id::{UserId, visitor_id};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::show;
use crate::failure::Failure;
use crate::lake::{self, Folder, Object};
use crate::routes::Page;
use crate::shop::{Shared, Shop};
use crate::store::StoreError;
use crate::visitor::Visitor;

/// Which visitor asks: `shop.js` adds the browser's own id, which the folder is named after.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// The tracker's `anonymousId`.
    anonymous: Option<String>,
    /// Or the folder's name itself, `visitor-` and 32 hex digits.
    visitor: Option<String>,
}

/// `GET /in-the-lake`
pub async fn page(
    State(shop): State<Shared>,
    Query(asked): Query<Asked>,
    visitor: Visitor,
) -> Result<Response, Failure> {
    let reader = visitor.reader().and_then(|id| shop.catalogue.reader(id));
    let signed_in = reader.and_then(|reader| UserId::new(&reader.id.to_string()).ok());
    let anonymous = asked.user(&shop.source);
    let (named, unnamed) = (signed_in.clone(), anonymous.clone());
    let Some(root) = shop.lake.clone() else {
        return elsewhere(&shop, &visitor).await;
    };
    let shown = root.display().to_string();
    let reading = tokio::task::spawn_blocking(move || {
        let read = |user: Option<UserId>| user.map(|user| lake::read(&root, &user)).transpose();
        Ok::<_, std::io::Error>((read(named)?, read(unnamed)?))
    });
    let (named, unnamed) = reading.await.map_err(|_| StoreError::Closing)??;
    let main = html! {
        main #main tabindex="-1" {
            div.heading {
                h1 { "In the lake" }
                p {
                    "What you did here, as it lies in " code { "raw/" } " under "
                    code { (shown) } ": one JSON object a line, one folder a user. "
                    "A click takes a second or two to arrive."
                }
            }
            div #lake data-refresh aria-live="off" {
                @if let Some(folder) = &named {
                    (folder_of(reader.map_or("You", |reader| &reader.name), folder))
                }
                @if let Some(folder) = &unnamed {
                    (folder_of(if named.is_some() { "You, before you signed in" } else { "You, as a visitor" }, folder))
                }
                @if named.is_none() && unnamed.is_none() {
                    section.folder {
                        h2 { "Nobody known yet" }
                        p { "Visitors' folders are named after an id that only your browser has: with scripts on, they appear here by themselves. Or sign in." }
                    }
                }
            }
        }
    };
    show(&shop, &visitor, &Page::InTheLake, Vec::new(), main).await
}

/// The events of this shop go to another sink.
async fn elsewhere(shop: &Shop, visitor: &Visitor) -> Result<Response, Failure> {
    let main = html! {
        main #main tabindex="-1" {
            div.heading {
                h1 { "In the lake" }
                p { "This shop's events leave the machine, so there is no folder to look into. Start it with " code { "--sink lake" } " to see yours here." }
            }
        }
    };
    show(shop, visitor, &Page::InTheLake, Vec::new(), main).await
}

impl Asked {
    /// The visitor's id, if what was asked is one; nothing else is ever looked up.
    fn user(&self, source: &str) -> Option<UserId> {
        if let Some(anonymous) = &self.anonymous {
            return Some(visitor_id(source, anonymous));
        }
        let visitor = self.visitor.as_deref()?;
        let hex = visitor.strip_prefix("visitor-")?;
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let good = hex.len() == 32 && hex.bytes().all(lower_hex);
        good.then(|| UserId::new(visitor).ok())?
    }
}

fn folder_of(whose: &str, folder: &Folder) -> Markup {
    let lines: usize = folder.objects.iter().map(|object| object.lines.len()).sum();
    html! {
        section.folder {
            h2 { (whose) }
            p.key { code { (folder.prefix) } }
            @if folder.objects.is_empty() {
                p { "Nothing has arrived yet. This page looks again by itself." }
            } @else {
                p.note {
                    (lines) " events in " (folder.objects.len()) " objects, newest first"
                    @if folder.older > 0 { "; " (folder.older) " older ones are not shown" } "."
                }
                @for object in &folder.objects { (object_of(object)) }
            }
        }
    }
}

fn object_of(object: &Object) -> Markup {
    html! {
        div.object {
            h3.key { code { (object.key) } span { (object.bytes) " bytes" } }
            ul.events {
                @for line in &object.lines { li { (line_of(line)) } }
            }
        }
    }
}

fn line_of(line: &Value) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&line["type"]);
    let name = match line["event"].as_str() {
        Some(event) => event.to_owned(),
        None => kind.clone(),
    };
    let path = text(&line["context"]["page"]["path"]);
    let clicked = &line["properties"]["element"]["text"];
    let id = text(&line["messageId"]);
    let time = text(&line["timestamp"]);
    html! {
        // The id lets a refresh keep open what was open.
        details id={ "line-" (id) } {
            summary {
                time datetime=(time) { (time.get(11..19).unwrap_or_default()) }
                strong { (name) }
                @if let Some(clicked) = clicked.as_str() { span { "“" (clicked) "”" } }
                span.where { (path) }
            }
            pre { (serde_json::to_string_pretty(line).unwrap_or_default()) }
        }
    }
}
