//! What files alone tell, and what is named because they do not.

use super::*;

const STREAM: &str = r#"
resource "aws_kinesis_firehose_delivery_stream" "stream" {
  name        = NAME
  destination = "extended_s3"
  tags        = { a = provider::nobody::knows() }

  extended_s3_configuration {
    role_arn   = aws_iam_role.nobody.knows
    bucket_arn = BUCKET
    prefix     = PREFIX
  }

  lifecycle { create_before_destroy = true }
}
"#;

/// The one stream of a text in which its name, bucket and prefix are these, beside more text.
fn read(
    name: &str,
    bucket: &str,
    prefix: &str,
    more: &str,
) -> Result<serde_json::Value, FilesError> {
    let stream = STREAM
        .replace("NAME", name)
        .replace("BUCKET", bucket)
        .replace("PREFIX", prefix);
    let mut files = Files::default();
    files.add("main.tf", &(stream + more))?;
    let found = files.streams()?;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].address,
        "aws_kinesis_firehose_delivery_stream.stream"
    );
    Ok(found[0].values.clone())
}

const BUCKET: &str = r#""arn:aws:s3:::lake""#;

fn prefix(expression: &str, more: &str) -> Result<String, FilesError> {
    let values = read("\"x\"", BUCKET, expression, more)?;
    let prefix = &values["extended_s3_configuration"][0]["prefix"];
    Ok(prefix.as_str().unwrap_or_default().to_owned())
}

fn refused(expression: &str, more: &str) -> String {
    prefix(expression, more).unwrap_err().to_string()
}

#[test]
fn variables_locals_and_references_are_resolved() {
    let more = r#"
variable "name" { default = "clicks" }
variable "by" { default = "user" }
locals {
  account = data.aws_caller_identity.current.account_id
  choices = { user = { prefix = "userId=!{partitionKeyFromQuery:userId}/" } }
  day     = "day=!{timestamp:dd}/"
}
data "aws_caller_identity" "current" {}
resource "aws_s3_bucket" "raw" { bucket = "${local.account}-raw" }
"#;
    let name = r#""${var.name}-${lower("EU")}""#;
    let values = read(
        name,
        "aws_s3_bucket.raw.arn",
        r#""a/${local.choices[var.by].prefix}${local.day}""#,
        more,
    );
    let values = values.unwrap();
    assert_eq!(values["name"], "clicks-eu");
    let destination = &values["extended_s3_configuration"][0];
    assert_eq!(destination["bucket_arn"], "arn:aws:s3:::000000000000-raw");
    assert_eq!(
        destination["prefix"],
        "a/userId=!{partitionKeyFromQuery:userId}/day=!{timestamp:dd}/"
    );
    assert_eq!(destination.get("role_arn"), None, "needed for nothing");
}

#[test]
fn expressions_that_streams_are_written_with_are_evaluated() {
    for (expression, expected) in [
        (r#"join("/", ["a", "b", ""])"#, "a/b/"),
        (r#"replace(upper("a-b"), "-", "_")"#, "A_B"),
        (r#"true ? "yes/" : "no/""#, "yes/"),
        (r#"join("", [for part in ["a", "b"] : "${part}/"])"#, "a/b/"),
        (r#""two characters: \\n""#, "two characters: \\n"),
        ("<<-EOT\n  heredoc\n  EOT\n", "heredoc\n"),
        (r#""%{ if true }in%{ else }out%{ endif }""#, "in"),
    ] {
        assert_eq!(
            prefix(expression, ""),
            Ok(expected.to_owned()),
            "{expression}"
        );
    }
}

#[test]
fn values_from_outside_win() {
    let mut files = Files::default();
    let stream = STREAM.replace("NAME", "var.name").replace("BUCKET", BUCKET);
    let stream = stream.replace("PREFIX", "var.prefix");
    files.add("main.tf", &stream).unwrap();
    files
        .add(
            "variables.tf",
            "variable \"name\" {}\nvariable \"prefix\" { default = \"a/\" }",
        )
        .unwrap();
    let missing = files.streams().unwrap_err().to_string();
    assert!(
        missing.starts_with("var.name is not known here: it has no default"),
        "{missing}"
    );
    files
        .add_values(
            "terraform.tfvars",
            "name = \"from-a-file\"\nprefix = \"b/\"",
        )
        .unwrap();
    files.set("prefix", "c/");
    let values = files.streams().unwrap()[0].values.clone();
    assert_eq!(values["name"], "from-a-file");
    assert_eq!(values["extended_s3_configuration"][0]["prefix"], "c/");
}

#[test]
fn what_cannot_be_resolved_is_named() {
    for (expression, more, named) in [
        (
            "var.none",
            "",
            "var.none is not known here: there is no such variable",
        ),
        (
            "local.none",
            "",
            "local.none is not known here: there is no such local value",
        ),
        (
            "local.a",
            "locals {\n a = local.b\n b = local.a\n}",
            "local.a is not known here: it refers to itself",
        ),
        (
            "data.aws_ssm_parameter.p.value",
            "",
            "data.aws_ssm_parameter.p.value is not known here: only AWS knows it",
        ),
        (
            "aws_s3_bucket.none.id",
            "",
            "aws_s3_bucket.none is not known here: there is no such resource",
        ),
        (
            "aws_s3_bucket.b.arn",
            "resource \"aws_s3_bucket\" \"b\" {}",
            "aws_s3_bucket.b.arn is not known here: only AWS knows it",
        ),
        (
            "each.value",
            "",
            "each.value is not known here: only Terraform knows it",
        ),
        (
            "module.lake.prefix",
            "",
            "module.lake is not known here: there is no such resource",
        ),
        (
            "sha256(\"a\")",
            "",
            "sha256(\"a\") is not known here: undefined function `sha256`",
        ),
        (
            "replace(\"a\", \"/a/\", \"b\")",
            "",
            "patterns between slashes",
        ),
    ] {
        let said = refused(expression, more);
        assert!(said.contains(named), "{expression}: {said}");
    }
    let counted = "resource \"aws_kinesis_firehose_delivery_stream\" \"b\" { count = 2 }";
    assert!(
        refused("\"a\"", counted).contains("delivery_stream.b is not known here: it has a count")
    );
    let dynamic = "resource \"aws_kinesis_firehose_delivery_stream\" \"b\" {\n dynamic \"x\" {}\n}";
    assert!(refused("\"a\"", dynamic).contains("dynamic x is not known here"));
    let syntax = refused("\"a\"", "resource {{{");
    assert!(syntax.starts_with("main.tf is not HCL"), "{syntax}");
}

#[test]
fn a_module_alone_is_not_passed_over() {
    let mut files = Files::default();
    files
        .add("main.tf", "module \"lake\" { source = \"./lake\" }")
        .unwrap();
    let said = files.streams().unwrap_err().to_string();
    assert!(
        said.starts_with("module.lake is not known here: it is a module"),
        "{said}"
    );
    assert_eq!(Files::default().streams(), Ok(Vec::new()));
}
