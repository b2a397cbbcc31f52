//! RudderStack's SDKs: in a browser, in Node, in Python.

use super::client::Place;
use super::story::{Sdk, tell};

const CALLS: [&str; 6] = ["identify", "track", "page", "screen", "group", "alias"];

#[tokio::test]
async fn rudderstacks_browser_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "RudderStack: `@rudderstack/analytics-js`",
        file: "rudderstack_browser.js",
        place: Place::Browser,
        key: "trusted-key",
        // A browser has no screens for it.
        calls: &["identify", "track", "page", "group", "alias"],
        believed: true,
        again: true,
        bears_cuts: true,
    })
    .await
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
