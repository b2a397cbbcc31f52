# A stream without partitions, which is what version 3.39.0 of the AWS provider can make, in
# firehose-local, and all that it needs in another emulator.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "3.39.0"
    }
  }
}

variable "endpoint" {
  type = string
}

variable "rest" {
  type        = string
  description = "Where buckets, roles and logs are."
}

variable "interval" {
  type    = number
  default = 60
}

provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "any"
  secret_key                  = "any"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  # Else each command asks EC2, of which there is none, for 25 seconds.
  skip_get_ec2_platforms      = true
  s3_force_path_style         = true

  endpoints {
    firehose       = var.endpoint
    cloudwatchlogs = var.rest
    iam            = var.rest
    s3             = var.rest
    sts            = var.rest
  }
}

data "aws_caller_identity" "current" {}

resource "aws_s3_bucket" "lake" {
  bucket        = "plain-lake"
  force_destroy = true

  versioning {
    enabled = true
  }

  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm = "AES256"
      }
    }
  }

  lifecycle_rule {
    id                                     = "abort-unfinished-uploads"
    enabled                                = true
    abort_incomplete_multipart_upload_days = 7
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "deliver" {
  statement {
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.lake.arn}/*"]
  }

  statement {
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.plain.arn}:*"]
  }
}

resource "aws_iam_role" "deliver" {
  name               = "deliver"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_policy" "deliver" {
  name   = "deliver"
  policy = data.aws_iam_policy_document.deliver.json
}

resource "aws_iam_role_policy_attachment" "deliver" {
  role       = aws_iam_role.deliver.name
  policy_arn = aws_iam_policy.deliver.arn
}

resource "aws_cloudwatch_log_group" "plain" {
  name              = "/plain"
  retention_in_days = 14
}

resource "aws_cloudwatch_log_stream" "delivery" {
  name           = "delivery"
  log_group_name = aws_cloudwatch_log_group.plain.name
}

resource "aws_kinesis_firehose_delivery_stream" "plain" {
  name        = "plain"
  destination = "extended_s3"
  tags        = { team = "lake" }

  extended_s3_configuration {
    role_arn            = aws_iam_role.deliver.arn
    bucket_arn          = aws_s3_bucket.lake.arn
    buffer_size         = 64
    buffer_interval     = var.interval
    compression_format  = "GZIP"
    prefix              = "clicks/!{timestamp:yyyy}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.plain.name
      log_stream_name = aws_cloudwatch_log_stream.delivery.name
    }
  }

  # Firehose delivers by this right from its first record on.
  depends_on = [aws_iam_role_policy_attachment.deliver]
}
