//! Planted mistakes: each is found, and by name.

use anyhow::Context as _;

use super::Folder;

/// One change of one file, and what Terraform says about it.
struct Mistake {
    what: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    found: &'static str,
}

const fn mistake(
    what: &'static str,
    file: &'static str,
    right: &'static str,
    wrong: &'static str,
    found: &'static str,
) -> Mistake {
    Mistake {
        what,
        file,
        right,
        wrong,
        found,
    }
}

/// What the schema alone tells.
const SHAPES: [Mistake; 11] = [
    mistake(
        "a misspelt argument",
        "kinesis.tf",
        "buffering_interval  =",
        "buffering_intervall =",
        "An argument named \"buffering_intervall\" is not expected here",
    ),
    mistake(
        "an argument's name of the provider's version 4",
        "kinesis.tf",
        "buffering_size      =",
        "buffer_size         =",
        "An argument named \"buffer_size\" is not expected here",
    ),
    mistake(
        "a missing argument",
        "kinesis.tf",
        "    role_arn            = aws_iam_role.datalake_role.arn\n",
        "",
        "The argument \"role_arn\" is required, but no definition was found",
    ),
    mistake(
        "a missing block",
        "s3.tf",
        "  versioning_configuration {\n    status = \"Enabled\"\n  }\n",
        "",
        "At least 1 \"versioning_configuration\" blocks are required",
    ),
    mistake(
        "a block's name",
        "kinesis.tf",
        "dynamic_partitioning_configuration {",
        "dynamic_partitioning {",
        "Blocks of type \"dynamic_partitioning\" are not expected here",
    ),
    mistake(
        "a block written as an argument",
        "kinesis.tf",
        "  server_side_encryption {",
        "  server_side_encryption = {",
        "Unsupported argument",
    ),
    mistake(
        "a wrong type",
        "kinesis.tf",
        "retry_duration = 300",
        "retry_duration = \"five minutes\"",
        "Inappropriate value for attribute \"retry_duration\": a number is required",
    ),
    mistake(
        "a misspelt resource",
        "s3.tf",
        "\"aws_s3_bucket_versioning\" \"datalake_raw\"",
        "\"aws_s3_bucket_version\" \"datalake_raw\"",
        "does not support resource type \"aws_s3_bucket_version\"",
    ),
    mistake(
        "an attribute that is none",
        "outputs.tf",
        "data.aws_region.current.region",
        "data.aws_region.current.code",
        "This object has no argument, nested block, or exported attribute named \"code\"",
    ),
    mistake(
        "a reference to nothing",
        "iam.tf",
        "policy_arn = aws_iam_policy.clickstream_cloudwatch.arn",
        "policy_arn = aws_iam_policy.cloudwatch.arn",
        "A managed resource \"aws_iam_policy\" \"cloudwatch\" has not been declared",
    ),
    mistake(
        "an argument that only AWS sets",
        "cloudwatch.tf",
        "  retention_in_days =",
        "  arn = \"x\"\n  retention_in_days =",
        "Value for unconfigurable attribute",
    ),
];

