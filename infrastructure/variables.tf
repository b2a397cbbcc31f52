variable "region" {
  description = "AWS region of everything here. Null takes the region of the default chain (AWS_REGION, or the profile)."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags on everything that takes tags."
  type        = map(string)
  default     = { project = "clickstream" }
}

variable "stream_name" {
  description = "Name of the delivery stream. The relay is told the same by --stream."
  type        = string
  default     = "clickstream"
}

variable "partition_by" {
  description = <<-EOT
    What a folder of the lake holds: "user" (one user's events, cheapest to query by user)
    or "bucket" (one of 128 groups of users). Firehose allows 500 active partitions by
    default, and a user active across a full hour counts twice, so choose "bucket" before
    some 250 users are active in one buffer interval. Events carry both keys; only the
    prefix changes.
  EOT
  type        = string
  default     = "user"

  validation {
    condition     = contains(["user", "bucket"], var.partition_by)
    error_message = "partition_by must be \"user\" or \"bucket\"."
  }
}

variable "buffering_size" {
  description = "MiB a partition gathers before it is delivered. Dynamic partitioning needs at least 64."
  type        = number
  default     = 64

  validation {
    condition     = var.buffering_size >= 64 && var.buffering_size <= 128
    error_message = "buffering_size must be from 64 to 128 MiB: Firehose takes no less with dynamic partitioning."
  }
}

variable "buffering_interval" {
  description = "Seconds a partition waits before it is delivered, whatever its size."
  type        = number
  default     = 60

  validation {
    condition     = var.buffering_interval >= 60 && var.buffering_interval <= 900
    error_message = "buffering_interval must be from 60 to 900 seconds with dynamic partitioning."
  }
}

variable "log_retention_days" {
  description = "Days the delivery errors' log is kept."
  type        = number
  default     = 30

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be a number of days that CloudWatch Logs knows, such as 7, 30, 90 or 365."
  }
}

variable "noncurrent_version_days" {
  description = "Days a deleted or overwritten object of the raw bucket can still be brought back."
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Let `terraform destroy` delete the buckets with every event in them. Off, destroy stops at a bucket that is not empty."
  type        = bool
  default     = false
}

variable "alarms" {
  description = "Make the CloudWatch alarms. Each costs some cents a month."
  type        = bool
  default     = true
}

variable "alarm_actions" {
  description = "Names of what is told when an alarm begins and ends, such as an SNS topic's ARN. Without any, alarms are only seen in the console."
  type        = list(string)
  default     = []
}

variable "alarm_freshness_seconds" {
  description = "Age of the oldest undelivered event from which delivery is late. Null takes twice the buffering interval, at least 15 minutes: delivery takes up to 1.5 intervals without anything wrong."
  type        = number
  default     = null
}

variable "active_partitions_limit" {
  description = "Active partitions that the stream may have: AWS's default, or what was asked for. The alarm comes at 80 %."
  type        = number
  default     = 500

  validation {
    condition     = var.active_partitions_limit >= 1
    error_message = "active_partitions_limit must be 1 or more."
  }
}

variable "alarm_throttled_records" {
  description = "Records that the stream may turn away in a minute, five minutes long, without an alarm."
  type        = number
  default     = 0
}

variable "alarm_failed_lines" {
  description = "Lines that the delivery errors' log may get in a minute without an alarm."
  type        = number
  default     = 0
}
