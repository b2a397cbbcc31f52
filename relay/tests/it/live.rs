//! The live view's stream: where it begins, what it shows, what it says it lost, and who may see it.

use std::time::Duration;

use clickstream_relay::sink::Config as Sink;
use serde_json::Value;

use crate::house::{Answer, House, until};
use crate::live_stream::{Sent, answer, watch, watch_from};

async fn send(house: &House, body: String) -> Answer {
    let key = [("x-write-key", "server-key")];
    let answer = house.post("/v1/batch", &key, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

async fn track(house: &House, name: &str, user: &str) {
    let one = format!(r#"{{"type":"track","event":"{name}","userId":"{user}"}}"#);
    send(house, format!(r#"{{"batch":[{one}]}}"#)).await;
}

fn names(events: &[Sent]) -> Vec<&str> {
    let names = events.iter().map(|sent| sent.data["name"].as_str());
    names.map(Option::unwrap).collect()
}

/// A relay that delivers what comes at once.
async fn prompt_house() -> House {
    House::with(|config| {
        let Sink::Lake(lake) = &mut config.sink else {
            panic!("the default sink is the lake");
        };
        lake.buffer_interval = Duration::ZERO;
    })
    .await
}

#[tokio::test]
async fn a_test_waits_for_so_many_events_and_the_stream_ends() {
    let house = House::new().await;
    // Before anybody watched: the spool has them.
    track(&house, "A", "45").await;
    track(&house, "B", "90").await;
    let waiting = tokio::spawn(watch(&house, "after=0&limit=3").await.events());
    track(&house, "C", "45").await;
    track(&house, "D", "45").await;
    let events = waiting.await.unwrap();
    assert_eq!(names(&events), ["A", "B", "C"]);
    let first = &events[0].data;
    assert_eq!(
        (&first["outcome"], &first["userId"]),
        (&"stored".into(), &"45".into())
    );
    assert_eq!(
        (&first["type"], &first["source"]),
        (&"track".into(), &"backend".into())
    );
    assert_eq!(first["receivedAt"], crate::house::NOW_MS);
    let line: Value = serde_json::from_str(first["line"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&line["event"], &line["userId"]),
        (&"A".into(), &"45".into())
    );
    // It was seen to become durable only while somebody watched.
    assert_eq!(first["durableAt"], Value::Null);
    assert_eq!(events[2].data["durableAt"], crate::house::NOW_MS);
    house.lines().await;
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_lost() {
    let house = House::new().await;
    let mut stream = watch(&house, "").await;
    for name in ["A", "B"] {
        track(&house, name, "45").await;
    }
    let first = stream.next_of("").await;
    assert_eq!(first.data["name"], "A");
    drop(stream);
    track(&house, "C", "45").await;
    // As a browser does: the same query again, and the last id.
    let again = watch_from(&house, "last=1000&limit=2", Some(&first.id)).await;
    assert_eq!(names(&again.events().await), ["B", "C"]);
    let after = watch(&house, &format!("after={}&limit=2", first.id)).await;
    assert_eq!(names(&after.events().await), ["B", "C"]);
    let last = watch(&house, "last=1&limit=1").await;
    assert_eq!(names(&last.events().await), ["C"]);
    // Without a word about the beginning, with what comes.
    let now = tokio::spawn(watch(&house, "limit=1").await.events());
    track(&house, "D", "45").await;
    assert_eq!(names(&now.await.unwrap()), ["D"]);
    house.lines().await;
}

#[tokio::test]
async fn rejected_events_stand_where_they_came_with_path_and_rule() {
    let house = House::new().await;
    track(&house, "A", "45").await;
    let nested = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    let deep = format!(r#"{{"type":"track","event":"B","userId":"45","properties":{nested}}}"#);
    let stream = watch(&house, "after=0&limit=3").await;
    send(&house, format!(r#"{{"batch":[{deep},7]}}"#)).await;
    let events = stream.events().await;
    let outcomes: Vec<&Value> = events.iter().map(|sent| &sent.data["outcome"]).collect();
    assert_eq!(outcomes, ["stored", "rejected", "rejected"]);
    let rejected = &events[1].data;
    assert_eq!(
        (&rejected["code"], &rejected["index"]),
        (&"too_deep".into(), &0.into())
    );
    let reason = rejected["reason"].as_str().unwrap();
    assert!(reason.starts_with("too_deep: $.properties"), "{reason}");
    assert_eq!(
        (&rejected["name"], &rejected["source"]),
        (&"B".into(), &"backend".into())
    );
    assert_eq!(rejected["line"], deep);
    assert_eq!(events[1].id, format!("{}.1", events[0].id));
    // A resume between the two of one batch.
    let rest = watch(&house, &format!("after={}&limit=1", events[1].id)).await;
    assert_eq!(rest.events().await[0].data["code"], "not_an_object");
    house.lines().await;
}

#[tokio::test]
async fn filters_narrow_the_stream() {
    let house = House::new().await;
    track(&house, "Order Completed", "45").await;
    track(&house, "Product Viewed", "45").await;
    track(&house, "Order Completed", "90").await;
    send(
        &house,
        r#"{"batch":[{"type":"page","name":"Home","userId":"45"}]}"#.to_owned(),
    )
    .await;
    send(
        &house,
        r#"{"batch":[{"type":"track","event":"E","userId":"/"}]}"#.to_owned(),
    )
    .await;
    for (query, expected) in [
        ("user=90", &["Order Completed"][..]),
        ("user=45&type=track", &["Order Completed", "Product Viewed"]),
        ("name=order", &["Order Completed", "Order Completed"]),
        ("type=page&source=backend", &["Home"]),
        ("outcome=rejected", &["E"]),
        ("user=90&user=45&type=page", &["Home"]),
    ] {
        let query = format!("after=0&limit={}&{query}", expected.len());
        let events = watch(&house, &query).await.events().await;
        assert_eq!(names(&events), expected, "{query}");
    }
    house.lines().await;
}

#[tokio::test]
async fn what_is_lost_is_said() {
    let house = House::new().await;
    let event = r#"{"type":"track","event":"E","userId":"1"}"#;
    let batch = format!(r#"{{"batch":[{}]}}"#, vec![event; 2500].join(","));
    send(&house, batch.clone()).await;
    // The spool's last thousand are shown to who comes first.
    let mut stream = watch(&house, "after=0").await;
    assert_eq!(stream.next().await.unwrap().kind, "lagged");
    drop(stream);
    let mut stream = watch(&house, "after=0&limit=1000").await;
    assert_eq!(stream.next_of("lagged").await.data["count"], 1500);
    assert_eq!(stream.events().await.len(), 1000);
    // A burst is thinned out, and what was left out is said: none is forgotten.
    let mut stream = watch(&house, "").await;
    let last = send_all(&house, &batch, 4).await;
    let (mut seen, mut missed) = (0, 0);
    while seen + missed < last {
        let sent = stream.next().await.unwrap();
        match &*sent.kind {
            "" => seen += 1,
            "lagged" => missed += sent.data["count"].as_u64().unwrap(),
            _ => {}
        }
    }
    assert_eq!(seen + missed, last);
    assert!(seen > 0 && missed > 0, "{seen} {missed}");
    house.lines().await;
}

/// Sends the batch of 2,500 so many times; says how many events those were.
async fn send_all(house: &House, batch: &str, times: u64) -> u64 {
    for _ in 0..times {
        let taken = send(house, batch.to_owned()).await.json();
        assert_eq!(taken["accepted"], 2500);
    }
    times * 2500
}

#[tokio::test]
async fn a_watcher_that_never_reads_slows_nobody() {
    let house = House::new().await;
    // Its stream is made, and never asked for a byte.
    let mut stuck = watch(&house, "after=0").await;
    let long = "x".repeat(3000);
    let one =
        format!(r#"{{"type":"track","event":"E","userId":"1","properties":{{"a":"{long}"}}}}"#);
    let batch = format!(r#"{{"batch":[{}]}}"#, vec![&*one; 1000].join(","));
    for _ in 0..4 {
        send(&house, batch.clone()).await;
    }
    // What comes while so much is shown may be skipped: sent again until it is not.
    let found = tokio::spawn(watch(&house, "user=45&last=1&limit=1").await.events());
    while !found.is_finished() {
        track(&house, "Last", "45").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(names(&found.await.unwrap()), ["Last"]);
    // When it reads after all, it hears what it missed, and goes on with what is held.
    let (mut seen, mut missed) = (0, 0);
    let last: u64 = loop {
        let sent = stuck.next().await.unwrap();
        match &*sent.kind {
            "" if sent.data["name"] == "Last" => break sent.id.parse().unwrap(),
            "" => seen += 1,
            "lagged" => missed += sent.data["count"].as_u64().unwrap(),
            _ => {}
        }
    };
    assert!(last > 4000, "{last}");
    assert_eq!(seen + missed, last - 1);
    // 12 MB came by; the ring holds 8 MiB.
    assert!(missed > 1000, "{missed}");
    house.lines().await;
}

#[tokio::test]
async fn delivery_is_told_and_can_be_waited_for() {
    let house = prompt_house().await;
    let mut stream = watch(&house, "").await;
    let delivered = tokio::spawn(watch(&house, "outcome=delivered&limit=2").await.events());
    track(&house, "A", "45").await;
    track(&house, "B", "45").await;
    let events = delivered.await.unwrap();
    assert_eq!(names(&events), ["A", "B"]);
    assert_eq!(events[1].data["outcome"], "delivered");
    assert_eq!(events[1].data["deliveredAt"], crate::house::NOW_MS);
    let position: u64 = events[1].id.parse().unwrap();
    while stream.next_of("delivered").await.data["below"]
        .as_u64()
        .unwrap()
        <= position
    {}
    loop {
        let figures = stream.next_of("figures").await.data;
        if figures["delivered"] == 2 {
            assert_eq!(
                (&figures["waiting"], &figures["watchers"]),
                (&0.into(), &1.into())
            );
            assert_eq!(figures["trouble"], Value::Array(Vec::new()));
            break;
        }
    }
    house.lines().await;
}

#[tokio::test]
async fn watchers_are_bounded_and_one_more_is_told() {
    let house = House::with(|config| config.live_watchers = 2).await;
    let (first, _second) = (watch(&house, "").await, watch(&house, "").await);
    let token = format!("Bearer {}", house.relay.token());
    let ask = async || answer(&house, "", &[("authorization", &*token)]).await;
    let refused = Answer::of(ask().await).await;
    assert_eq!(refused.error(), (503, "too_many_watchers".to_owned()));
    assert!(
        refused.text.contains("2 watchers are all"),
        "{}",
        refused.text
    );
    assert!(!refused.header("retry-after").is_empty());
    drop(first);
    until("its place is free", async || ask().await.status() == 200).await;
    house.lines().await;
}

#[tokio::test]
async fn without_watchers_there_is_no_view() {
    let house = House::with(|config| config.live_watchers = 0).await;
    for path in ["/live", "/live/events", "/live/live.js"] {
        let path = format!("{path}?token={}", house.relay.token());
        assert_eq!(house.get(&path).await.status, 404, "{path}");
    }
    house.lines().await;
}

#[tokio::test]
async fn a_stop_ends_streams_at_once() {
    let house = House::new().await;
    let mut stream = watch(&house, "").await;
    house.relay.close_live();
    assert_eq!(
        stream.next_of("end").await.data["reason"],
        "the relay is stopping"
    );
    assert!(stream.next().await.is_none());
    let token = format!("Bearer {}", house.relay.token());
    let late = answer(&house, "", &[("authorization", &*token)]).await;
    assert_eq!(late.status(), 503);
    house.lines().await;
}

#[tokio::test]
async fn a_query_that_cannot_be_followed_is_answered_in_words() {
    let house = House::new().await;
    let token = format!("Bearer {}", house.relay.token());
    for query in ["afer=1", "after=x", "type=click", "limit=0"] {
        let refused = answer(&house, query, &[("authorization", &*token)]).await;
        let refused = Answer::of(refused).await;
        assert_eq!(
            refused.error(),
            (400, "invalid_query".to_owned()),
            "{query}"
        );
    }
    house.lines().await;
}
