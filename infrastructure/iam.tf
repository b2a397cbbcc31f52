# Two sides: the role by which Firehose delivers, and the policy for whoever runs the relay.

data "aws_iam_policy_document" "firehose_trust" {
  statement {
    sid     = "FirehoseOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }

    # Firehose names the account it works for; another account's stream cannot borrow this role.
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "datalake_role" {
  name               = "datalake_role"
  description        = "Amazon Data Firehose delivers the clickstream to the lake by this role."
  assume_role_policy = data.aws_iam_policy_document.firehose_trust.json
}

# What Firehose needs on a bucket it delivers to, on that bucket alone.

data "aws_iam_policy_document" "read_write_datalake_raw" {
  statement {
    sid       = "Bucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.datalake_raw.arn]
  }

  statement {
    sid       = "Objects"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.datalake_raw.arn}/*"]
  }
}

data "aws_iam_policy_document" "read_write_datalake_staging" {
  statement {
    sid       = "Bucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.datalake_staging.arn]
  }

  statement {
    sid       = "Objects"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.datalake_staging.arn}/*"]
  }
}

# Group and stream are made in cloudwatch.tf, so writing to the stream is all that is left.
data "aws_iam_policy_document" "clickstream_cloudwatch" {
  statement {
    sid       = "DeliveryErrors"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.clickstream_firehose.arn}:log-stream:${aws_cloudwatch_log_stream.clickstream_firehose.name}"]
  }
}

resource "aws_iam_policy" "read_write_datalake_raw" {
  name        = "read_write_datalake_raw"
  description = "Deliver to the lake's raw bucket."
  policy      = data.aws_iam_policy_document.read_write_datalake_raw.json
}

resource "aws_iam_policy" "read_write_datalake_staging" {
  name        = "read_write_datalake_staging"
  description = "Deliver to the lake's staging bucket."
  policy      = data.aws_iam_policy_document.read_write_datalake_staging.json
}

resource "aws_iam_policy" "clickstream_cloudwatch" {
  name        = "clickstream_cloudwatch"
  description = "Write the clickstream's delivery errors to its log."
  policy      = data.aws_iam_policy_document.clickstream_cloudwatch.json
}

resource "aws_iam_role_policy_attachment" "datalake_raw_attach" {
  role       = aws_iam_role.datalake_role.name
  policy_arn = aws_iam_policy.read_write_datalake_raw.arn
}

resource "aws_iam_role_policy_attachment" "datalake_staging_attach" {
  role       = aws_iam_role.datalake_role.name
  policy_arn = aws_iam_policy.read_write_datalake_staging.arn
}

resource "aws_iam_role_policy_attachment" "clickstream_cloudwatch_attach" {
  role       = aws_iam_role.datalake_role.name
  policy_arn = aws_iam_policy.clickstream_cloudwatch.arn
}

# What the relay needs, on this one stream: send, and ask at start whether it is there.
# Attach it to the role or user that the relay runs as; nothing here makes one.

data "aws_iam_policy_document" "clickstream_producer" {
  statement {
    sid       = "SendAndDescribe"
    actions   = ["firehose:DescribeDeliveryStream", "firehose:PutRecordBatch"]
    resources = [aws_kinesis_firehose_delivery_stream.extended_s3_stream.arn]
  }
}

resource "aws_iam_policy" "clickstream_producer" {
  name        = "clickstream_producer"
  description = "Send events to the clickstream's delivery stream."
  policy      = data.aws_iam_policy_document.clickstream_producer.json
}
