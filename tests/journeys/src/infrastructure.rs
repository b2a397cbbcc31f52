//! What the Terraform files promise, as far as it can be read in them without a provider.

use std::process::Command;

use anyhow::Context as _;
use clickstream_lab::program;

const FILES: [&str; 7] = [
    "provider.tf",
    "s3.tf",
    "kinesis.tf",
    "iam.tf",
    "cloudwatch.tf",
    "variables.tf",
    "outputs.tf",
];

/// A file without its comments.
fn file(name: &str) -> anyhow::Result<String> {
    let text = fs_err::read_to_string(program::root().join("infrastructure").join(name))?;
    let code = |line: &&str| !line.trim_start().starts_with('#');
    Ok(text.lines().filter(code).collect::<Vec<_>>().join("\n"))
}

fn all() -> anyhow::Result<String> {
    let files = FILES
        .map(file)
        .into_iter()
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(files.join("\n"))
}

/// The inside of a block that begins a line with `head`.
fn block<'text>(text: &'text str, head: &str) -> anyhow::Result<&'text str> {
    let (_, after) = text
        .split_once(&format!("{head} {{\n"))
        .with_context(|| format!("there is no {head}"))?;
    let (inside, _) = after
        .split_once("\n}")
        .with_context(|| format!("{head} does not end"))?;
    Ok(inside)
}

/// What an argument is set to in a block.
fn value<'text>(block: &'text str, argument: &str) -> Option<&'text str> {
    block.lines().find_map(|line| {
        let (name, value) = line.split_once(" = ")?;
        (name.trim() == argument).then_some(value.trim())
    })
}

#[test]
fn a_plan_lists_what_the_origins_did_and_a_policy_for_the_producer() -> anyhow::Result<()> {
    let text = all()?;
    let count = |kind: &str| text.matches(&format!("resource \"{kind}\" ")).count();
    assert_eq!(count("aws_s3_bucket"), 2);
    assert_eq!(count("aws_s3_bucket_public_access_block"), 2);
    assert_eq!(
        count("aws_s3_bucket_server_side_encryption_configuration"),
        2
    );
    assert_eq!(count("aws_kinesis_firehose_delivery_stream"), 1);
    assert_eq!(count("aws_cloudwatch_log_group"), 1);
    assert_eq!(count("aws_cloudwatch_log_stream"), 1);
    assert_eq!(count("aws_iam_role"), 1);
    assert_eq!(count("aws_iam_policy"), 4);
    assert_eq!(count("aws_iam_role_policy_attachment"), 3);
    for bucket in ["datalake-raw", "datalake-staging"] {
        assert!(
            text.contains(&format!("\"${{local.account}}-{bucket}\"")),
            "{bucket}"
        );
    }
    Ok(())
}

#[test]
fn no_secret_profile_or_region_is_written_and_the_state_is_not_kept() -> anyhow::Result<()> {
    let text = all()?;
    let argument = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
    for word in ["access_key", "secret_key", "profile", "token"] {
        assert!(!text.lines().any(|line| argument(line) == word), "{word}");
    }
    // Regions look like eu-west-2; the variable's description names none.
    let parts = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let region = |part: &&str| {
        let [area, side, number] = part.split('-').collect::<Vec<_>>()[..] else {
            return false;
        };
        area.len() == 2
            && side.len() > 3
            && number.len() == 1
            && number.as_bytes()[0].is_ascii_digit()
    };
    assert_eq!(parts.filter(region).collect::<Vec<_>>(), Vec::<&str>::new());
    let ignored = fs_err::read_to_string(program::root().join(".gitignore"))?;
    for pattern in ["*.tfstate", "*.tfstate.*", "*.tfvars", ".terraform/"] {
        assert!(ignored.lines().any(|line| line == pattern), "{pattern}");
    }
    Ok(())
}

