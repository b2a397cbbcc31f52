//! The main story: a person browses the bookstore, and what they did lies in the lake, each
//! thing once, under who they were.

use std::collections::BTreeSet;

use clickstream_event::time::Timestamp;
use clickstream_lab::browser::Browser;
use clickstream_lab::lake::{Line, check_books};
use clickstream_lab::shop::Shop;
use serde_json::{Value, json};

/// A person who remembers what they clicked and where it led.
struct Person<'a> {
    browser: &'a Browser,
    /// The text of each element clicked, without spaces.
    clicked: Vec<String>,
    /// The path of each page seen, in order.
    seen: Vec<String>,
}

impl Person<'_> {
    async fn opens(&mut self, url: &str) -> anyhow::Result<()> {
        self.browser.goto(url).await?;
        self.arrived().await
    }

    async fn arrived(&mut self) -> anyhow::Result<()> {
        self.browser
            .wait_for(
                "the tracker",
                "return typeof window.clickstream?.track === 'function'",
            )
            .await?;
        let path = self.browser.run("return location.pathname").await?;
        self.seen.push(path.as_str().unwrap_or_default().to_owned());
        Ok(())
    }

    /// Clicks what a selector finds and waits until that has led somewhere: another
    /// document, or another address by the history.
    async fn clicks(&mut self, selector: &str) -> anyhow::Result<()> {
        self.browser.wait_for_element(selector).await?;
        let remember = format!(
            "window.here = location.href;
             const e = document.querySelector({});
             const shown = e.cloneNode(true);
             shown.querySelectorAll('[data-clickstream-ignore]').forEach(part => part.remove());
             return shown.textContent.replace(/\\s+/g, '')",
            json!(selector)
        );
        let text = self.browser.run(&remember).await?;
        self.browser.click(selector).await?;
        self.browser
            .wait_for(
                &format!("{selector} to lead somewhere"),
                "return document.readyState === 'complete' && window.here !== location.href",
            )
            .await?;
        let text: String = text.as_str().unwrap_or_default().chars().take(60).collect();
        self.clicked.push(text);
        self.arrived().await
    }
}

fn clicks_in(lines: &[&Line]) -> Vec<String> {
    lines
        .iter()
        .filter(|line| line.json["event"] == "Element Clicked")
        .map(|line| {
            let text = line.json["properties"]["element"]["text"]
                .as_str()
                .unwrap_or_default();
            text.split_whitespace()
                .collect::<String>()
                .chars()
                .take(60)
                .collect()
        })
        .collect()
}

