//! Calls: before the script, by method and by push, with options; who the page claims.

use serde_json::{Value, json};

use crate::tracker::{apart, on, open, ready, told};

#[tokio::test(flavor = "multi_thread")]
async fn complaint_29_calls_are_taken_before_the_script_by_method_and_by_push() -> anyhow::Result<()>
{
    let (site, browser) = on("/calls").await?;
    browser
        .run(
            "clickstream.track('By Method', {price: 12.5, deep: {list: [1, 'é', null]}});
             clickstream.push(['track', 'By Push', {half: 'a\\ud83d', whole: '\\ud83d\\ude00'}], ['track', 'By Push Too']);
             clickstream.track('With Options', null, {messageId: 'mine', timestamp: new Date(0)});
             clickstream.identify(45, {plan: 'free'});
             clickstream.group('readers', {size: 20});
             clickstream.alias('46', '45');
             clickstream.flush();",
        )
        .await?;
    let events = site
        .wait_for("all calls", |events| events.len() >= 9)
        .await?;
    browser.close().await?;
    assert_eq!(
        told(&events),
        [
            "page load calls",
            "track Before Load",
            "track By Method",
            "track By Push",
            "track By Push Too",
            "track With Options",
            "identify 45",
            "group 45",
            "alias 46",
        ]
    );
    assert_eq!(
        events[1]["properties"],
        json!({"nested": {"list": [1, 2.5]}})
    );
    assert_eq!(
        events[2]["properties"],
        json!({"price": 12.5, "deep": {"list": [1, "é", null]}})
    );
    assert_eq!(
        events[3]["properties"],
        json!({"half": "a\u{fffd}", "whole": "😀"})
    );
    // analytics-next#370: a caller's message id is kept.
    assert_eq!(events[5]["messageId"], "mine");
    assert_eq!(events[5]["originalTimestamp"], "1970-01-01T00:00:00.000Z");
    assert_eq!(events[6]["traits"], json!({"plan": "free"}));
    assert_eq!(
        (&events[7]["groupId"], &events[7]["traits"]),
        (&"readers".into(), &json!({"size": 20}))
    );
    assert_eq!(events[8]["previousId"], "45");
    assert_eq!(site.most_sent(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_throws_into_the_page_whatever_it_is_given() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    let thrown = browser
        .run(
            "const circle = {}; circle.self = circle;
             const bad = [undefined, null, circle, 10n, Symbol('s'), () => {}, [], '', NaN,
               {toJSON() { throw new Error('theirs') }}, {get a() { throw new Error('theirs') }}];
             const thrown = [];
             for (const name of Object.keys(clickstream)) {
               if (typeof clickstream[name] != 'function' || name == 'reset') continue;
               for (const one of bad) for (const two of [undefined, circle, bad[9]]) try {
                 clickstream[name](one, two, one);
                 clickstream.push([name, one, two], one);
               } catch (error) { thrown.push(name + ': ' + error) }
             }
             clickstream.track('Circle', circle);
             clickstream.track('After');
             return thrown",
        )
        .await?;
    let events = site
        .wait_for("the last call", |events| {
            told(events).contains(&"track After".to_owned())
        })
        .await?;
    browser.close().await?;
    assert_eq!(thrown, json!([]));
    let circle = events.iter().find(|event| event["event"] == "Circle");
    assert_eq!(circle.unwrap().get("properties"), None);
    assert_eq!(site.most_sent(), 1);
    Ok(())
}

/// What the lake's join rests on: one browser id before the login, the same at `identify`,
/// another after `reset`.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_signed_in_page_identifies_and_reset_ends_it() -> anyhow::Result<()> {
    let (site, browser) = apart().await?;
    for page in ["/reader", "/reader?45", "/reader?45", "/reader"] {
        open(&site, &browser, page).await?;
        browser.click("#next").await?;
        ready(&browser).await?;
    }
    browser
        .run("clickstream.reset(); clickstream.track('After Reset')")
        .await?;
    let events = site
        .wait_for("the last call", |events| {
            told(events).contains(&"track After Reset".to_owned())
        })
        .await?;
    // What earlier pages left to be sent is theirs until a database has it, which may be slow.
    let kept = browser
        .run("return Object.keys(localStorage).filter((name) => !name.startsWith('clickstream.kept.')).sort()")
        .await?;
    browser.close().await?;
    let joins: Vec<&Value> = events
        .iter()
        .filter(|event| event["type"] == "identify")
        .collect();
    assert_eq!(joins.len(), 2, "once a login: {:?}", told(&events));
    let first = &events[0]["anonymousId"];
    for event in &events {
        let after = event["event"] == "After Reset";
        assert_eq!(&event["anonymousId"] == first, !after, "{event}");
        let signed_in = event["context"]["page"]["search"] == "?45";
        let claim = if signed_in { json!("45") } else { Value::Null };
        assert_eq!(
            event.get("userId").unwrap_or(&Value::Null),
            &claim,
            "{event}"
        );
    }
    // Those of whoever comes next.
    assert_eq!(
        kept,
        json!([
            "clickstream.anonymous",
            "clickstream.first",
            "clickstream.session"
        ])
    );
    let forgotten = site
        .taken()
        .iter()
        .filter(|taken| taken.path == "/v1/forget")
        .count();
    assert_eq!(forgotten, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_with_the_batches_until_reset() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    browser
        .run("clickstream.setUserToken('a.b.c'); clickstream.track('With'); clickstream.flush()")
        .await?;
    site.wait_for("the first", |events| {
        told(events).contains(&"track With".to_owned())
    })
    .await?;
    browser
        .run("clickstream.reset(); clickstream.track('Without'); clickstream.flush()")
        .await?;
    site.wait_for("the second", |events| {
        told(events).contains(&"track Without".to_owned())
    })
    .await?;
    browser.close().await?;
    for taken in site
        .taken()
        .iter()
        .filter(|taken| taken.path == "/v1/batch")
    {
        let names = taken.body["batch"].to_string();
        let token = &taken.body["userToken"];
        assert_eq!(token == "a.b.c", names.contains("\"With\""), "{names}");
    }
    Ok(())
}

/// The document of a page with `data-debug` is told what becomes of each event; a listener
/// may call us again.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_asks_is_told_what_becomes_of_its_events() -> anyhow::Result<()> {
    let (site, browser) = on("/calls").await?;
    browser
        .run(
            "window.news = [];
             document.addEventListener('clickstream', ({detail}) => {
               news.push([JSON.parse(detail.line).event, detail.state, detail.messageId]);
               if (detail.messageId == 'a' && detail.state == 'acknowledged')
                 clickstream.track('B', {}, {messageId: 'b'});
             });
             clickstream.track('A', {}, {messageId: 'a'});",
        )
        .await?;
    let news = browser
        .wait_for(
            "the second to be acknowledged",
            "return news.some(([, state, id]) => id == 'b' && state == 'acknowledged')
               && news.filter(([name]) => name == 'A' || name == 'B')",
        )
        .await?;
    browser.wait_for_element("#button").await?;
    browser.close().await?;
    let all = |name: &str, id: &str| {
        ["queued", "sent", "acknowledged"]
            .map(|state| json!([name, state, id]))
            .to_vec()
    };
    assert_eq!(news, Value::Array([all("A", "a"), all("B", "b")].concat()));
    assert_eq!(site.most_stored(), 1);
    Ok(())
}