/// What only AWS, or firehose-local in its words, tells.
const VALUES: [Mistake; 21] = [
    mistake(
        "a stray !{ in the prefix",
        "kinesis.tf",
        "hour=!{timestamp:HH}/\"\n    }\n    bucket = {",
        "hour=!{timestamp:HH/\"\n    }\n    bucket = {",
        "Invalid expression usage",
    ),
    mistake(
        "a namespace that is none",
        "kinesis.tf",
        "userId=!{partitionKeyFromQuery:userId}",
        "userId=!{partitionKey:userId}",
        "Namespace to the left of colon (partitionKey) is an invalid keyword!",
    ),
    mistake(
        "a key that the query does not make",
        "kinesis.tf",
        "query  = \"{userId:.userId}\"",
        "query  = \"{user:.userId}\"",
        "S3 Prefix has the key userId, which the MetaDataExtraction JQ Query does not make",
    ),
    mistake(
        "a key that the prefix does not have",
        "kinesis.tf",
        "query  = \"{userId:.userId}\"",
        "query  = \"{userId:.userId,event:.event}\"",
        "JQ Query can't contain keys that are not present in the S3 Prefix expression",
    ),
    mistake(
        "a query that is no program",
        "kinesis.tf",
        "query  = \"{userId:.userId}\"",
        "query  = \"{userId:.userId\"",
        "the MetadataExtractionQuery is not jq 1.6: {userId:.userId",
    ),
    mistake(
        "a small buffer with partitioning",
        "kinesis.tf",
        "buffering_size      = var.buffering_size",
        "buffering_size      = 5",
        "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
    ),
    mistake(
        "a short interval with partitioning",
        "kinesis.tf",
        "buffering_interval  = var.buffering_interval",
        "buffering_interval  = 0",
        "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled.",
    ),
    mistake(
        "no error prefix",
        "kinesis.tf",
        "    error_output_prefix = ",
        "    # ",
        "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
    ),
    mistake(
        "an error prefix without the error's type",
        "kinesis.tf",
        "clickstream-errors/!{firehose:error-output-type}/",
        "clickstream-errors/",
        "ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}",
    ),
    mistake(
        "a partition key in the error prefix",
        "kinesis.tf",
        "clickstream-errors/!{firehose:error-output-type}/",
        "clickstream-errors/!{firehose:error-output-type}/!{partitionKeyFromQuery:userId}/",
        "Dynamic Partitioning Namespaces can't be part of an error prefix expression",
    ),
    mistake(
        "partitioning switched off under a prefix with keys",
        "kinesis.tf",
        "      enabled        = true\n",
        "      enabled        = false\n",
        "class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when Dynamic Partitioning is enabled.",
    ),
    mistake(
        "another jq",
        "kinesis.tf",
        "\"JQ-1.6\"",
        "\"JQ-1.7\"",
        "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6",
    ),
    mistake(
        "records of a kind that is none",
        "kinesis.tf",
        "parameter_value = \"JSON\"",
        "parameter_value = \"JSONL\"",
        "SubRecordType has to be one of JSON, DELIMITED",
    ),
    mistake(
        "a processor that is none",
        "kinesis.tf",
        "type = \"RecordDeAggregation\"",
        "type = \"RecordDeaggregation\"",
        "processors.type takes a processor's type",
    ),
    mistake(
        "a compression in small letters",
        "kinesis.tf",
        "\"UNCOMPRESSED\"",
        "\"uncompressed\"",
        "extended_s3_configuration.compression_format takes UNCOMPRESSED, GZIP",
    ),
    mistake(
        "a destination that is none",
        "kinesis.tf",
        "destination = \"extended_s3\"",
        "destination = \"s3_extended\"",
        "destination takes one of",
    ),
    mistake(
        "a name that no stream has",
        "variables.tf",
        "default     = \"clickstream\"",
        "default     = \"click stream\"",
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    ),
    mistake(
        "a name that no bucket has",
        "s3.tf",
        "${local.account}-datalake-raw",
        "${local.account}-Datalake_Raw",
        "123456789012-Datalake_Raw is no bucket's name",
    ),
    mistake(
        "an algorithm that is none",
        "s3.tf",
        "resource \"aws_s3_bucket_server_side_encryption_configuration\" \"datalake_raw\" {\n  bucket = aws_s3_bucket.datalake_raw.id\n\n  rule {\n    apply_server_side_encryption_by_default {\n      sse_algorithm = \"AES256\"",
        "resource \"aws_s3_bucket_server_side_encryption_configuration\" \"datalake_raw\" {\n  bucket = aws_s3_bucket.datalake_raw.id\n\n  rule {\n    apply_server_side_encryption_by_default {\n      sse_algorithm = \"AES-256\"",
        "sse_algorithm takes one of AES256, aws:kms",
    ),
    mistake(
        "days that no log is kept",
        "cloudwatch.tf",
        "retention_in_days = var.log_retention_days",
        "retention_in_days = 31",
        "retention_in_days takes one of",
    ),
    mistake(
        "a statistic that is none",
        "cloudwatch.tf",
        "each.value.statistic",
        "\"Mean\"",
        "statistic takes one of SampleCount, Average",
    ),
];

/// One of the mistakes, by its description.
pub fn found(what: &str) -> anyhow::Result<()> {
    let mistake = VALUES.into_iter().find(|mistake| mistake.what == what);
    all_found(
        &[mistake.with_context(|| format!("no mistake {what}"))?],
        PLAN,
    )
}

const PLAN: &[&str] = &["plan", "-input=false", "-no-color", "-lock=false"];

/// Plants each mistake alone, and runs the command that must find it.
fn all_found(mistakes: &[Mistake], command: &[&str]) -> anyhow::Result<()> {
    let folder = Folder::of_the_project()?;
    let (code, said) = folder.ends(command)?;
    assert_eq!(code, Some(0), "without a mistake: {said}");
    for mistake in mistakes {
        let file = folder.files.join(mistake.file);
        let right = fs_err::read_to_string(&file)?;
        assert_eq!(
            right.matches(mistake.right).count(),
            1,
            "{}: where?",
            mistake.what
        );
        fs_err::write(&file, right.replace(mistake.right, mistake.wrong))?;
        let (code, said) = folder.ends(command)?;
        assert_eq!(code, Some(1), "{} was not found: {said}", mistake.what);
        let error = said.split_once("Error: ").map_or("", |(_, error)| error);
        assert!(error.contains(mistake.found), "{}: {error}", mistake.what);
        fs_err::write(&file, right)?;
    }
    Ok(())
}

#[test]
fn mistakes_of_shape_are_found_by_validate() -> anyhow::Result<()> {
    all_found(&SHAPES, &["validate", "-no-color"])
}

#[test]
fn mistakes_of_value_are_found_by_plan() -> anyhow::Result<()> {
    all_found(&VALUES, PLAN)
}
