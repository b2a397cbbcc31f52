//! The live view in a real browser: strangers' texts stay texts, and what it shows is what happened.

use clickstream_lab::browser::Browser;
use clickstream_lab::http;
use clickstream_lab::relay::Relay;
use serde_json::{Value, json};

/// What somebody sends who wants a script to run in an operator's browser.
const ATTACKS: [&str; 7] = [
    "<script>window.ran.push('script')</script>",
    "<img src=x onerror=\"window.ran.push('img')\">",
    "\" autofocus onfocus=\"window.ran.push('attribute')",
    "</pre></li></template><svg onload=window.ran.push('svg')>",
    "javascript:window.ran.push('link')",
    "{{constructor.constructor('window.ran.push(1)')()}}",
    "\u{202e}\u{2066}drow eht snrut\u{0}\u{1b}[31m",
];

fn post(relay: &Relay, batch: &[Value]) -> anyhow::Result<Value> {
    let body = serde_json::to_vec(&json!({ "batch": batch }))?;
    let url = format!("{}/v1/batch", relay.url);
    let answer = http::post(&url, &[("x-write-key", "server-key")], &body)?;
    anyhow::ensure!(answer.status == 200, "{answer:?}");
    Ok(serde_json::from_str(&answer.body)?)
}

/// An event with the text in every field that takes one.
fn event(text: &str) -> Value {
    // Ids have rules of their own: no slash, no control characters.
    let id: String = text
        .chars()
        .map(|c| if c == '/' || c.is_control() { '|' } else { c })
        .collect();
    json!({
        "type": "track", "event": text, "name": text, "userId": id, "anonymousId": id, "messageId": id,
        "properties": { text: [text, { text: text }] }, "traits": { text: text }, text: text,
        "context": { "page": { "url": text, "path": text, "title": text, "referrer": text },
            "userAgent": text, "locale": text, "campaign": { text: text } },
    })
}

async fn open(relay: &Relay) -> anyhow::Result<Browser> {
    let browser = Browser::start().await?;
    let link = format!("{}/live?token=t-1", relay.url);
    browser.goto(&link).await?;
    browser
        .wait_for(
            "the stream",
            "return document.getElementById('state').dataset.state === 'live'",
        )
        .await?;
    Ok(browser)
}

