# A stream without partitions, which is what version 3.39.0 of the AWS provider can make.

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

  endpoints {
    firehose = var.endpoint
  }
}

resource "aws_kinesis_firehose_delivery_stream" "plain" {
  name        = "plain"
  destination = "extended_s3"
  tags        = { team = "lake" }

  extended_s3_configuration {
    role_arn            = "arn:aws:iam::123456789012:role/deliver"
    bucket_arn          = "arn:aws:s3:::plain-lake"
    buffer_size         = 64
    buffer_interval     = var.interval
    compression_format  = "GZIP"
    prefix              = "clicks/!{timestamp:yyyy}/"
    error_output_prefix = "errors/!{firehose:error-output-type}/"

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = "/plain"
      log_stream_name = "delivery"
    }
  }
}
