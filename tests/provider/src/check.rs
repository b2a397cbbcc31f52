//! What AWS refuses and no schema says: allowed values, names, policies; for the stream,
//! firehose-local's own rules, so that what is deployed and what is emulated agree.

use firehose_local::{Stream, terraform};

use crate::provider::Problem;
use crate::schema::Block;
use crate::value::Value;

/// Values that an argument takes, case-sensitive.
const ALLOWED: [(&str, &[&str], &[&str]); 9] = [
    (
        "aws_kinesis_firehose_delivery_stream",
        &["destination"],
        &[
            "elasticsearch",
            "extended_s3",
            "http_endpoint",
            "iceberg",
            "opensearch",
            "opensearchserverless",
            "redshift",
            "snowflake",
            "splunk",
        ],
    ),
    (
        "aws_kinesis_firehose_delivery_stream",
        &["server_side_encryption", "key_type"],
        &["AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK"],
    ),
    (
        "aws_s3_bucket_versioning",
        &["versioning_configuration", "status"],
        &["Enabled", "Suspended", "Disabled"],
    ),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        &[
            "rule",
            "apply_server_side_encryption_by_default",
            "sse_algorithm",
        ],
        &["AES256", "aws:kms", "aws:kms:dsse"],
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        &["rule", "status"],
        &["Enabled", "Disabled"],
    ),
    (
        "aws_cloudwatch_metric_alarm",
        &["comparison_operator"],
        &[
            "GreaterThanOrEqualToThreshold",
            "GreaterThanThreshold",
            "LessThanThreshold",
            "LessThanOrEqualToThreshold",
        ],
    ),
    (
        "aws_cloudwatch_metric_alarm",
        &["statistic"],
        &["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
    ),
    (
        "aws_cloudwatch_metric_alarm",
        &["treat_missing_data"],
        &["missing", "ignore", "breaching", "notBreaching"],
    ),
    (
        "aws_cloudwatch_log_group",
        &["log_group_class"],
        &["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"],
    ),
];