#[tokio::test(flavor = "multi_thread")]
async fn live_script_in_every_field_stays_text() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let relay = Relay::start(folder.path(), &["--metrics-token", "t-1"])?;
    relay.wait_ready()?;
    let browser = open(&relay).await?;
    browser
        .run(
            "window.ran = []; window.violations = []; window.errors = [];
            addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI));
            addEventListener('error', e => errors.push(e.message));
            addEventListener('unhandledrejection', e => errors.push(String(e.reason)));
            window.parts = document.querySelectorAll('script, img, svg, link, iframe, [onerror], [onload], [onfocus]').length;",
        )
        .await?;
    // Taken, and rejected: for its type, its user id, its depth, its shape.
    let long = "<b>'\"&\u{202e}".repeat(30_000 / 10);
    let mut taken: Vec<Value> = ATTACKS.iter().map(|text| event(text)).collect();
    taken.push(json!({ "type": "page", "name": long, "userId": "45" }));
    let answer = post(&relay, &taken)?;
    assert_eq!(answer["accepted"], taken.len(), "{answer}");
    let mut refused = Vec::new();
    for text in ATTACKS {
        let mut unknown = event(text);
        unknown["type"] = text.into();
        let mut nobody = event(text);
        nobody["userId"] = format!("/{text}").into();
        let mut nested = event(text);
        nested["properties"] = (0..70).fold(json!(text), |inner, _| json!({ text: inner }));
        refused.extend([unknown, nobody, nested, json!(text)]);
    }
    refused.push(json!({ "type": long, "userId": "45" }));
    let answer = post(&relay, &refused)?;
    assert_eq!(
        answer["rejected"].as_array().map(Vec::len),
        Some(refused.len())
    );

    let all = taken.len() + refused.len();
    browser
        .wait_for(
            "all of them",
            &format!("return document.querySelectorAll('.row').length === {all}"),
        )
        .await?;
    let texts = browser
        .run(
            "return [...document.querySelectorAll('.row')].map(row => {
                row.click();
                document.getElementById('json').scrollTop = 1e6;
                return row.textContent + document.getElementById('detail').textContent;
            })",
        )
        .await?;
    let texts: Vec<String> = serde_json::from_value(texts)?;
    for attack in ATTACKS.iter().filter(|attack| attack.starts_with('<')) {
        // In JSON a quote is escaped.
        let told = attack.replace('"', "\\\"");
        let seen = texts.iter().filter(|text| text.contains(&told)).count();
        assert!(seen >= 5, "{attack}: seen in {seen} of {all}");
    }
    let turned = texts
        .iter()
        .any(|text| text.contains(['\u{202e}', '\u{1b}', '\u{0}']));
    assert!(!turned, "what is not seen is written out");
    // Whatever would run later has a moment: another look at all of it, as a person's mouse and keys do.
    browser.click(".row").await?;
    browser
        .run("document.body.focus(); scrollTo(0, 1e6)")
        .await?;
    browser
        .wait_for(
            "a figure later",
            "window.seen ??= document.getElementById('sync-chart').innerHTML;
            return document.getElementById('sync-chart').innerHTML !== window.seen",
        )
        .await?;
    for nothing in ["ran", "violations", "errors"] {
        let found = browser.run(&format!("return window.{nothing}")).await?;
        assert_eq!(found, json!([]), "{nothing}");
    }
    let same = browser
        .run("return document.querySelectorAll('script, img, svg, link, iframe, [onerror], [onload], [onfocus]').length === window.parts")
        .await?;
    assert_eq!(same, true, "an event became an element");
    // The check can fail: the page's policy stops what somebody would have smuggled in, and says so.
    browser
        .run("const s = document.createElement('script'); try { s.textContent = 'window.ran.push(1)'; document.body.append(s) } catch {}
            try { document.body.setAttribute('onclick', 'window.ran.push(1)'); document.body.click() } catch {}")
        .await?;
    browser
        .wait_for("the policy's word", "return window.violations.length > 0")
        .await?;
    assert_eq!(browser.run("return window.ran").await?, json!([]));
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_view_filters_pauses_opens_and_outlives_a_restart() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let relay = Relay::start(folder.path(), &["--metrics-token", "t-1"])?;
    relay.wait_ready()?;
    let browser = open(&relay).await?;
    // The token has left the address.
    assert_eq!(
        browser
            .run("return location.pathname + location.search")
            .await?,
        "/live"
    );
    let empty = browser
        .wait_for("words for who has no event", "return document.getElementById('empty').hidden ? null : document.getElementById('first').textContent")
        .await?;
    assert!(
        empty
            .as_str()
            .unwrap_or_default()
            .starts_with("curl http://127.0.0.1:")
    );

    let track = |name: &str, user: &str| json!({"type": "track", "event": name, "userId": user});
    post(
        &relay,
        &[
            track("First", "45"),
            track("Second", "90"),
            json!({"type": "clik"}),
        ],
    )?;
    let names =
        "return [...document.querySelectorAll('.row .name')].map(name => name.textContent).join()";
    let wait_names = async |expected: &str| {
        let script = format!("return (() => {{ {names} }})() === '{expected}'");
        browser.wait_for(expected, &script).await
    };
    browser
        .wait_for(
            "three rows, the delivered ones marked",
            "return document.querySelectorAll('.row').length === 3
                && document.querySelectorAll('.row[data-outcome=delivered]').length === 2",
        )
        .await?;
    browser.click(".row[data-outcome=rejected]").await?;
    let reason = browser
        .run("return document.getElementById('reason').textContent")
        .await?;
    let reason = reason.as_str().unwrap_or_default();
    assert!(reason.starts_with("unknown_type $.type"), "{reason}");

    // Arrows and enter, as without a mouse; what the relay added is marked.
    browser
        .run("[...document.querySelectorAll('.row')].find(row => row.textContent.includes('First')).click()")
        .await?;
    let marked = browser
        .run("return [...document.querySelectorAll('#json mark .key')].map(key => key.textContent).join()")
        .await?;
    let marked = marked.as_str().unwrap_or_default();
    for key in ["userId", "userBucket", "receivedAt", "timestamp", "relay"] {
        assert!(marked.contains(&format!("\"{key}\"")), "{key}: {marked}");
    }
    browser
        .run("document.getElementById('close').click()")
        .await?;

    browser.type_into("input[name=user]", "90").await?;
    wait_names("Second").await?;
    assert_eq!(browser.run("return location.search").await?, "?user=90");
    browser.click("button[type=reset]").await?;
    browser
        .wait_for(
            "all again",
            "return document.querySelectorAll('.row').length === 3",
        )
        .await?;

    browser.click("#pause").await?;
    post(&relay, &[track("Third", "45")])?;
    browser
        .wait_for(
            "a word about what is new",
            "return document.getElementById('state').textContent === 'paused, 1 new'
                && document.querySelectorAll('.row').length === 3",
        )
        .await?;
    browser.click("#pause").await?;
    browser
        .wait_for(
            "it",
            "return document.querySelector('.row .name').textContent === 'Third'",
        )
        .await?;

    // The relay goes and comes again on its port.
    let address = relay.url.trim_start_matches("http://").to_owned();
    drop(relay);
    browser
        .wait_for(
            "its absence",
            "return document.getElementById('state').dataset.state !== 'live'",
        )
        .await?;
    let again = ["--metrics-token", "t-1", "--listen", &address];
    let relay = Relay::start(folder.path(), &again)?;
    relay.wait_ready()?;
    post(&relay, &[track("Fourth", "45")])?;
    browser
        .wait_for(
            "the next event",
            "return document.querySelector('.row .name').textContent === 'Fourth'",
        )
        .await?;
    let rows = browser
        .run("return document.querySelectorAll('.row').length")
        .await?;
    assert_eq!(rows, 5, "none twice");
    browser.close().await
}
