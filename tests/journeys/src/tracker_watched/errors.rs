//! Errors of a page's scripts, and promises that nobody caught.

use clickstream_lab::browser::Browser;
use serde_json::{Value, json};

use super::{left, named, pause, watching};

/// Throws in a script of the page's own, not in the driver's, whose errors are its own.
async fn throws(browser: &Browser, what: &str) -> anyhow::Result<()> {
    let script = format!(
        "const own = document.createElement('script');
         own.textContent = {};
         document.body.append(own)",
        json!(what)
    );
    browser.run(&script).await?;
    pause(browser, 50).await
}

fn properties(events: &[Value]) -> Vec<Value> {
    let errors = named(events, "Error Occurred");
    errors
        .iter()
        .map(|event| event["properties"].clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_told_and_the_page_handles_it_as_ever() -> anyhow::Result<()> {
    let (site, browser) = watching("capture=pages+errors&early=1&token=secret-one").await?;
    browser
        .run(
            "window.handled = [];
             window.onerror = (message) => (handled.push(message), true);
             addEventListener('unhandledrejection', (event) => {
               handled.push(String(event.reason)); event.preventDefault(); });",
        )
        .await?;
    throws(&browser, "throw new RangeError('too far')").await?;
    throws(&browser, "throw new RangeError('too far')").await?;
    throws(&browser, "throw 'a text'").await?;
    throws(&browser, "Promise.reject(new TypeError('not caught'))").await?;
    throws(&browser, "Promise.reject({})").await?;
    throws(
        &browser,
        "document.body.append(Object.assign(new Image(), {src: '/none.png'}))",
    )
    .await?;
    let handled = browser.run("return handled").await?;
    let thrown = "Uncaught RangeError: too far";
    assert_eq!(
        handled,
        json!([
            thrown,
            thrown,
            "Uncaught a text",
            "TypeError: not caught",
            "[object Object]"
        ])
    );
    let events = left(&site, &browser).await?;
    browser.close().await?;
    let errors = properties(&events);
    let short: Vec<Value> = errors
        .iter()
        .map(|error| json!([error["kind"], error["name"], error["message"]]))
        .collect();
    assert_eq!(
        short,
        [
            json!(["error", "TypeError", "before the module"]),
            json!(["error", "RangeError", "too far"]),
            json!(["error", null, "a text"]),
            json!(["rejection", "TypeError", "not caught"]),
            json!(["rejection", null, null]),
        ]
    );
    assert_eq!(errors[0]["line"], 13, "{}", errors[0]);
    for part in ["source", "stack"] {
        let text = errors[0][part].as_str().unwrap_or_default();
        assert!(text.contains("/watched?"), "{part}: {text}");
        assert!(text.contains("token=redacted"), "{part}: {text}");
    }
    assert_eq!(
        named(&events, "Errors Counted")[0]["properties"],
        json!({"repeated": 1, "foreign": 0, "more": 0})
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_full_of_errors_tells_ten_and_counts_the_rest() -> anyhow::Result<()> {
    let (site, browser) = watching("capture=pages+errors").await?;
    throws(
        &browser,
        "for (let n = 0; n < 30; n++) setTimeout(() => { throw new Error(`number ${n}`); })",
    )
    .await?;
    // As a browser tells of a script of another origin.
    browser
        .run("dispatchEvent(new ErrorEvent('error', {message: 'Script error.'}))")
        .await?;
    let events = left(&site, &browser).await?;
    browser.close().await?;
    assert_eq!(properties(&events).len(), 10);
    let counted = named(&events, "Errors Counted");
    assert_eq!(counted.len(), 1);
    assert_eq!(
        counted[0]["properties"],
        json!({"repeated": 0, "foreign": 1, "more": 20})
    );
    Ok(())
}
