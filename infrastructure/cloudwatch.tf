# Where Firehose says why a record could not be delivered.

resource "aws_cloudwatch_log_group" "clickstream_firehose" {
  name              = "/aws/kinesisfirehose/clickstream"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_stream" "clickstream_firehose" {
  name           = "ClickStreamLogStream"
  log_group_name = aws_cloudwatch_log_group.clickstream_firehose.name
}