#[test]
fn the_region_is_a_variable_and_reaches_the_logs_policy() -> anyhow::Result<()> {
    let text = all()?;
    let region = block(&text, "variable \"region\"")?;
    assert_eq!(value(region, "type"), Some("string"));
    assert_eq!(
        value(region, "default"),
        Some("null"),
        "the default chain's"
    );
    let provider = block(&text, "provider \"aws\"")?;
    assert_eq!(value(provider, "region"), Some("var.region"));
    // An ARN is asked of its resource, so whatever region the provider has is in it.
    assert!(!text.contains("arn:"), "no ARN is written out");
    let policy = block(
        &text,
        "data \"aws_iam_policy_document\" \"clickstream_cloudwatch\"",
    )?;
    let log = "aws_cloudwatch_log_group.clickstream_firehose";
    let resources = value(policy, "resources").unwrap_or_default();
    assert!(
        resources.starts_with(&format!("[\"${{{log}.arn}}:log-stream:")),
        "{resources}"
    );
    assert_eq!(resources.matches(',').count(), 0, "that group alone");
    // The group of the policy is the one that the stream writes to.
    let stream = block(
        &text,
        "resource \"aws_kinesis_firehose_delivery_stream\" \"extended_s3_stream\"",
    )?;
    assert_eq!(
        value(stream, "log_group_name"),
        Some(format!("{log}.name").as_str())
    );
    let made = block(
        &text,
        "resource \"aws_cloudwatch_log_group\" \"clickstream_firehose\"",
    )?;
    assert_eq!(value(made, "region"), None, "the provider's");
    Ok(())
}

#[test]
fn the_role_and_the_producer_may_do_what_they_need_and_no_more() -> anyhow::Result<()> {
    let text = file("iam.tf")?;
    // The only star is behind a bucket's ARN: its objects.
    let objects = [
        "${aws_s3_bucket.datalake_raw.arn}/*",
        "${aws_s3_bucket.datalake_staging.arn}/*",
    ];
    let left = objects
        .iter()
        .fold(text.clone(), |text, part| text.replace(part, ""));
    assert!(!left.contains('*'), "a star: {left}");
    for action in [
        "s3:AbortMultipartUpload",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:PutObject",
    ] {
        let times = text.matches(&format!("\"{action}\"")).count();
        assert_eq!(times, 2, "{action}: once for each bucket");
    }
    assert_eq!(text.matches("\"s3:").count(), 12);
    assert_eq!(text.matches("\"logs:").count(), 1);
    assert!(text.contains("[\"firehose:DescribeDeliveryStream\", \"firehose:PutRecordBatch\"]"));
    assert_eq!(text.matches("\"firehose:").count(), 2);
    assert!(text.contains("\"sts:ExternalId\""));
    Ok(())
}

#[test]
fn a_full_bucket_is_deleted_only_on_request() -> anyhow::Result<()> {
    let variables = file("variables.tf")?;
    let variable = variables
        .split("variable \"force_destroy\"")
        .nth(1)
        .unwrap();
    assert!(variable.contains("default     = false"));
    assert_eq!(
        file("s3.tf")?
            .matches("force_destroy = var.force_destroy")
            .count(),
        2
    );
    Ok(())
}

#[test]
fn the_relay_has_every_flag_of_the_command_that_is_printed() -> anyhow::Result<()> {
    let outputs = file("outputs.tf")?;
    let help = Command::new(program::path("clickstream-relay")?)
        .arg("--help")
        .output()?;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let command = outputs.split("output \"relay_command\"").nth(1).unwrap();
    let flags: Vec<&str> = command
        .split(|c: char| c.is_whitespace() || c == '"')
        .filter(|word| word.starts_with("--"))
        .collect();
    assert!(flags.len() >= 6, "{flags:?}");
    for flag in flags {
        assert!(
            help.contains(&format!("{flag} ")),
            "the relay has no {flag}:\n{help}"
        );
    }
    Ok(())
}
