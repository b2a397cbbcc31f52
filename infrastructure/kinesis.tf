# The stream that delivers events to the raw bucket, a folder a user (or a bucket of
# users) and hour. Firehose splits a record into its JSON objects first, asks each for
# its partition key next, and ends each with a newline last, whatever the order below.

locals {
  # Both query and prefix of each choice stand here whole, so that they can be read,
  # searched for and given to firehose-local without evaluating anything.
  partitioning = {
    user = {
      query  = "{userId:.userId}"
      prefix = "clickstream/userId=!{partitionKeyFromQuery:userId}/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    }
    bucket = {
      query  = "{userBucket:.userBucket}"
      prefix = "clickstream/userBucket=!{partitionKeyFromQuery:userBucket}/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
    }
  }
}

resource "aws_kinesis_firehose_delivery_stream" "extended_s3_stream" {
  name        = var.stream_name
  destination = "extended_s3"

  # Events rest encrypted in the stream too, under a key that AWS owns and that costs nothing.
  server_side_encryption {
    enabled  = true
    key_type = "AWS_OWNED_CMK"
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.datalake_role.arn
    bucket_arn          = aws_s3_bucket.datalake_raw.arn
    buffering_size      = var.buffering_size
    buffering_interval  = var.buffering_interval
    compression_format  = "UNCOMPRESSED"
    prefix              = local.partitioning[var.partition_by].prefix
    error_output_prefix = "clickstream-errors/!{firehose:error-output-type}/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"

    dynamic_partitioning_configuration {
      enabled        = true
      retry_duration = 300
    }

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.clickstream_firehose.name
      log_stream_name = aws_cloudwatch_log_stream.clickstream_firehose.name
    }

    processing_configuration {
      enabled = true

      processors {
        type = "RecordDeAggregation"

        parameters {
          parameter_name  = "SubRecordType"
          parameter_value = "JSON"
        }
      }

      processors {
        type = "MetadataExtraction"

        parameters {
          parameter_name  = "MetadataExtractionQuery"
          parameter_value = local.partitioning[var.partition_by].query
        }

        parameters {
          parameter_name  = "JsonParsingEngine"
          parameter_value = "JQ-1.6"
        }
      }

      processors {
        type = "AppendDelimiterToRecord"

        # Two characters, a backslash and an n: Firehose reads them as a newline.
        parameters {
          parameter_name  = "Delimiter"
          parameter_value = "\\n"
        }
      }
    }
  }

  # A stream is waited for until it is ACTIVE. Minutes are usual; after this, something is wrong.
  timeouts {
    create = "20m"
  }

  # Switching partitioning on, or another name, makes a new stream. It stands before the old one
  # goes, so that a relay always has one: give the new one a name of its own.
  lifecycle {
    create_before_destroy = true
  }

  # Firehose tries the role when the stream is made, so its rights must stand before.
  depends_on = [
    aws_iam_role_policy_attachment.datalake_raw_attach,
    aws_iam_role_policy_attachment.datalake_staging_attach,
    aws_iam_role_policy_attachment.clickstream_cloudwatch_attach,
  ]
}
