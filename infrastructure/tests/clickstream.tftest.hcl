# What can be set, and what comes of it: `terraform test`. The provider is mocked, so no account
# and no credentials are needed.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { region = "eu-west-2" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::mocked" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/mocked" }
  }

  mock_resource "aws_kinesis_firehose_delivery_stream" {
    defaults = { arn = "arn:aws:firehose:eu-west-2:123456789012:deliverystream/mocked" }
  }
}

run "the_defaults_partition_by_user_and_hour" {
  assert {
    condition     = startswith(aws_kinesis_firehose_delivery_stream.extended_s3_stream.extended_s3_configuration[0].prefix, "clickstream/userId=!{partitionKeyFromQuery:userId}/year=")
    error_message = "a folder is a user's"
  }

  assert {
    condition     = aws_s3_bucket.datalake_raw.bucket == "123456789012-datalake-raw"
    error_message = "the bucket's name carries the account"
  }

  assert {
    condition     = !aws_s3_bucket.datalake_raw.force_destroy && !aws_s3_bucket.datalake_staging.force_destroy
    error_message = "a bucket that is not empty is not destroyed"
  }

  assert {
    condition     = strcontains(output.relay_command, "AWS_REGION=eu-west-2") && strcontains(output.relay_command, "--stream clickstream")
    error_message = "the command that is printed names region and stream"
  }
}

run "a_bucket_of_users_is_a_folder_on_request" {
  variables {
    partition_by = "bucket"
  }

  assert {
    condition     = startswith(aws_kinesis_firehose_delivery_stream.extended_s3_stream.extended_s3_configuration[0].prefix, "clickstream/userBucket=!{partitionKeyFromQuery:userBucket}/year=")
    error_message = "a folder is a bucket of users"
  }
}

run "size_and_interval_reach_the_stream" {
  variables {
    buffering_size     = 128
    buffering_interval = 900
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.extended_s3_stream.extended_s3_configuration[0].buffering_size == 128
    error_message = "the size is the variable's"
  }

  assert {
    condition     = aws_kinesis_firehose_delivery_stream.extended_s3_stream.extended_s3_configuration[0].buffering_interval == 900
    error_message = "the interval is the variable's"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.clickstream["late"].threshold == 1800
    error_message = "late is later than what the interval takes"
  }
}

run "what_aws_would_refuse_is_refused_before" {
  command = plan

  variables {
    partition_by       = "session"
    buffering_size     = 5
    buffering_interval = 0
    log_retention_days = 31
  }

  expect_failures = [
    var.partition_by,
    var.buffering_size,
    var.buffering_interval,
    var.log_retention_days,
  ]
}
