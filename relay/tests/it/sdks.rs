//! What other people's SDKs need of a relay: the rows of a table that was captured from them, a test
//! each. `docs/sdks.md` says which SDKs; `tests/journeys` runs them themselves.

mod answers;
mod asked;
mod events;

use crate::house::{Answer, House};

/// The key of a server, as Jitsu's SDK and ours send it.
const SERVER: (&str, &str) = ("x-write-key", "server-key");

/// Posts a body without any header but these; all of it must be taken.
async fn taken(house: &House, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let answer = house.post(path, headers, body.to_owned()).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    assert_eq!(
        answer.json()["rejected"],
        serde_json::json!([]),
        "{path}: {}",
        answer.text
    );
    answer
}

/// Asks before sending, as a browser does.
async fn preflight(house: &House, path: &str, headers: &str) -> Answer {
    let request = http::Request::options(path)
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", headers);
    house
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
}
