//! `docs/openapi.json`: made from the routes that the relay really has, and held to its real answers.

use std::path::Path;

use axum::body::Body;
use clickstream_relay::intake::dialect::{self, Form, rudderstack, segment};
use http::Request;
use serde_json::{Map, Value, json};

use crate::house::{Answer, House, event};

fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn answer(description: &str, schema_name: &str) -> Value {
    let content = json!({"application/json": {"schema": schema(schema_name)}});
    json!({"description": description, "content": content})
}

/// What a route that takes events may answer, by status: name and answer.
fn of_intake() -> [(&'static str, &'static str, Value); 8] {
    let later = |description: &str| {
        let mut answer = answer(description, "Refusal");
        let seconds = json!({"description": "seconds to wait", "schema": {"type": "integer"}});
        answer["headers"] = json!({"Retry-After": seconds});
        answer
    };
    let refusal = |description| answer(description, "Refusal");
    let taken = "every accepted event is durable; the others are named";
    let unavailable = "starting, stopping, busy, or the spool is full or its disk failing";
    [
        ("200", "Taken", answer(taken, "Taken")),
        ("400", "Malformed", refusal("the body is no batch")),
        (
            "401",
            "UnknownKey",
            refusal("no write key, or none that is known here"),
        ),
        ("408", "Slow", refusal("the body took too long")),
        (
            "413",
            "Large",
            refusal("the body is too large, or inflates too much"),
        ),
        (
            "415",
            "UnknownEncoding",
            refusal("an unknown Content-Encoding"),
        ),
        ("429", "TooFast", later("too many requests")),
        ("503", "Later", later(unavailable)),
    ]
}

fn takes(form: Form) -> Value {
    let (summary, body) = match form {
        Form::Batch => ("Takes a batch of events".to_owned(), "Batch"),
        Form::Single(kind) => (
            format!("Takes one event of type {}", kind.as_str()),
            "Event",
        ),
    };
    let body = json!({"application/json": {"schema": schema(body)}});
    let responses = of_intake().map(|(status, name, _)| {
        let place = format!("#/components/responses/{name}");
        (status.to_owned(), json!({"$ref": place}))
    });
    let responses: Map<_, _> = responses.into_iter().collect();
    json!({"post": {
        "summary": summary,
        "security": [{"basic": []}, {"header": []}, {}],
        "requestBody": {"required": true, "content": body},
        "responses": responses,
    }})
}

fn get(summary: &str, answers: Value) -> Value {
    json!({"get": {"summary": summary, "responses": answers}})
}

fn operator(summary: &str, answers: Value) -> Value {
    let mut route = get(summary, answers);
    let responses = &mut route["get"]["responses"];
    responses["401"] = answer("the token is missing or wrong", "Refusal");
    responses["403"] = answer("this Host is not on the list", "Refusal");
    route["get"]["security"] = json!([{"token": []}]);
    route
}