/// Days that CloudWatch Logs keeps a group's entries.
const RETENTION: [u64; 23] = [
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Everything wrong with a resource, as far as its values are known.
pub fn resource(kind: &str, values: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (of_kind, path, allowed) in ALLOWED {
        if of_kind == kind {
            each(values, path, &mut |value| {
                if let Value::Text(text) = value
                    && !text.is_empty()
                    && !allowed.contains(&text.as_str())
                {
                    let what = format!("{} takes one of {}", path.join("."), allowed.join(", "));
                    problems.push(Problem { path, what });
                }
            });
        }
    }
    let mut wrong = |path, what: Option<String>| {
        problems.extend(what.map(|what| Problem { path, what }));
    };
    match kind {
        "aws_kinesis_firehose_delivery_stream" => wrong(&[], stream(values)),
        "aws_s3_bucket" => wrong(&["bucket"], bucket(values)),
        "aws_cloudwatch_log_group" => wrong(&["retention_in_days"], retention(values)),
        "aws_cloudwatch_metric_alarm" => wrong(&[], alarm(values)),
        "aws_iam_role" => wrong(
            &["assume_role_policy"],
            policy(values, "assume_role_policy"),
        ),
        "aws_iam_policy" | "aws_s3_bucket_policy" => wrong(&["policy"], policy(values, "policy")),
        _ => {}
    }
    problems
}

/// Arguments that are set although only AWS sets them.
pub fn decided_by_aws(block: &Block, config: &mut Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    block.each(config, &mut |name, attribute, value| {
        if attribute.computed && !attribute.optional && *value != Value::Null {
            let path = &[];
            let what = format!("Value for unconfigurable attribute: only AWS sets {name}");
            problems.push(Problem { path, what });
        }
    });
    problems
}

/// Visits an argument in every block that its path leads through.
fn each(value: &Value, path: &[&str], visit: &mut dyn FnMut(&Value)) {
    match (value, path) {
        (Value::List(items), [_, ..]) => items.iter().for_each(|item| each(item, path, visit)),
        (value, []) => visit(value),
        (value, [name, rest @ ..]) => {
            if let Some(value) = value.get(name) {
                each(value, rest, visit);
            }
        }
    }
}

/// The stream as firehose-local takes it. What is known only after something else is applied
/// stands under a name that any such thing could have; the rest is checked again when it is known.
fn stream(values: &Value) -> Option<String> {
    if !matches!(values.text("destination"), Some("extended_s3" | "s3")) {
        return None;
    }
    let mut values = values.clone();
    stand_in(&mut values);
    let mut unknown = 0;
    let values = values.to_json(&mut unknown);
    if unknown > 0 {
        return None;
    }
    let config = match terraform::stream(&values) {
        Ok(config) => config,
        Err(error) => return Some(error.to_string()),
    };
    Stream::new(config).err().map(|error| error.to_string())
}

/// Names and ARNs that are unknown until their owner is made.
fn stand_in(value: &mut Value) {
    match value {
        Value::List(items) => items.iter_mut().for_each(stand_in),
        Value::Map(members) => {
            for (name, value) in members {
                if *value == Value::Unknown {
                    *value = match name.as_str() {
                        "bucket_arn" => "arn:aws:s3:::not-known-yet".into(),
                        "name" | "log_group_name" | "log_stream_name" => "not-known-yet".into(),
                        "role_arn" | "id" | "arn" | "region" | "tags" | "tags_all"
                        | "destination_id" | "version_id" => Value::Null,
                        _ => Value::Unknown,
                    };
                } else {
                    stand_in(value);
                }
            }
        }
        _ => {}
    }
}

/// The rules for a bucket's name (S3 user guide, "General purpose bucket naming rules").
fn bucket(values: &Value) -> Option<String> {
    let name = values.text("bucket").filter(|name| !name.is_empty())?;
    let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let good = (3..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| small(byte) || matches!(byte, b'-' | b'.'))
        && name.bytes().next().is_some_and(small)
        && name.bytes().last().is_some_and(small);
    (!good).then(|| format!("{name} is no bucket's name: 3 to 63 of a-z, 0-9, - and ."))
}

fn retention(values: &Value) -> Option<String> {
    let Some(Value::Number(days)) = values.get("retention_in_days") else {
        return None;
    };
    let known = days.as_u64().is_some_and(|days| RETENTION.contains(&days));
    (!known).then(|| format!("retention_in_days takes one of {RETENTION:?}"))
}

/// An alarm watches one metric, over whole minutes or a few fixed seconds.
fn alarm(values: &Value) -> Option<String> {
    let number = |name| match values.get(name) {
        Some(Value::Number(number)) => number.as_f64(),
        _ => None,
    };
    let queries = !values.items("metric_query").is_empty();
    let metric = values
        .get("metric_name")
        .is_some_and(|name| *name != Value::Null);
    if queries == metric {
        return Some("an alarm has either a metric_name or metric_query blocks".into());
    }
    if number("evaluation_periods").is_some_and(|periods| periods < 1.0) {
        return Some("evaluation_periods is at least 1".into());
    }
    let period = number("period")?;
    let good = [10.0, 20.0, 30.0].contains(&period) || (period >= 60.0 && period % 60.0 == 0.0);
    (!good).then(|| "period is 10, 20, 30 or a multiple of 60 seconds".into())
}

/// A policy is JSON of AWS's grammar: a version it knows, statements with an effect and actions.
fn policy(values: &Value, argument: &str) -> Option<String> {
    let text = values.text(argument).filter(|text| !text.is_empty())?;
    let policy: serde_json::Value = match serde_json::from_str(text) {
        Ok(policy) => policy,
        Err(error) => return Some(format!("{argument} is no JSON: {error}")),
    };
    if !matches!(
        policy["Version"].as_str(),
        Some("2012-10-17" | "2008-10-17")
    ) {
        return Some(format!("{argument} has no Version that AWS knows"));
    }
    let Some(statements) = policy["Statement"].as_array() else {
        return Some(format!("{argument} has no Statement"));
    };
    for statement in statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Some(format!("{argument} has a statement without Effect"));
        }
        let actions = match &statement["Action"] {
            serde_json::Value::String(one) => vec![one.as_str()],
            serde_json::Value::Array(many) => many.iter().filter_map(|one| one.as_str()).collect(),
            _ => Vec::new(),
        };
        if actions.is_empty() && statement.get("NotAction").is_none() {
            return Some(format!("{argument} has a statement without Action"));
        }
        if let Some(action) = actions.iter().find(|action| !is_action(action)) {
            return Some(format!("{argument} has an action that is none: {action}"));
        }
    }
    None
}

/// `service:Action`, or all of them.
fn is_action(action: &str) -> bool {
    action == "*"
        || action.split_once(':').is_some_and(|(service, name)| {
            let small = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'0'..=b'9');
            !service.is_empty()
                && service.bytes().all(small)
                && !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'*')
        })
}
