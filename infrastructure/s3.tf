# Two stages of the lake: raw is what Firehose delivers, staging is for what later
# jobs make of it. The names carry the account, since bucket names are global.

resource "aws_s3_bucket" "datalake_raw" {
  bucket        = "${local.account}-datalake-raw"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket" "datalake_staging" {
  bucket        = "${local.account}-datalake-staging"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "datalake_raw" {
  bucket                  = aws_s3_bucket.datalake_raw.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_public_access_block" "datalake_staging" {
  bucket                  = aws_s3_bucket.datalake_staging.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Whoever speaks to a bucket without TLS is refused, whatever else allows it.

data "aws_iam_policy_document" "tls_only" {
  for_each = {
    raw     = aws_s3_bucket.datalake_raw.arn
    staging = aws_s3_bucket.datalake_staging.arn
  }

  statement {
    sid       = "NothingWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value, "${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "datalake_raw" {
  bucket = aws_s3_bucket.datalake_raw.id
  policy = data.aws_iam_policy_document.tls_only["raw"].json

  # S3 refuses to change both at once.
  depends_on = [aws_s3_bucket_public_access_block.datalake_raw]
}

resource "aws_s3_bucket_policy" "datalake_staging" {
  bucket = aws_s3_bucket.datalake_staging.id
  policy = data.aws_iam_policy_document.tls_only["staging"].json

  depends_on = [aws_s3_bucket_public_access_block.datalake_staging]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "datalake_raw" {
  bucket = aws_s3_bucket.datalake_raw.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "datalake_staging" {
  bucket = aws_s3_bucket.datalake_staging.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# Raw cannot be made again, so a deletion by mistake can be undone for a while.
# Staging can be made again from raw, and needs no versions.
resource "aws_s3_bucket_versioning" "datalake_raw" {
  bucket = aws_s3_bucket.datalake_raw.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "datalake_raw" {
  bucket = aws_s3_bucket.datalake_raw.id

  rule {
    id     = "forget-deleted-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_version_days
    }
  }

  # Parts of an upload that never ended are billed and never listed.
  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.datalake_raw]
}

resource "aws_s3_bucket_lifecycle_configuration" "datalake_staging" {
  bucket = aws_s3_bucket.datalake_staging.id

  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}
