//! The machine's clock jumps an hour either way: nothing is lost, doubled or refused for it.

use std::collections::BTreeMap;
use std::time::Duration;

use clickstream_event::time::Timestamp;
use clickstream_relay::sink;

use crate::house::{House, NOW_MS, event, until};

const HOUR_MS: u64 = 3_600_000;

#[tokio::test]
async fn an_hour_either_way_loses_and_doubles_nothing() {
    let house = House::with(|config| {
        if let sink::Config::Lake(lake) = &mut config.sink {
            lake.buffer_interval = Duration::from_millis(5);
        }
    })
    .await;
    let jumps = [
        NOW_MS,
        NOW_MS + HOUR_MS,
        NOW_MS,
        NOW_MS - HOUR_MS,
        NOW_MS + 2 * HOUR_MS,
        NOW_MS,
    ];
    let mut wanted = BTreeMap::new();
    for (number, now) in jumps.into_iter().enumerate() {
        house.set_clock(now);
        let at = Timestamp::from_ms(i64::try_from(now).unwrap()).to_string();
        wanted.insert(format!("m{number}"), at);
        // Each that was sent before comes once more, from whatever hour it is.
        for id in wanted.keys() {
            let members = format!(r#","messageId":"{id}","userId":"45""#);
            house.takes("server-key", &[], event(&members)).await;
        }
        // Delivered under this clock, before the next jump.
        let events = number as u64 + 1;
        until("it is delivered", async || {
            house
                .relay
                .totals()
                .is_some_and(|totals| totals.delivered == events)
        })
        .await;
        assert_eq!(house.get("/readyz").await.status, 200, "{now}");
    }
    let totals = house.relay.totals().unwrap();
    assert_eq!((totals.taken, totals.duplicate), (21, 15));
    let lines = house.lines().await;
    assert_eq!(lines.len(), wanted.len());
    let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
    let found = lines
        .iter()
        .map(|line| (text(line, "messageId"), text(line, "receivedAt")));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), wanted);
}
