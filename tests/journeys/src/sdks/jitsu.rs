//! Jitsu's SDK in a browser.

use super::client::Place;
use super::story::{Sdk, tell};

/// It sends each event once, whatever is answered: what meets a refusal or a restart is lost,
/// and nothing else is.
#[tokio::test]
async fn jitsus_browser_sdk() -> anyhow::Result<()> {
    tell(Sdk {
        heading: "Jitsu: `@jitsu/js`",
        file: "jitsu_browser.js",
        place: Place::Browser,
        key: "jitsu-id:jitsu-secret",
        calls: &["identify", "track", "page", "group"],
        believed: true,
        again: false,
        bears_cuts: true,
    })
    .await
}
