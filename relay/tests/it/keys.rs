//! Write keys: every place they are found in, in order, and what a wrong one gets.

use serde_json::json;

use crate::house::{House, basic, event, files};

fn body(write_key: Option<&str>) -> String {
    let key = write_key.map_or(String::new(), |key| format!(r#""writeKey":"{key}","#));
    event(r#","anonymousId":"a","messageId":"m-1""#).replacen('{', &format!("{{{key}"), 1)
}

#[tokio::test]
async fn a_key_is_found_in_every_place() {
    let server = basic("server-key");
    let no_colon = "Basic c2VydmVyLWtleQ==".to_owned();
    for (what, headers, path, write_key) in [
        (
            "Basic",
            vec![("authorization", &*server)],
            "/v1/batch",
            None,
        ),
        (
            "Basic without a colon",
            vec![("authorization", &*no_colon)],
            "/v1/batch",
            None,
        ),
        (
            "its own header",
            vec![("x-write-key", "server-key")],
            "/v1/batch",
            None,
        ),
        ("the body", vec![], "/v1/batch", Some("server-key")),
        ("the query", vec![], "/v1/batch?writeKey=server-key", None),
        (
            "the body, beside somebody's bearer",
            vec![("authorization", "Bearer of-somebody-else")],
            "/v1/batch",
            Some("server-key"),
        ),
        (
            "Basic, before the body",
            vec![("authorization", &*server)],
            "/v1/batch",
            Some("browser-key"),
        ),
        (
            "the body, before the query",
            vec![],
            "/v1/batch?writeKey=browser-key",
            Some("server-key"),
        ),
    ] {
        let house = House::new().await;
        let answer = house.post(path, &headers, body(write_key)).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.text);
        let lines = house.lines().await;
        assert_eq!(lines[0]["relay"]["source"], "backend", "{what}");
        assert_eq!(lines[0].get("writeKey"), None, "{what}: stored");
    }
}

#[tokio::test]
async fn an_events_own_key_counts_where_the_batch_has_none() {
    let house = House::new().await;
    let body = r#"{"batch":[
        {"type":"track","event":"E","messageId":"1","anonymousId":"a","writeKey":"browser-key"},
        {"type":"track","event":"E","messageId":"2","anonymousId":"a","writeKey":"nobody's"},
        {"type":"track","event":"E","messageId":"3","anonymousId":"a"},
        {"type":"track","event":"E","messageId":"4","anonymousId":"a","writeKey":"server-key"}]}"#;
    let answer = house.post("/v1/batch", &[], body).await.json();
    assert_eq!(answer["accepted"], 2, "{answer}");
    let refused: Vec<_> = answer["rejected"].as_array().unwrap().iter().collect();
    assert_eq!(refused[0]["index"], 1);
    assert_eq!(refused[0]["messageId"], "2");
    assert!(
        refused[0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("invalid_write_key: ")
    );
    assert_eq!(refused[1]["index"], 2);
    let mut sources: Vec<_> = house
        .lines()
        .await
        .iter()
        .map(|l| l["relay"]["source"].clone())
        .collect();
    sources.sort_by_key(ToString::to_string);
    assert_eq!(sources, [json!("backend"), json!("bookstore")]);
}

#[tokio::test]
async fn an_event_with_nobodys_key_is_not_kept() {
    let (known, unknown) = ("an event of somebody we know", "an event of nobody we know");
    let house = House::new().await;
    let body = format!(
        r#"{{"batch":[
        {{"type":"track","event":"{known}","userId":"/","writeKey":"browser-key"}},
        {{"type":"track","event":"{unknown}","userId":"/","writeKey":"nobodys-key"}},
        {{"type":"track","event":"{unknown}","userId":"/"}},
        {{"type":"track","event":"{unknown}","writeKey":"nobodys-key"}}]}}"#
    );
    let answer = house.post("/v1/batch", &[], body).await;
    assert_eq!(answer.json()["rejected"].as_array().unwrap().len(), 4);
    let dir = house.dir.path().to_owned();
    house
        .relay
        .shutdown(std::time::Duration::from_secs(20))
        .await;
    let kept: Vec<u8> = files(&dir)
        .iter()
        .flat_map(|path| fs_err::read(path).unwrap())
        .collect();
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains(known) && !kept.contains(unknown));
}