fn pages_in(lines: &[&Line]) -> Vec<String> {
    lines
        .iter()
        .filter(|line| line.json["type"] == "page")
        .map(|line| {
            line.json["context"]["page"]["path"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lies_in_the_lake_each_thing_once() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let browser = Browser::start().await?;
    let mut person = Person {
        browser: &browser,
        clicked: Vec::new(),
        seen: Vec::new(),
    };
    person.opens(&shop.url).await?;
    person.clicks("main a[href^='/departments/']").await?;
    person.clicks("main a[href^='/books/']").await?;
    // A like of the book, the origin's `liked_item`; its reviews, and a like of one of them.
    person
        .clicks("main form[action$='/like'] button[type='submit']")
        .await?;
    person.clicks("#tabs nav a[href$='/reviews']").await?;
    person
        .clicks("article.review form[action$='/like'] button")
        .await?;
    person.clicks("header a[href^='/sign-in']").await?;
    person
        .clicks("main button[name='reader'][value='7']")
        .await?;
    person
        .opens(&format!("{}/departments/{}", shop.url, "stories"))
        .await?;
    person.clicks("main a[href^='/books/']").await?;
    person
        .clicks("main form[action='/basket/add'] button")
        .await?;
    person.opens(&format!("{}/basket", shop.url)).await?;
    person.clicks("main a[href='/checkout']").await?;
    for (field, typed) in [
        ("name", "Ada Typed"),
        ("street", "1 Secret Lane"),
        ("city", "Hiddenton"),
        ("postcode", "AB1 2CD"),
    ] {
        browser
            .run(&format!("document.getElementById('{field}').value = ''"))
            .await?;
        browser.type_into(&format!("#{field}"), typed).await?;
    }
    person
        .clicks("main form[action='/checkout'] button[type='submit']")
        .await?;
    for (field, typed) in [
        ("holder", "Ada Typed"),
        ("card", "4242424242424242"),
        ("expiry", "12/34"),
        ("code", "123"),
    ] {
        browser.type_into(&format!("#{field}"), typed).await?;
    }
    person
        .clicks("main form[action='/checkout/payment'] button[type='submit']")
        .await?;
    let (clicked, seen) = (person.clicked, person.seen);
    assert!(seen.last().unwrap().starts_with("/orders/"), "{seen:?}");

    let events = shop.lake.wait_for("the whole session", |events| {
        let all: Vec<&Line> = events.iter().collect();
        clicks_in(&all).len() >= clicked.len()
            && pages_in(&all).len() >= seen.len()
            && events
                .iter()
                .any(|line| line.json["event"] == "Order Completed")
    })?;
    browser.close().await?;
    check_books(&events)?;
    let mut all: Vec<&Line> = events.iter().collect();
    all.sort_by_key(|line| {
        line.json["originalTimestamp"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    });

    assert_eq!(pages_in(&all), seen, "page views are the navigations");
    assert_eq!(
        clicks_in(&all),
        clicked,
        "clicks one to one with what was clicked"
    );

    // One visitor before the login, joined to the reader by `identify`.
    let anonymous: BTreeSet<&str> = all
        .iter()
        .filter_map(|line| line.json["anonymousId"].as_str())
        .collect();
    assert_eq!(anonymous.len(), 1, "{anonymous:?}");
    let folders: BTreeSet<&str> = all.iter().filter_map(|line| line.folder()).collect();
    assert_eq!(folders.len(), 2, "{folders:?}");
    assert!(folders.contains("7"), "{folders:?}");
    assert!(
        folders.iter().any(|folder| folder.starts_with("visitor-")),
        "{folders:?}"
    );
    let joins: Vec<&&Line> = all
        .iter()
        .filter(|line| line.json["type"] == "identify")
        .collect();
    assert_eq!(joins.len(), 1, "{joins:?}");
    assert_eq!(joins[0].folder(), Some("7"));
    // What happened before the login and was sent after it is the visitor's, but for the
    // leeway of five seconds (and the second that a token's `auth_time` is rounded to).
    let at = |line: &Line| {
        let text = line.json["originalTimestamp"].as_str().unwrap_or_default();
        Timestamp::parse(text).map_or(0, Timestamp::ms)
    };
    let signed_in = at(joins[0]);
    for line in &all {
        assert!(
            line.folder() != Some("7") || at(line) > signed_in - 7_000,
            "before the login: {}",
            line.json
        );
    }
    assert_eq!(
        all.iter()
            .filter(|line| line.json["event"] == "Order Completed")
            .count(),
        1
    );
    for event in [
        "Product Added to Wishlist",
        "Payment Info Entered",
        "Product Clicked",
    ] {
        let said = all
            .iter()
            .filter(|line| line.json["event"] == event)
            .count();
        assert!(said >= 1, "{event} is missing");
    }
    assert!(
        all.iter()
            .all(|line| line.json["relay"]["traffic"] == "bot"),
        "a driven browser is said to be one"
    );

    // What was typed is nowhere. Four digits alone are in many an id.
    let everything: String = all.iter().map(|line| line.json.to_string()).collect();
    for typed in [
        "Ada Typed",
        "Secret Lane",
        "Hiddenton",
        "42424242",
        "AB1 2CD",
    ] {
        assert!(!everything.contains(typed), "{typed} was captured");
    }
    // And each event is nested, as its page was.
    assert!(
        all.iter()
            .all(|line| matches!(line.json["context"]["page"], Value::Object(_)))
    );
    Ok(())
}
