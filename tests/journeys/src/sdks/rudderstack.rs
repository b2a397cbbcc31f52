//! RudderStack's SDKs: in a browser, in Node, in Python.

use super::client::Place;
use super::story::{Sdk, call, tell};

const CALLS: [&str; 6] = ["identify", "track", "page", "screen", "group", "alias"];

const BROWSER: Sdk = Sdk {
    heading: "RudderStack: `@rudderstack/analytics-js`",
    file: "rudderstack_browser.js",
    place: Place::Browser,
    key: "trusted-key",
    // A browser has no screens for it.
    calls: &["identify", "track", "page", "group", "alias"],
    believed: true,
    again: true,
    bears_cuts: true,
};

#[tokio::test]
async fn rudderstacks_browser_sdk() -> anyhow::Result<()> {
    tell(BROWSER).await
}

#[tokio::test]
async fn rudderstacks_browser_sdk_in_batches() -> anyhow::Result<()> {
    let paths = call(Sdk {
        heading: "RudderStack: `@rudderstack/analytics-js`, in batches",
        ..BROWSER
    })
    .await?;
    assert_eq!(paths, ["/v1/batch"]);
    Ok(())
}

#[tokio::test]
async fn rudderstacks_browser_sdk_by_beacon() -> anyhow::Result<()> {
    let paths = call(Sdk {
        heading: "RudderStack: `@rudderstack/analytics-js`, by beacon",
        ..BROWSER
    })
    .await?;
    assert_eq!(paths, ["/beacon/v1/batch?writeKey=trusted-key"]);
    Ok(())
}

/// It gives up two seconds after the first cut, so that no restart fits in.
#[tokio::test]
async fn rudderstacks_node_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "RudderStack: `@rudderstack/rudder-sdk-node`",
        file: "rudderstack_node.cjs",
        place: Place::Node,
        key: "server-key",
        calls: &CALLS,
        believed: true,
        again: true,
        bears_cuts: false,
    })
    .await
}

#[tokio::test]
async fn rudderstacks_python_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "RudderStack: `rudder-sdk-python`",
        file: "python.py",
        place: Place::Python(""),
        key: "server-key",
        calls: &CALLS,
        believed: true,
        again: true,
        bears_cuts: true,
    })
    .await
}
