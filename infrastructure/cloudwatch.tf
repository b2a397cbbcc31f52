# Where Firehose says why a record could not be delivered, and what an operator is told of.

resource "aws_cloudwatch_log_group" "clickstream_firehose" {
  name              = "/aws/kinesisfirehose/clickstream"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_stream" "clickstream_firehose" {
  name           = "ClickStreamLogStream"
  log_group_name = aws_cloudwatch_log_group.clickstream_firehose.name
}

locals {
  firehose = {
    namespace  = "AWS/Firehose"
    dimensions = { DeliveryStreamName = aws_kinesis_firehose_delivery_stream.extended_s3_stream.name }
  }

  # Each is a reason to look. A minute without a figure is a minute without events: no alarm.
  alarms = {
    late = merge(local.firehose, {
      description = "The oldest event that waits in the stream is older than it should ever be: S3 does not take them, or not fast enough."
      metric      = "DeliveryToS3.DataFreshness"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = coalesce(var.alarm_freshness_seconds, max(900, 2 * var.buffering_interval))
      minutes     = 5
    })

    refused = merge(local.firehose, {
      description = "S3 refuses objects: look at the bucket's policy, its key and the role. Events wait for a day, then they are lost."
      metric      = "DeliveryToS3.Success"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = 1
      minutes     = 5
    })

    partitions = merge(local.firehose, {
      description = "Active partitions are near their limit: ask AWS for more, or set partition_by to bucket, before events go to the error prefix."
      metric      = "PartitionCount"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = floor(var.active_partitions_limit * 0.8)
      minutes     = 1
    })

    partitions_exceeded = merge(local.firehose, {
      description = "There are more active partitions than allowed: events go to the error prefix. Bring them back with clickstream-relay replay."
      metric      = "PartitionCountExceeded"
      statistic   = "Maximum"
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      minutes     = 1
    })

    throttled = merge(local.firehose, {
      description = "The stream turns records away: its quota is too small for what the relays send. They keep them and try again."
      metric      = "ThrottledRecords"
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.alarm_throttled_records
      minutes     = 5
    })

    # Each object under the error prefix has a line in the log.
    failed = {
      description = "Events failed and lie under the error prefix; the log says why. Without a user id, they are the relay's identity settings."
      namespace   = "AWS/Logs"
      dimensions  = { LogGroupName = aws_cloudwatch_log_group.clickstream_firehose.name }
      metric      = "IncomingLogEvents"
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.alarm_failed_lines
      minutes     = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "clickstream" {
  for_each = var.alarms ? local.alarms : {}

  alarm_name          = "${var.stream_name}-${replace(each.key, "_", "-")}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  dimensions          = each.value.dimensions
  metric_name         = each.value.metric
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
}
