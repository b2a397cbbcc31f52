//! Settings: attributes of the script tag (`data-write-key`), or members of an object (`writeKey`).

/// How a setting is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Any text; it has to be there.
    Needed,
    /// Any text.
    Text,
    /// Texts with spaces between them; a list where there are lists.
    Texts,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words, with spaces between them; a list where there are lists.
    Words(&'static [&'static str]),
    /// There or not, or one of these words.
    Flag(&'static [&'static str]),
}

words! { Kind;
    /// Which source the events belong to.
    WRITE_KEY = "writeKey", Kind::Needed;
    /// Where the relay is; without it, the script's origin, or the page's where there is no script tag.
    ENDPOINT = "endpoint", Kind::Text;
    /// Who is signed in on this page: a claim, which the relay believes only with a signed token.
    USER_ID = "userId", Kind::Text;
    /// Which subjects are recorded without a call; all of them but `rage` and `dead` where it is not set.
    /// From `vitals` on they are the full edition's.
    CAPTURE = "capture", Kind::Words(&[
        "pages", "clicks", "links", "forms", "leave", "rage", "vitals", "errors", "dead", "visible",
    ]);
    /// Names of query parameters that say what somebody has searched for (full edition).
    SEARCH = "search", Kind::Texts;
    /// What makes another page of a single-page application; without it path, query and hash routes.
    PAGE_BY = "pageBy", Kind::Word(&["path", "query", "hash"]);
    /// A single-page application's routes, such as `/books/:id`; the first that fits is
    /// `context.page.route`.
    ROUTES = "routes", Kind::Texts;
    /// Where a visitor has to be asked: until the decision events are held in memory, or dropped.
    CONSENT = "consent", Kind::Word(&["hold", "drop"]);
    /// Which of the browser's signals are honoured: Global Privacy Control alone where it is not set.
    PRIVACY = "privacy", Kind::Words(&["gpc", "dnt"]);
    /// `none`: nothing is ever stored, ids live as long as the page.
    STORAGE = "storage", Kind::Word(&["none"]);
    /// A CSS selector: what it matches is told of without text and `href`.
    MASK = "mask", Kind::Text;
    /// `none`: no text of any element and no title.
    TEXT = "text", Kind::Word(&["none"]);
    /// Names of query parameters whose values become `redacted`, beside the usual secret ones.
    REDACT = "redact", Kind::Texts;
    /// Where the browser can (`fetchLater`), it is told after each event what to send if the page dies
    /// without a word: what waits is sent also when the visitor never comes back.
    LATER = "later", Kind::Flag(&[]);
    /// The document gets a `clickstream` event for every step of every event; `console` also
    /// explains each in the browser's console.
    DEBUG = "debug", Kind::Flag(&["console"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the constants above, as the sources have them.
    fn constants() -> Vec<String> {
        let source = include_str!("setting.rs");
        let lines = source.lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("    ")?.split_once(" = \"")?;
            rest.contains("Kind::").then(|| name.to_owned())
        });
        lines.collect()
    }

    #[test]
    fn no_setting_is_promised_that_nobody_reads() {
        let readers = concat!(
            include_str!("../settings.rs"),
            include_str!("../options.rs"),
            include_str!("../tracker.rs")
        );
        assert_eq!(constants().len(), ALL.len());
        for name in constants() {
            assert!(readers.contains(&format!("setting::{name}")), "{name}");
        }
    }

    /// `data-page-by` of `pageBy`.
    fn attribute(word: &str) -> String {
        let mut attribute = String::from("data-");
        for letter in word.chars() {
            if letter.is_ascii_uppercase() {
                attribute.push('-');
            }
            attribute.push(letter.to_ascii_lowercase());
        }
        attribute
    }

    #[test]
    fn the_readme_has_a_row_for_each_setting_and_no_other() {
        let readme = include_str!("../../README.md");
        let rows = readme.lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("| `data-")?.split_once('`')?;
            Some(format!("data-{name}"))
        });
        let settings: Vec<String> = ALL.iter().map(|setting| attribute(setting.word)).collect();
        assert_eq!(rows.collect::<Vec<_>>(), settings);
    }

    #[test]
    fn each_word_of_a_setting_means_something() {
        use crate::{
            consent::Decision,
            options::{Options, PageBy, Watched},
        };
        for setting in ALL {
            match (setting.word, setting.more) {
                (CAPTURE, Kind::Words(words)) => {
                    for word in words {
                        let of = Options::of(Some(word), "");
                        let full = Watched::of(Some(word));
                        let chosen = [of.pages, of.clicks, of.links, of.forms, of.leave, of.rage];
                        let full = [full.vitals, full.errors, full.dead, full.visible];
                        let chosen = chosen.iter().chain(&full).filter(|chosen| **chosen);
                        assert_eq!(chosen.count(), 1, "{word}");
                    }
                }
                (PAGE_BY, Kind::Word(words)) => {
                    for word in words {
                        assert_ne!(Options::of(None, word).page_by, PageBy::Route, "{word}");
                    }
                }
                (CONSENT, Kind::Word(words)) => {
                    for word in words {
                        let state = Decision::open(word, None).state();
                        assert_ne!(state, Decision::open("", None).state(), "{word}");
                    }
                }
                _ => {}
            }
        }
    }
}
