//! The alarms: what an operator must know is watched, under names that exist.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Folder, root};

/// Alarm, metric, and the threshold of the defaults.
const ALARMS: [(&str, &str, f64); 6] = [
    ("clickstream-failed", "IncomingLogEvents", 0.0),
    ("clickstream-late", "DeliveryToS3.DataFreshness", 900.0),
    ("clickstream-partitions", "PartitionCount", 400.0),
    (
        "clickstream-partitions-exceeded",
        "PartitionCountExceeded",
        1.0,
    ),
    ("clickstream-refused", "DeliveryToS3.Success", 1.0),
    ("clickstream-throttled", "ThrottledRecords", 0.0),
];

/// The planned alarms by name.
fn planned(folder: &Folder, variables: &[&str]) -> anyhow::Result<BTreeMap<String, Value>> {
    let plan = folder.planned(variables)?;
    let resources = plan["planned_values"]["root_module"]["resources"].as_array();
    let alarms = resources
        .into_iter()
        .flatten()
        .filter(|resource| resource["type"] == "aws_cloudwatch_metric_alarm");
    let named = alarms.map(|alarm| {
        let name = alarm["values"]["alarm_name"].as_str().unwrap_or_default();
        (name.to_owned(), alarm["values"].clone())
    });
    Ok(named.collect())
}

#[test]
fn what_an_operator_must_know_has_an_alarm() -> anyhow::Result<()> {
    let folder = Folder::of_the_project()?;
    let alarms = planned(&folder, &[])?;
    assert_eq!(alarms.len(), ALARMS.len(), "{:?}", alarms.keys());
    for (name, metric, threshold) in ALARMS {
        let alarm = &alarms[name];
        assert_eq!(alarm["metric_name"], metric, "{name}");
        assert_eq!(alarm["threshold"].as_f64(), Some(threshold), "{name}");
        assert_eq!(alarm["treat_missing_data"], "notBreaching", "{name}");
        let (namespace, dimension, of) = match metric {
            "IncomingLogEvents" => (
                "AWS/Logs",
                "LogGroupName",
                "/aws/kinesisfirehose/clickstream",
            ),
            _ => ("AWS/Firehose", "DeliveryStreamName", "clickstream"),
        };
        assert_eq!(alarm["namespace"], namespace, "{name}");
        assert_eq!(
            alarm["dimensions"],
            serde_json::json!({dimension: of}),
            "{name}"
        );
    }
    let topic = "x:sns:topic";
    let actions = format!("alarm_actions=[\"{topic}\"]");
    let variables = ["-var", "active_partitions_limit=2500", "-var", &actions];
    let alarms = planned(&folder, &variables)?;
    assert_eq!(
        alarms["clickstream-partitions"]["threshold"].as_f64(),
        Some(2000.0)
    );
    for alarm in alarms.values() {
        assert_eq!(alarm["alarm_actions"], serde_json::json!([topic]));
        assert_eq!(alarm["ok_actions"], serde_json::json!([topic]));
    }
    assert_eq!(
        planned(&folder, &["-var", "alarms=false"])?,
        BTreeMap::new()
    );
    Ok(())
}

#[test]
fn the_streams_metrics_are_those_that_the_local_one_shows() -> anyhow::Result<()> {
    let local = fs_err::read_to_string(root().join("firehose-local/src/metrics.rs"))?;
    for (name, metric, _) in ALARMS {
        let of_the_log = metric == "IncomingLogEvents";
        assert!(of_the_log || local.contains(metric), "{name}: {metric}");
    }
    Ok(())
}
