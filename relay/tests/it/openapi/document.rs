//! The document itself, from the routes of all dialects and the words for what they take and answer.

use clickstream_relay::intake::dialect::{self, Form, rudderstack, segment};
use serde_json::{Map, Value, json};

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

pub(super) fn paths() -> Map<String, Value> {
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

pub(super) fn schemas() -> Value {
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

pub(super) fn document() -> Value {
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