#[tokio::test]
async fn a_known_sender_of_nothing_but_broken_events_is_told_why() {
    let large = "x".repeat(33 << 10);
    for (event, reason) in [
        (
            r#"{"type":"zzz","writeKey":"browser-key"}"#.to_owned(),
            "unknown_type",
        ),
        (
            r#"{"type":"track","messageId":7,"writeKey":"browser-key"}"#.to_owned(),
            "invalid_message_id",
        ),
        (
            r#"{"type":"track","a":1e999,"writeKey":"browser-key"}"#.to_owned(),
            "number_too_large",
        ),
        (
            format!(r#"{{"type":"track","a":"{large}","writeKey":"browser-key"}}"#),
            "event_too_large",
        ),
    ] {
        let house = House::new().await;
        let body = format!(r#"{{"batch":[{event}]}}"#);
        let answer = house.post("/v1/batch", &[], body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let told = answer.json()["rejected"][0]["reason"].clone();
        assert!(told.as_str().unwrap().starts_with(reason), "{told}");
        // With nobody's key it is still 401.
        let body = body.replace("browser-key", "nobodys-key");
        let answer = house.post("/v1/batch", &[], body).await;
        assert_eq!(answer.error(), (401, "invalid_write_key".to_owned()));
        assert_eq!(house.relay.totals().unwrap().rejected, 1, "{reason}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_401_and_nothing_of_it_is_kept() {
    let secret = "a body of nobody we know";
    let wrong = basic("nobody");
    for (headers, write_key) in [
        (vec![], None),
        (vec![], Some("nobody")),
        (vec![("x-write-key", "nobody")], None),
        (vec![("authorization", &*wrong)], None),
        // The first place decides: a right key further back does not mend a wrong one.
        (vec![("authorization", &*wrong)], Some("server-key")),
    ] {
        let house = House::new().await;
        let body = body(write_key).replace("\"E\"", &format!("\"{secret}\",\"userId\":\"/\""));
        let answer = house.post("/v1/batch", &headers, body).await;
        assert_eq!(
            answer.error(),
            (401, "invalid_write_key".to_owned()),
            "{headers:?}"
        );
        let dir = house.dir.path().to_owned();
        house
            .relay
            .shutdown(std::time::Duration::from_secs(20))
            .await;
        for path in files(&dir) {
            let bytes = fs_err::read(&path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn without_any_key_nobody_may_send() {
    let house = House::with(|config| config.intake.keys = Default::default()).await;
    let answer = house.post("/v1/batch", &[], body(Some(""))).await;
    assert_eq!(answer.error().0, 401);
}

#[tokio::test]
async fn a_key_has_a_rate_of_its_own() {
    let house = House::with(|config| config.intake.rate_per_key = Some(1)).await;
    let headers = [("x-write-key", "server-key")];
    let mut refused = None;
    for _ in 0..100 {
        let answer = house.post("/v1/batch", &headers, body(None)).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.error(), (429, "too_fast".to_owned()));
    assert_eq!(refused.header("retry-after"), "1");
    let other = house
        .post("/v1/batch", &[("x-write-key", "browser-key")], body(None))
        .await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn a_key_keeps_its_rate_where_every_event_brings_it() {
    let house = House::with(|config| config.intake.rate_per_key = Some(1)).await;
    let event = r#"{"type":"track","event":"E","anonymousId":"a","writeKey":"browser-key"}"#;
    let body = format!(r#"{{"batch":[{event},{event}]}}"#);
    let mut refused = None;
    for _ in 0..100 {
        let answer = house.post("/v1/batch", &[], body.clone()).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    assert_eq!(refused.unwrap().error(), (429, "too_fast".to_owned()));
}
