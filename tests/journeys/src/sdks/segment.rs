//! Segment's SDKs: in a browser, in Node, in Python, and the older one in Python.

use super::client::Place;
use super::story::{Sdk, call, tell};

const CALLS: [&str; 6] = ["identify", "track", "page", "screen", "group", "alias"];

const SERVER: Sdk = Sdk {
    heading: "",
    file: "python.py",
    place: Place::Node,
    key: "server-key",
    calls: &CALLS,
    believed: true,
    again: true,
    bears_cuts: true,
};

#[tokio::test]
async fn segments_browser_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "Segment: `@segment/analytics-next`",
        file: "segment_browser.js",
        place: Place::Browser,
        key: "browser-key",
        believed: false,
        ..SERVER
    })
    .await
}

#[tokio::test]
async fn segments_browser_sdk_in_batches() -> anyhow::Result<()> {
    let paths = call(Sdk {
        heading: "Segment: `@segment/analytics-next`, in batches",
        file: "segment_browser.js",
        place: Place::Browser,
        key: "browser-key",
        believed: false,
        ..SERVER
    })
    .await?;
    assert_eq!(paths, ["/v1/b"]);
    Ok(())
}

#[tokio::test]
async fn segments_node_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "Segment: `@segment/analytics-node`",
        file: "segment_node.cjs",
        ..SERVER
    })
    .await
}

#[tokio::test]
async fn segments_python_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "Segment: `segment-analytics-python`",
        place: Place::Python(""),
        ..SERVER
    })
    .await
}

#[tokio::test]
async fn segments_older_python_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "Segment's older one: `analytics-python`",
        place: Place::Python("analytics-python"),
        ..SERVER
    })
    .await
}
