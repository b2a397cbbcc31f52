//! What a page that ends leaves to the next, in `localStorage`: there, and only there, a write in
//! a page's last handler is always done. Each page has a name of its own, so that tabs that are
//! closed together do not write over each other.

use clickstream_event::text::joined;

use super::{Store, browser::BrowserStore};

const PREFIX: &str = "clickstream.kept.";

/// Leaves a text under a page's name, or takes it back when it is empty.
pub fn leave(page: &str, text: &str) {
    let name = joined(&[PREFIX, page]);
    // Full: the beacon was the first way, and the database the second.
    match text {
        "" => BrowserStore.remove(&name),
        text => BrowserStore.set(&name, text),
    }
}

/// What is there, and under which names.
pub fn found() -> (Vec<String>, String) {
    let (mut pages, mut texts) = (Vec::new(), String::new());
    let mut at = 0;
    while let Some(name) = BrowserStore.name(at) {
        at += 1;
        if let Some(page) = name.strip_prefix(PREFIX) {
            pages.push(page.to_owned());
            texts.push_str(&BrowserStore.get(&name).unwrap_or_default());
        }
    }
    (pages, texts)
}