fn paths() -> Map<String, Value> {
    let mut paths: Map<_, _> = dialect::routes()
        .map(|(path, form)| (path.to_owned(), takes(form)))
        .collect();
    let text = |of: &str| json!({"description": of});
    let mut settings = get(
        "What Segment's browser SDK asks for before it sends",
        json!({"200": text("its settings"), "401": answer("not a key of this relay", "Refusal")}),
    );
    settings["get"]["parameters"] = json!([{"name": "write_key", "in": "path", "required": true, "schema": {"type": "string"}}]);
    paths.insert(segment::SETTINGS.to_owned(), settings);
    let config =
        json!({"200": text("its settings"), "401": answer("not a key of this relay", "Refusal")});
    let config = get(
        "What RudderStack's browser SDK asks for before it sends",
        config,
    );
    paths.insert(rudderstack::SOURCE_CONFIG.to_owned(), config);
    for path in dialect::OWN_METRICS {
        let ignored = json!({"200": answer("read and ignored", "Taken")});
        let route =
            json!({"post": {"summary": "What an SDK says of itself", "responses": ignored}});
        paths.insert(path.to_owned(), route);
    }
    let forgotten =
        json!({"200": answer("the cookie is ended, for our own and listed origins", "Done")});
    let forget = json!({"post": {"summary": "Ends the visitor's cookie", "responses": forgotten}});
    let mut live = operator(
        "The live view",
        json!({"200": text("a page"), "303": text("to the page without the token")}),
    );
    live["get"]["responses"]["401"] = text("a page that says how to come in");
    let ready = json!({
        "200": answer("events are taken and delivered", "Readiness"),
        "503": answer("they are not, and why", "Readiness"),
    });
    for (path, route) in [
        ("/v1/forget", forget),
        (
            "/healthz",
            get(
                "Whether the process lives",
                json!({"200": answer("it does", "Alive")}),
            ),
        ),
        (
            "/readyz",
            get("Whether events are taken and delivered", ready),
        ),
        (
            "/metrics",
            operator(
                "The books, for Prometheus",
                json!({"200": text("text exposition format")}),
            ),
        ),
        ("/live", live),
        (
            "/live/events",
            operator(
                "The stream as it happens",
                json!({
                    "200": text("server-sent events"),
                    "400": answer("a query that cannot be meant", "Refusal"),
                    "503": answer("too many watch already", "Refusal"),
                }),
            ),
        ),
    ] {
        paths.insert(path.to_owned(), route);
    }
    paths
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

fn schemas() -> Value {
    let (text, number, yes) = (
        json!({"type": "string"}),
        json!({"type": "integer", "minimum": 0}),
        json!({"type": "boolean"}),
    );
    let any = json!({"type": "object"});
    json!({
        "Event": object(&[], json!({
            "type": {"type": "string", "enum": ["identify", "track", "page", "screen", "group", "alias"]},
            "event": text, "name": text, "messageId": {"type": "string", "maxLength": 100},
            "anonymousId": text, "userId": {"type": "string", "maxLength": 200},
            "timestamp": {"type": "string", "format": "date-time"},
            "originalTimestamp": {"type": "string", "format": "date-time"},
            "sentAt": {"type": "string", "format": "date-time"},
            "properties": any, "traits": any, "context": any,
        })),
        "Batch": object(&["batch"], json!({
            "batch": {"type": "array", "items": schema("Event"), "maxItems": 2500},
            "context": any, "sentAt": {"type": "string", "format": "date-time"},
            "writeKey": text, "userToken": text, "storage": text,
        })),
        "Taken": object(&["success", "accepted", "duplicate", "rejected"], json!({
            "success": yes, "accepted": number, "duplicate": number, "anonymousId": text,
            "rejected": {"type": "array", "items": object(&["index", "reason"], json!({
                "index": number, "messageId": text, "reason": text,
            }))},
        })),
        "Refusal": object(&["success", "code", "message", "reason"], json!({
            "success": yes, "code": text, "message": text, "reason": text,
        })),
        "Done": object(&["success"], json!({"success": yes})),
        "Alive": object(&["alive"], json!({"alive": yes})),
        "Readiness": object(&["ready", "reasons", "waiting", "oldestSeconds"], json!({
            "ready": yes, "reasons": {"type": "array", "items": text},
            "notes": {"type": "array", "items": text},
            "waiting": number, "oldestSeconds": number,
        })),
    })
}

fn document() -> Value {
    let responses = of_intake().map(|(_, name, answer)| (name.to_owned(), answer));
    let responses: Map<_, _> = responses.into_iter().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "clickstream-relay",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": "Takes batches of events, makes them durable, forwards them. Unknown fields of events are kept. Bodies may be compressed by gzip, br or zstd.",
        },
        "paths": paths(),
        "components": {
            "responses": responses,
            "schemas": schemas(),
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "the write key as user name; or in the batch's writeKey"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Write-Key"},
                "token": {"type": "http", "scheme": "bearer", "description": "--metrics-token; also ?token="},
            },
        },
    })
}

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
