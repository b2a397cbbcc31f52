//! Every status and its answer.

use std::time::Duration;

use clickstream_relay::config::Config;
use clickstream_relay::service::Relay;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::house::{Answer, House, again, event, files, flags};

const KEY: [(&str, &str); 1] = [("x-write-key", "server-key")];

#[tokio::test]
async fn taken_twice_is_answered_twice_and_kept_once() {
    let house = House::new().await;
    let body = event(r#","userId":"45","messageId":"m-1""#);
    let first = house.post("/v1/batch", &KEY, body.clone()).await;
    assert_eq!(
        first.text,
        r#"{"success":true,"accepted":1,"duplicate":0,"rejected":[]}"#
    );
    let second = house.post("/v1/batch", &KEY, body.clone()).await;
    assert_eq!(
        second.text,
        r#"{"success":true,"accepted":1,"duplicate":1,"rejected":[]}"#
    );
    // Within one batch, too; and a server's attempt is not a browser's.
    let twice = body.replace(
        "}]",
        r#"},{"type":"track","event":"E","userId":"45","messageId":"m-1"}]"#,
    );
    let third = house.post("/v1/batch", &KEY, twice).await.json();
    assert_eq!(
        (&third["accepted"], &third["duplicate"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(house.lines().await.len(), 1);
}

#[tokio::test]
async fn a_retried_batch_with_new_events_keeps_the_new_ones() {
    let house = House::new().await;
    let one = |id: &str| format!(r#"{{"type":"page","userId":"45","messageId":"{id}"}}"#);
    let batch = |ids: &[&str]| {
        let events: Vec<String> = ids.iter().map(|id| one(id)).collect();
        format!(r#"{{"batch":[{}]}}"#, events.join(","))
    };
    house.post("/v1/batch", &KEY, batch(&["a", "b"])).await;
    let answer = house
        .post("/v1/batch", &KEY, batch(&["b", "c"]))
        .await
        .json();
    assert_eq!(
        (&answer["accepted"], &answer["duplicate"]),
        (&json!(2), &json!(1))
    );
    let mut ids: Vec<Value> = house
        .lines()
        .await
        .iter()
        .map(|line| line["messageId"].clone())
        .collect();
    ids.sort_by_key(ToString::to_string);
    assert_eq!(ids, ["a", "b", "c"]);
}

#[tokio::test]
async fn every_route_takes_events_under_its_short_name_too() {
    for (path, kind) in [
        ("/v1/track", "track"),
        ("/v1/t", "track"),
        ("/v1/page", "page"),
        ("/v1/p", "page"),
        ("/v1/screen", "screen"),
        ("/v1/s", "screen"),
        ("/v1/identify", "identify"),
        ("/v1/i", "identify"),
        ("/v1/group", "group"),
        ("/v1/g", "group"),
        ("/v1/alias", "alias"),
        ("/v1/a", "alias"),
        ("/v1/track/", "track"),
        ("//v1/track", "track"),
        ("/v1//track", "track"),
    ] {
        let house = House::new().await;
        let answer = house
            .post(path, &KEY, r#"{"event":"E","userId":"45"}"#)
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(house.lines().await[0]["type"], kind, "{path}");
    }
}

#[tokio::test]
async fn a_single_event_that_breaks_a_rule_is_answered_200_and_named() {
    let house = House::new().await;
    let answer = house
        .post(
            "/v1/track",
            &KEY,
            r#"{"event":"E","userId":"a/b","messageId":"m"}"#,
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"success":true,"accepted":0,"duplicate":0,"rejected":[{"index":0,"messageId":"m",
            "reason":"invalid_user_id: $.userId: must not contain '/' or control characters"}]})
    );
}

#[tokio::test]
async fn what_is_no_route_says_where_events_go() {
    let house = House::new().await;
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/batch/more", "//v1/x"] {
        let answer = house.post(path, &KEY, "{}").await;
        assert_eq!(answer.error(), (404, "not_found".to_owned()), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let request = Request::put("/v1/batch")
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(
        house.send(request).await.error(),
        (405, "method_not_allowed".to_owned())
    );
    assert_eq!(house.get("/v1/batch").await.error().0, 405);
}

#[tokio::test]
async fn served_alone_every_path_is_answered_in_words() {
    let house = House::new().await;
    let router = clickstream_relay::router::alone(house.relay.router());
    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/nope", 404),
        ("POST", "/batch", 404),
        ("POST", "/nope/", 404),
        ("POST", "/healthz", 405),
        ("PUT", "/readyz", 405),
        ("POST", "/metrics", 405),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answer = Answer::of(router.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(answer.error().0, status, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
    let request = Request::post("///v1/batch").header("x-write-key", "server-key");
    let request = request.body(axum::body::Body::from(event(r#","userId":"1""#)));
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn segments_own_metrics_are_taken_and_forgotten() {
    let house = House::new().await;
    let body =
        r#"{"series":[{"type":"Counter","metric":"analytics_js.invoke","value":1,"tags":{}}]}"#;
    let answer = house
        .post("/v1/m", &[("content-type", "text/plain")], body)
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["success"]),
        (200, &json!(true))
    );
    // However much there is of it: the SDK would only ask again.
    for (bytes, status) in [(600 << 10, 200), ((16 << 20) + 1, 413)] {
        let answer = house.post("/v1/m", &[], vec![b' '; bytes]).await;
        assert_eq!(answer.status, status, "{bytes}: {}", answer.text);
    }
    assert_eq!(house.relay.totals().unwrap().taken, 0);
}

#[tokio::test]
async fn settings_steer_segments_sdk_here() {
    let house = House::new().await;
    let answer = house.get("/v1/projects/browser-key/settings").await;
    let json = answer.json();
    let segment = &json["integrations"]["Segment.io"];
    assert_eq!(segment["apiKey"], "browser-key");
    assert_eq!(
        (&segment["apiHost"], &segment["protocol"]),
        (&json!("localhost/v1"), &json!("http"))
    );
    assert_eq!(json["metrics"]["sampleRate"], 0);
    assert_eq!(json["integrations"].as_object().unwrap().len(), 1);
    for path in [
        "/v1/projects/browser-key/settings/",
        "//v1/projects/browser-key/settings",
        "/v1//projects/browser%2Dkey//settings//",
    ] {
        assert_eq!(house.get(path).await.json(), json, "{path}");
    }
    for path in [
        "/v1/projects/nobody/settings",
        "/v1/projects/%ff/settings",
        "/v1/projects/%ff/settings/",
    ] {
        let answer = house.get(path).await;
        assert_eq!(answer.error().0, 401, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn rejected_events_are_kept_beside_the_spool() {
    let house = House::new().await;
    let body = r#"{"batch":[{"type":"track","event":"E","userId":"45"},{"type":"nonsense","messageId":"m-2"}]}"#;
    assert_eq!(house.post("/v1/batch", &KEY, body).await.status, 200);
    let dir = house.dir.path().join("spool/rejected");
    let totals = house.relay.shutdown(Duration::from_secs(20)).await.totals;
    assert_eq!((totals.taken, totals.rejected), (2, 1));
    let kept: Vec<_> = files(&dir);
    let text = fs_err::read_to_string(&kept[0]).unwrap();
    let line: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(
        line,
        json!({"receivedAt":"2026-01-02T03:04:06.000Z","source":"backend","index":1,"messageId":"m-2",
            "code":"unknown_type",
            "reason":"unknown_type: $.type: is none of identify, track, page, screen, group, alias",
            "raw":"{\"type\":\"nonsense\",\"messageId\":\"m-2\"}"})
    );
}

#[tokio::test]
async fn a_full_spool_says_come_back_and_takes_nothing() {
    // The smallest spool there is, and a sink that delivers in an hour.
    let house = House::with(|config| {
        config.spool.segment_size = 1 << 20;
        config.spool.size = 2 << 20;
    })
    .await;
    let filler = "x".repeat(20_000);
    let mut accepted = 0;
    let refused = loop {
        let one = format!(
            r#"{{"type":"track","event":"E","userId":"1","properties":{{"f":"{filler}"}}}}"#
        );
        let body = format!(r#"{{"batch":[{one},{one},{one},{one},{one}]}}"#);
        let answer = house.post("/v1/batch", &KEY, body).await;
        if answer.status != 200 {
            break answer;
        }
        accepted += 5;
        assert!(accepted < 1000, "never full");
    };
    assert_eq!(refused.error(), (503, "spool_full".to_owned()));
    assert_eq!(refused.header("retry-after"), "3");
    let readiness = house.relay.readiness();
    assert!(
        !readiness.ready && readiness.reasons[0].contains("--spool-size"),
        "{readiness:?}"
    );
    assert!(accepted > 0);
    // Some of the refused batch may be durable: the client sends it again, and it is a duplicate.
    let taken = house.relay.totals().unwrap().taken;
    assert!(taken >= accepted, "{taken} < {accepted}");
    drop(house);
}

#[tokio::test]
async fn until_the_spool_is_read_and_from_a_stop_on_clients_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::from_flags(flags(dir.path())).unwrap();
    let relay = Relay::start(config).unwrap();
    let router = relay.router();
    let post = || {
        let request = Request::post("/v1/batch").header("x-write-key", "server-key");
        let request = request.body(axum::body::Body::from(event(r#","userId":"1""#)));
        router.clone().oneshot(request.unwrap())
    };
    // This test's runtime has one thread: nothing has opened the spool before the first await of it.
    let answer = Answer::of(post().await.unwrap()).await;
    assert_eq!(answer.error(), (503, "starting".to_owned()));
    assert_eq!(answer.header("retry-after"), "3");
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "Retry-After"
    );
    relay.ready().await.unwrap();
    assert_eq!(Answer::of(post().await.unwrap()).await.status, 200);
    relay.shutdown(Duration::from_secs(20)).await;
    let answer = Answer::of(post().await.unwrap()).await;
    assert_eq!(answer.error(), (503, "stopping".to_owned()));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_and_known() {
    let dir = tempfile::tempdir().unwrap();
    let post = |relay: &Relay| {
        let request = Request::post("/v1/batch").header("x-write-key", "server-key");
        let body = event(r#","userId":"45","messageId":"m-1""#);
        let request = request.body(axum::body::Body::from(body)).unwrap();
        relay.router().oneshot(request)
    };
    for start in 0..3 {
        let relay = again(dir.path()).await;
        let answer = Answer::of(post(&relay).await.unwrap()).await.json();
        assert_eq!(answer["duplicate"], u64::from(start > 0), "{answer}");
        let totals = relay.shutdown(Duration::from_secs(20)).await.totals;
        assert!(totals.balance());
        assert_eq!((totals.delivered, totals.waiting), (1, 0));
    }
    assert_eq!(crate::house::lake_lines(&dir.path().join("lake")).len(), 1);
}

#[tokio::test]
async fn a_second_relay_on_one_spool_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let first = Relay::start(Config::from_flags(flags(dir.path())).unwrap()).unwrap();
    first.ready().await.unwrap();
    let second = Relay::start(Config::from_flags(flags(dir.path())).unwrap()).unwrap();
    let error = second.ready().await.unwrap_err().to_string();
    assert!(error.contains("--spool-dir"), "{error}");
}

#[tokio::test]
async fn an_event_that_the_stream_refuses_is_failed_not_rejected() {
    let house = House::new().await;
    let body =
        r#"{"batch":[{"type":"track","event":"E"},{"type":"track","event":"E","userId":"45"}]}"#;
    let answer = house.post("/v1/batch", &KEY, body).await;
    assert_eq!(
        answer.text,
        r#"{"success":true,"accepted":2,"duplicate":0,"rejected":[]}"#
    );
    let lake = house.dir.path().join("lake");
    let totals = house.relay.shutdown(Duration::from_secs(20)).await.totals;
    let ends = (
        totals.taken,
        totals.delivered,
        totals.failed,
        totals.rejected,
    );
    assert_eq!(ends, (2, 1, 1, 0));
    let below = |folder: &str| files(&lake.join("raw").join(folder)).len();
    assert_eq!((below("clickstream"), below("clickstream-errors")), (1, 1));
}
