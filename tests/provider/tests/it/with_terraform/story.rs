//! From nothing to everything and back: validate, plan, apply, plan again, change, destroy.

use std::collections::BTreeMap;

use super::{Folder, REGION, values};

const STREAM: &str = "aws_kinesis_firehose_delivery_stream.extended_s3_stream";

/// What a plan would do: actions by address, without what stays.
fn changes(folder: &Folder, variables: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut arguments = vec!["plan", "-input=false", "-no-color", "-out=changes"];
    arguments.extend(variables);
    folder.run(&arguments)?;
    let plan = folder.json(&["show", "-json", "changes"])?;
    let mut changes = BTreeMap::new();
    for change in plan["resource_changes"].as_array().into_iter().flatten() {
        let actions = change["change"]["actions"].to_string();
        if change["mode"] == "managed" && actions != r#"["no-op"]"# {
            let address = change["address"].as_str().unwrap_or_default();
            changes.insert(address.to_owned(), actions);
        }
    }
    Ok(changes)
}

#[test]
fn the_files_are_applied_changed_and_destroyed() -> anyhow::Result<()> {
    let folder = Folder::of_the_project()?;
    let validated = folder.json(&["validate", "-json"])?;
    assert_eq!(
        validated["diagnostics"],
        serde_json::json!([]),
        "not even a warning"
    );

    let planned = changes(&folder, &[])?;
    assert!(
        planned.values().all(|actions| actions == r#"["create"]"#),
        "{planned:?}"
    );
    let count = |kind: &str| {
        let kind = format!("{kind}.");
        planned
            .keys()
            .filter(|address| address.starts_with(&kind))
            .count()
    };
    for (kind, least) in [
        ("aws_s3_bucket", 2),
        (
            super::story::STREAM.split('.').next().unwrap_or_default(),
            1,
        ),
        ("aws_cloudwatch_log_group", 1),
        ("aws_cloudwatch_log_stream", 1),
        ("aws_iam_role", 1),
        ("aws_iam_policy", 4),
        ("aws_iam_role_policy_attachment", 3),
        ("aws_cloudwatch_metric_alarm", 6),
    ] {
        assert_eq!(count(kind), least, "{kind}");
    }

    let made = folder.applied()?;
    let stream = values(&made, STREAM)?;
    let account = "123456789012";
    assert_eq!(
        stream["arn"],
        format!("arn:aws:firehose:{REGION}:{account}:deliverystream/clickstream")
    );
    let s3 = &stream["extended_s3_configuration"][0];
    assert_eq!(
        s3["bucket_arn"],
        format!("arn:aws:s3:::{account}-datalake-raw")
    );
    assert_eq!(stream["tags_all"]["project"], "clickstream");
    let command = folder.run(&["output", "-raw", "relay_command"])?;
    assert!(
        command.starts_with(&format!("AWS_REGION={REGION} ")),
        "{command}"
    );
    assert!(command.contains(" --stream clickstream "), "{command}");

    assert_eq!(
        changes(&folder, &[])?,
        BTreeMap::new(),
        "a second plan is empty"
    );

    let change = |argument: &str| changes(&folder, &["-var", argument]);
    for argument in ["partition_by=bucket", "buffering_interval=300"] {
        let changed = change(argument)?;
        assert!(changed.contains_key(STREAM), "{argument}: {changed:?}");
        // The producer's policy is read again after its stream: Terraform plans that, too.
        let in_place = changed.values().all(|actions| actions == r#"["update"]"#);
        assert!(in_place, "{argument}: {changed:?}");
    }
    let replaced = change("stream_name=other")?;
    assert_eq!(
        replaced[STREAM], r#"["create","delete"]"#,
        "a name is for life"
    );

    folder.run(&["destroy", "-auto-approve", "-input=false", "-no-color"])?;
    assert_eq!(folder.run(&["state", "list"])?, "", "nothing is left");
    Ok(())
}

#[test]
fn the_files_own_tests_pass() -> anyhow::Result<()> {
    let folder = Folder::of_the_project()?;
    let said = folder.run(&["test", "-no-color"])?;
    assert!(said.contains("Success! "), "{said}");
    assert!(said.contains(" 0 failed."), "{said}");
    Ok(())
}

#[test]
fn a_wrong_region_is_not_made_up() -> anyhow::Result<()> {
    // What the provider's block says wins over the default chain.
    let folder = Folder::of_the_project()?;
    let plan = folder.planned(&["-var", "region=sa-east-1"])?;
    let command = plan["planned_values"]["outputs"]["relay_command"]["value"].to_string();
    assert!(command.contains("AWS_REGION=sa-east-1"), "{command}");
    Ok(())
}
