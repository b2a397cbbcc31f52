//! `relay/grafana/clickstream.json` asks for metrics and labels that there are.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::house::{House, event};

const DASHBOARD: &str = include_str!("../../grafana/clickstream.json");

/// Every query of the dashboard.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut all: Vec<_> = targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect();
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    all.extend(variables.filter_map(|one| Some(one["query"]["query"].as_str()?.to_owned())));
    all
}

/// The metrics that a query names.
fn names(query: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = query.split(|c| !is_name(c));
    let named = words.filter(|word| word.starts_with("clickstream_"));
    named
        .map(|word| word.trim_end_matches("_bucket").to_owned())
        .collect()
}

#[tokio::test]
async fn the_dashboard_asks_for_metrics_that_there_are() {
    let house = House::new().await;
    let key = [("x-write-key", "server-key")];
    house
        .post("/v1/batch", &key, event(r#","userId":"45""#))
        .await;
    house
        .post("/v1/batch", &key, event(r#","userId":"/""#))
        .await;
    let page = house
        .get(&format!("/metrics?token={}", house.relay.token()))
        .await
        .text;
    let queries = queries();
    assert!(queries.len() > 20, "{} queries", queries.len());
    for query in &queries {
        let names = names(query);
        assert!(!names.is_empty(), "{query} names no metric");
        for name in names {
            assert!(
                page.contains(&format!("# HELP {name} ")),
                "{query}: no metric {name}"
            );
            let labels = query
                .split(" by (")
                .skip(1)
                .map(|rest| rest.split(')').next().unwrap());
            for label in labels {
                let sample = page.lines().find(|line| {
                    line.starts_with(&format!("{name}{{"))
                        || line.starts_with(&format!("{name}_bucket{{"))
                });
                let sample = sample.unwrap_or_else(|| panic!("{name} has no labels"));
                assert!(
                    sample.contains(&format!("{label}=\"")),
                    "{query}: no label {label}: {sample}"
                );
            }
        }
    }
}
