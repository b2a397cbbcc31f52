//! A scan of what is applied: who may do what, and what no bucket is without.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Folder, root, values};

fn of_kind<'a>(resources: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let managed = resources
        .iter()
        .filter(|resource| resource["mode"] == "managed");
    managed
        .filter(move |resource| resource["type"] == kind)
        .map(|resource| &resource["values"])
}

/// Text, or several.
fn texts(value: &Value) -> BTreeSet<&str> {
    match value {
        Value::String(one) => BTreeSet::from([one.as_str()]),
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

fn policy(values: &Value, argument: &str) -> anyhow::Result<Vec<Value>> {
    let text = values[argument]
        .as_str()
        .with_context(|| format!("no {argument}"))?;
    let policy: Value = serde_json::from_str(text)?;
    Ok(policy["Statement"]
        .as_array()
        .context("no statements")?
        .clone())
}

#[test]
fn no_bucket_is_public_plain_or_spoken_to_in_clear() -> anyhow::Result<()> {
    let made = Folder::of_the_project()?.applied()?;
    let buckets: Vec<&Value> = of_kind(&made, "aws_s3_bucket").collect();
    assert_eq!(buckets.len(), 2);
    for bucket in buckets {
        let name = &bucket["bucket"];
        let one = |kind: &'static str| {
            let mut of_bucket = of_kind(&made, kind).filter(|values| values["bucket"] == *name);
            let found = of_bucket
                .next()
                .with_context(|| format!("{name} has no {kind}"));
            assert!(of_bucket.next().is_none(), "{name}: two of {kind}");
            found
        };
        let block = one("aws_s3_bucket_public_access_block")?;
        for way in [
            "block_public_acls",
            "block_public_policy",
            "ignore_public_acls",
            "restrict_public_buckets",
        ] {
            assert_eq!(block[way], true, "{name}: {way}");
        }
        let encryption = one("aws_s3_bucket_server_side_encryption_configuration")?;
        let rule = &encryption["rule"][0]["apply_server_side_encryption_by_default"][0];
        assert_eq!(rule["sse_algorithm"], "AES256", "{name}");
        let statements = policy(one("aws_s3_bucket_policy")?, "policy")?;
        let arn = bucket["arn"].as_str().unwrap_or_default();
        let expected = json!([{
            "Sid": "NothingWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }]);
        assert_eq!(Value::from(statements), expected);
    }
    Ok(())
}

/// What each component needs, by policy: Firehose on a bucket (its guide, "Grant Firehose access
/// to an Amazon S3 destination"), on its log, and the relay on the stream.
const NEEDS: [(&str, &[&str]); 4] = [
    ("read_write_datalake_raw", DELIVERY),
    ("read_write_datalake_staging", DELIVERY),
    ("clickstream_cloudwatch", &["logs:PutLogEvents"]),
    (
        "clickstream_producer",
        &["firehose:DescribeDeliveryStream", "firehose:PutRecordBatch"],
    ),
];

const DELIVERY: &[&str] = &[
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:PutObject",
];

#[test]
fn each_action_is_one_that_the_component_needs() -> anyhow::Result<()> {
    let made = Folder::of_the_project()?.applied()?;
    let names: BTreeSet<&str> = of_kind(&made, "aws_iam_policy")
        .filter_map(|values| values["name"].as_str())
        .collect();
    assert_eq!(names, NEEDS.map(|(name, _)| name).into());
    for (name, needs) in NEEDS {
        let mut allowed = BTreeSet::new();
        let address = format!("aws_iam_policy.{name}");
        for statement in policy(values(&made, &address)?, "policy")? {
            assert_eq!(statement["Effect"], "Allow");
            assert_eq!(statement.get("NotAction"), None);
            for action in texts(&statement["Action"]) {
                assert!(!action.contains('*'), "{name}: {action}");
                allowed.insert(action.to_owned());
            }
            let resources = texts(&statement["Resource"]);
            assert_eq!(resources.len(), 1, "{name}: one thing a statement");
            for resource in resources {
                // A star stands for a bucket's objects alone.
                let whole = resource.strip_suffix("/*").unwrap_or(resource);
                assert!(
                    whole.starts_with("arn:aws:") && !whole.contains('*'),
                    "{resource}"
                );
                let objects = resource != whole;
                assert!(!objects || whole.starts_with("arn:aws:s3:::"), "{resource}");
            }
        }
        let needs: BTreeSet<String> = needs.iter().map(|need| (*need).to_owned()).collect();
        assert_eq!(allowed, needs, "{name}");
    }
    Ok(())
}

#[test]
fn the_role_is_lent_to_firehose_for_this_account_alone() -> anyhow::Result<()> {
    let made = Folder::of_the_project()?.applied()?;
    let roles: Vec<&Value> = of_kind(&made, "aws_iam_role").collect();
    assert_eq!(roles.len(), 1);
    assert_eq!(
        Value::from(policy(roles[0], "assume_role_policy")?),
        json!([{
            "Sid": "FirehoseOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": "firehose.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "123456789012"}},
        }])
    );
    Ok(())
}

#[test]
fn the_relay_calls_what_its_policy_allows_and_no_more() -> anyhow::Result<()> {
    let sink = fs_err::read_to_string(root().join("relay/src/sink/firehose.rs"))?;
    let calls: BTreeSet<&str> = ["put_record_batch", "put_record", "describe_delivery_stream"]
        .into_iter()
        .filter(|call| sink.contains(&format!(".{call}()")))
        .collect();
    let (_, needs) = NEEDS[3];
    let names = needs
        .iter()
        .map(|need| need.split(':').next_back().unwrap_or_default());
    let names: BTreeSet<String> = names.map(snake).collect();
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(calls, names);
    Ok(())
}

/// `PutRecordBatch` as the SDK's method.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
