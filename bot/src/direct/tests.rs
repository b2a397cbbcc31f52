//! What a crowd makes: one object a line, ids of its own, users evenly.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::*;
use crate::chance::{Chance, Use};

fn crowd(shop: &Catalogue, chance: &Chance, users: u32, wrong: (u64, u64)) -> Crowd<'static> {
    // Tests hold one shop for good.
    let shop: &'static Catalogue = Box::leak(Box::new(shop.clone()));
    let settings = Settings {
        site: "http://shop.example".to_owned(),
        seed: chance.seed,
        run: chance.run.clone(),
        users,
        mistakes: Mistakes::new(wrong.0, wrong.1, chance.stream(Use::Mistakes)),
    };
    Crowd::new(shop, settings)
}

fn made(seed: u64, users: u32, count: u64, wrong: u64) -> Vec<Value> {
    let shop = Catalogue::load().unwrap();
    let chance = Chance::new(Some(seed), true, [0; 24]);
    let mut crowd = crowd(&shop, &chance, users, (wrong, count));
    let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    (0..count)
        .map(|_| {
            let line = crowd.next_event(at).unwrap().line;
            assert!(!line.contains('\n'));
            serde_json::from_str(&line).unwrap()
        })
        .collect()
}

#[test]
fn every_event_is_nested_synthetic_and_names_its_user() {
    for event in made(1, 100, 2_000, 0) {
        assert!(event["context"]["page"].is_object());
        assert_eq!(event["context"]["automation"]["synthetic"], true);
        let user: u32 = event["userId"].as_str().unwrap().parse().unwrap();
        assert!((1..=100).contains(&user));
        assert_eq!(event["anonymousId"].as_str().unwrap().len(), 36);
        assert!(event["properties"].is_object() || event["traits"].is_object());
    }
}

#[test]
fn a_hundred_events_of_a_hundred_users_are_of_55_to_71_of_them() {
    let inside = (0..100)
        .filter(|seed| {
            let users: HashSet<_> = made(*seed, 100, 100, 0)
                .iter()
                .map(|event| event["userId"].to_string())
                .collect();
            (55..=71).contains(&users.len())
        })
        .count();
    // 99 of 100 runs are expected; 94 or fewer would be one chance in a thousand.
    assert!(inside >= 95, "{inside}");
}

#[test]
fn the_origins_six_kinds_and_all_systems_and_departments_are_among_a_thousand() {
    let events = made(1, 100, 1_000, 0);
    let names: BTreeSet<_> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    for name in [
        "Order Completed",
        "Product Added to Wishlist",
        "Product Reviewed",
        "Payment Info Entered",
        "Element Clicked",
        "Product Clicked",
    ] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
    let paths: BTreeSet<_> = events
        .iter()
        .filter_map(|event| event["context"]["page"]["path"].as_str())
        .filter(|path| path.starts_with("/departments/"))
        .collect();
    assert_eq!(paths.len(), 5);
    let agents: String = events
        .iter()
        .map(|event| event["context"]["userAgent"].to_string())
        .collect();
    for system in ["iPhone", "Android", "Windows"] {
        assert!(agents.contains(system));
    }
}

#[test]
fn events_without_ids_lack_both_and_are_as_many_as_asked_for() {
    let events = made(1, 100, 500, 20);
    let without: Vec<_> = events
        .iter()
        .filter(|event| event.get("userId").is_none())
        .collect();
    assert_eq!(without.len(), 20);
    assert!(
        without
            .iter()
            .all(|event| event.get("anonymousId").is_none())
    );
}

#[test]
fn what_the_bot_makes_the_relay_reads() {
    use clickstream_event::{limits::Limits, read};
    let events = made(1, 100, 2_000, 100);
    for part in events.chunks(100) {
        let body = serde_json::json!({ "batch": part, "writeKey": "k" }).to_string();
        let batch = read::batch(body.as_bytes(), &Limits::default()).unwrap();
        for index in 0..part.len() {
            assert!(batch.event(index).is_ok(), "{:?}", batch.event(index).err());
        }
    }
}

/// The id of a line.
fn id(line: &str) -> u128 {
    let id = line
        .split(r#""messageId":""#)
        .nth(1)
        .and_then(|rest| rest.get(..32));
    u128::from_str_radix(id.unwrap(), 16).unwrap()
}

#[test]
fn a_million_ids_are_a_million() {
    let shop = Catalogue::load().unwrap();
    let chance = Chance::new(Some(1), false, [7; 24]);
    let mut crowd = crowd(&shop, &chance, 1_000, (0, 0));
    // All in one millisecond, as a fast run would.
    let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let mut ids: HashSet<u128> = (0..20_000)
        .map(|_| id(&crowd.next_event(at).unwrap().line))
        .collect();
    assert_eq!(ids.len(), 20_000);
    // The rest by the function that made those, for one visitor: everything but the number
    // is the same.
    let visitor = Visitor::new(1, 1).0;
    for number in 20_001..=1_000_000 {
        let composer = compose::Composer {
            site: "",
            run: &chance.run,
            number,
            at,
            without_ids: false,
        };
        let id = composer.message_id(&visitor);
        assert!(
            ids.insert(u128::from_str_radix(&id, 16).unwrap()),
            "{id} twice"
        );
    }
    assert_eq!(ids.len(), 1_000_000);
}

#[test]
fn two_runs_of_one_seed_share_no_id_but_all_else() {
    let shop = Catalogue::load().unwrap();
    let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let run = |entropy| {
        let chance = Chance::new(Some(1), false, [entropy; 24]);
        let mut crowd = crowd(&shop, &chance, 100, (0, 0));
        (0..1_000)
            .map(|_| crowd.next_event(at).unwrap().line)
            .collect::<Vec<_>>()
    };
    let (one, other) = (run(1), run(2));
    let ids: HashSet<u128> = one.iter().chain(&other).map(|line| id(line)).collect();
    assert_eq!(ids.len(), 2_000);
    for (one, other) in one.iter().zip(&other) {
        let [one, other] = [one, other].map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            (
                event["event"].clone(),
                event["userId"].clone(),
                event["properties"].clone(),
            )
        });
        assert_eq!(one, other);
    }
}
