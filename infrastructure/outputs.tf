output "raw_bucket" {
  description = "Where events are delivered, under clickstream/, and what failed, under clickstream-errors/."
  value       = aws_s3_bucket.datalake_raw.bucket
}

output "staging_bucket" {
  description = "Where later jobs write what they make of the raw events."
  value       = aws_s3_bucket.datalake_staging.bucket
}

output "stream_name" {
  description = "The delivery stream the relay sends to."
  value       = aws_kinesis_firehose_delivery_stream.extended_s3_stream.name
}

output "error_log" {
  description = "Group and stream of the log that says why a record could not be delivered."
  value       = "${aws_cloudwatch_log_group.clickstream_firehose.name} ${aws_cloudwatch_log_stream.clickstream_firehose.name}"
}

output "producer_policy_arn" {
  description = "Attach this to the role or user that runs the relay."
  value       = aws_iam_policy.clickstream_producer.arn
}

output "relay_command" {
  description = "Starts a relay that sends to this stream, with the credentials of the default chain. Set WRITE_KEY first."
  value = join(" ", [
    "AWS_REGION=${data.aws_region.current.region}",
    "clickstream-relay",
    "--listen 127.0.0.1:8080",
    "--sink firehose",
    "--stream ${aws_kinesis_firehose_delivery_stream.extended_s3_stream.name}",
    "--partition-by ${var.partition_by}",
    "--spool-dir spool",
    "--write-key \"server:shop:$WRITE_KEY\"",
  ])
}
