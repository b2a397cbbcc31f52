//! `docs/openapi.json`: made from the routes that the relay really has, and held to its real answers.

mod document;

use std::path::Path;

use axum::body::Body;
use clickstream_relay::intake::dialect::{self, Form, rudderstack, segment};
use http::Request;
use serde_json::Value;

use self::document::{document, paths, schemas};
use crate::house::{Answer, House, event};

#[test]
fn the_document_is_what_the_routes_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let made = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if fs_err::read_to_string(&file).unwrap_or_default() != made {
        fs_err::write(&file, made).unwrap();
        panic!("docs/openapi.json was out of date and is written anew: look at it and commit it");
    }
}

/// Every literal route of the sources is in the document, those of the dialects by their own table.
#[test]
fn no_route_is_left_out() {
    let sources = [
        include_str!("../../src/router.rs"),
        include_str!("../../src/router/sdks.rs"),
        include_str!("../../src/live/page.rs"),
    ];
    let paths = paths();
    let mut found = 0;
    for literal in sources
        .iter()
        .flat_map(|source| source.split(".route(\"").skip(1))
    {
        let path = literal.split('"').next().unwrap();
        found += 1;
        assert!(
            paths.contains_key(path),
            "{path} is not in docs/openapi.json"
        );
    }
    assert!(found >= 6, "{found} routes were found");
}

/// Panics where an answer is not as its schema says: a member missing, unknown or of another type.
fn fits(schema: &Value, value: &Value, place: &str) {
    let all = schemas();
    let schema = match schema["$ref"].as_str() {
        Some(name) => &all[name.rsplit('/').next().unwrap()],
        None => schema,
    };
    let right = match schema["type"].as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("{other}?"),
    };
    assert!(right, "{place}: {value} is no {}", schema["type"]);
    if let Some(items) = value.as_array() {
        items
            .iter()
            .for_each(|item| fits(&schema["items"], item, place));
    }
    let (Some(members), Some(properties)) = (value.as_object(), schema["properties"].as_object())
    else {
        return;
    };
    for required in schema["required"].as_array().unwrap() {
        assert!(
            members.contains_key(required.as_str().unwrap()),
            "{place}: no {required}"
        );
    }
    for (name, member) in members {
        let property = properties.get(name);
        let property = property.unwrap_or_else(|| panic!("{place}: {name} is not documented"));
        fits(property, member, &format!("{place}.{name}"));
    }
}

/// The answer's status is documented for this route, and its body is as documented.
fn documented(method: &str, path: &str, answer: &Answer) {
    let document = document();
    let place = format!("{method} {path}: {}", answer.status);
    let mut said = &document["paths"][path][method]["responses"][answer.status.as_str()];
    if let Some(place) = said["$ref"].as_str() {
        said = &document["components"]["responses"][place.rsplit('/').next().unwrap()];
    }
    assert!(said.is_object(), "{place} is not documented");
    let schema = &said["content"]["application/json"]["schema"];
    if schema.is_object() {
        fits(schema, &answer.json(), &place);
    }
    if said["headers"]["Retry-After"].is_object() {
        assert!(
            answer.header("retry-after").parse::<u32>().is_ok(),
            "{place}"
        );
    }
}

#[tokio::test]
async fn real_answers_are_as_documented() {
    let house = House::new().await;
    let key = [("x-write-key", "server-key")];
    let good = event(r#","userId":"45","messageId":"m-1""#);
    for (path, form) in dialect::routes() {
        let body = match form {
            Form::Batch => good.clone(),
            Form::Single(_) => {
                r#"{"event":"E","userId":"45","anonymousId":"a","groupId":"g","previousId":"p"}"#
                    .to_owned()
            }
        };
        let answer = house.post(path, &key, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        documented("post", path, &answer);
        let answer = house
            .post(path, &[("x-write-key", "unknown")], good.clone())
            .await;
        assert_eq!(answer.status, 401, "{path}: {}", answer.text);
        documented("post", path, &answer);
    }
    for (headers, body, status) in [
        (vec![], "nothing".to_owned(), 400),
        (vec![], " ".repeat(5 << 20), 413),
        (vec![("content-encoding", "lzma")], good.clone(), 415),
        (vec![], event(r#","userId":"/","messageId":"m-2""#), 200),
    ] {
        let answer = house
            .post("/v1/batch", &[&key[..], &headers].concat(), body)
            .await;
        assert_eq!(answer.status, status, "{}", answer.text);
        documented("post", "/v1/batch", &answer);
    }
    for path in dialect::OWN_METRICS.into_iter().chain(["/v1/forget"]) {
        let answer = house.post(path, &[], "{}").await;
        documented("post", path, &answer);
    }
    let token = house.relay.token().to_owned();
    for (path, asked, status) in [
        ("/healthz", "/healthz".to_owned(), 200),
        ("/readyz", "/readyz".to_owned(), 200),
        ("/metrics", format!("/metrics?token={token}"), 200),
        ("/metrics", "/metrics".to_owned(), 401),
        ("/live", "/live".to_owned(), 401),
        ("/live", format!("/live?token={token}"), 303),
        ("/live/events", "/live/events".to_owned(), 401),
        (
            "/live/events",
            format!("/live/events?token={token}&after=x"),
            400,
        ),
        (
            segment::SETTINGS,
            "/v1/projects/browser-key/settings".to_owned(),
            200,
        ),
        (
            segment::SETTINGS,
            "/v1/projects/unknown/settings".to_owned(),
            401,
        ),
        (
            rudderstack::SOURCE_CONFIG,
            "/sourceConfig?writeKey=browser-key".to_owned(),
            200,
        ),
    ] {
        let answer = house.get(&asked).await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.text);
        documented("get", path, &answer);
    }
    for path in ["/metrics", "/live", "/live/events"] {
        let foreign = Request::get(path).header("host", "evil.example");
        let foreign = house.send(foreign.body(Body::empty()).unwrap()).await;
        assert_eq!(foreign.status, 403, "{path}");
        documented("get", path, &foreign);
    }
    // Nothing but its last answer is left to it.
    house.relay.shutdown(std::time::Duration::ZERO).await;
}

#[tokio::test]
async fn a_relay_that_is_full_answers_as_documented() {
    let house = House::with(|config| config.intake.memory_bytes = 0).await;
    let answer = house
        .post("/v1/batch", &[("x-write-key", "server-key")], event(""))
        .await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    documented("post", "/v1/batch", &answer);
}
