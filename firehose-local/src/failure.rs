//! What becomes of a record that cannot be delivered: its code, its line under the error
//! prefix, its line in the log.

use crate::config::StreamConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// Why a record goes to the error prefix. The numbers are stable: plans on disk hold them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ErrorCode {
    /// A partition key is missing, null or `""`.
    KeyNullOrEmpty = 1,
    /// The record is not one JSON value.
    NotJson = 2,
    /// A partition key is an object or an array.
    KeyNotScalar = 3,
    /// The jq query fails on this record.
    QueryFailed = 4,
    /// The evaluated prefix is longer than 512 characters.
    PrefixTooLong = 5,
    /// One folder's name is longer than a disk takes (255 bytes once escaped).
    NameTooLong = 6,
    /// Too many partitions are open.
    ActivePartitions = 7,
    /// The bucket has refused the object for as long as the stream retries.
    Undelivered = 8,
}

impl ErrorCode {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::KeyNullOrEmpty,
        Self::NotJson,
        Self::KeyNotScalar,
        Self::QueryFailed,
        Self::PrefixTooLong,
        Self::NameTooLong,
        Self::ActivePartitions,
        Self::Undelivered,
    ];

    /// The stable number, never 0.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The code of a number that [`Self::number`] gave.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// AWS's `errorCode`.
    pub fn code(self) -> &'static str {
        match self {
            Self::ActivePartitions => "DynamicPartitioning.ActivePartitionsLimitExceeded",
            Self::Undelivered => "InternalError",
            _ => "DynamicPartitioning.MetadataExtractionFailed",
        }
    }

    /// AWS's `errorMessage`, where it is known; else ours.
    pub fn message(self) -> &'static str {
        match self {
            Self::KeyNullOrEmpty => "partitionKeys values must not be null or empty",
            Self::NotJson => "Non JSON record provided",
            Self::KeyNotScalar => "partitionKeys values must not be objects or arrays",
            Self::QueryFailed => "the MetadataExtraction query failed on this record",
            Self::PrefixTooLong => "Length of evaluated prefix cannot be greater than 512",
            Self::NameTooLong => "a folder of the evaluated prefix is longer than 255 bytes",
            Self::ActivePartitions => {
                "The number of active partitions has exceeded the configured limit"
            }
            Self::Undelivered => {
                "the object could not be delivered to its prefix within the retry duration"
            }
        }
    }

    /// The message of the log line: for a missing key the wording that AWS's console shows.
    pub fn log_message(self) -> &'static str {
        match self {
            Self::KeyNullOrEmpty => "Partition key's value should not be null or empty",
            other => other.message(),
        }
    }

    /// What `!{firehose:error-output-type}` becomes.
    pub fn output_type(self) -> &'static str {
        match self {
            Self::ActivePartitions => "activePartitionExceeded",
            Self::Undelivered => "delivery-failed",
            _ => "metadata-extraction-failed",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorLine<'a> {
    attempts_made: u32,
    arrival_timestamp: u64,
    error_code: &'a str,
    error_message: &'a str,
    attempt_ending_timestamp: u64,
    raw_data: String,
}

/// Appends a failed record's line, newline included, to the bytes of an error object. A pure
/// function of its arguments, so that a delivery done again writes the same bytes.
pub fn error_line(data: &[u8], code: ErrorCode, arrival_ms: u64, now_ms: u64, out: &mut Vec<u8>) {
    append_json(
        &ErrorLine {
            attempts_made: 1,
            arrival_timestamp: arrival_ms,
            error_code: code.code(),
            error_message: code.message(),
            attempt_ending_timestamp: now_ms,
            raw_data: STANDARD.encode(data),
        },
        out,
    );
    out.push(b'\n');
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogLine<'a> {
    timestamp: u64,
    #[serde(rename = "deliveryStreamARN")]
    delivery_stream_arn: String,
    destination: String,
    delivery_stream_version_id: u64,
    message: &'a str,
    error_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    processor: Option<&'a str>,
}

/// A line for the stream's log, without newline; `timestamp` is CloudWatch's, in ms.
pub fn log_line(config: &StreamConfig, code: ErrorCode, now_ms: u64) -> String {
    let processor = (code != ErrorCode::Undelivered).then_some("MetadataExtraction");
    line_of(config, code.log_message(), code.code(), processor, now_ms)
}

/// A line for the stream's log: its bucket has refused an object, under the code that AWS has
/// for it ("Amazon S3 Data Delivery Errors").
pub fn refusal_line(config: &StreamConfig, error: &std::io::Error, now_ms: u64) -> String {
    let message = error.to_string();
    line_of(
        config,
        &message,
        refusal_code(error, &message),
        None,
        now_ms,
    )
}

/// AWS's codes for what S3 says in its own; the rest is told by the kind of error.
const S3_CODES: [(&str, &str); 8] = [
    ("<Code>AccountProblem</Code>", "S3.AccountProblem"),
    ("<Code>AllAccessDisabled</Code>", "S3.AllAccessDisabled"),
    ("<Code>InvalidPayer</Code>", "S3.InvalidPayer"),
    ("<Code>NotSignedUp</Code>", "S3.NotSignedUp"),
    ("<Code>MethodNotAllowed</Code>", "S3.MethodNotAllowed"),
    ("<Code>NoSuchBucket</Code>", "S3.NoSuchBucket"),
    (
        "<Code>KMS.NotFoundException</Code>",
        "S3.KMS.NotFoundException",
    ),
    (
        "<Code>KMS.RequestLimitExceeded</Code>",
        "S3.KMS.RequestLimitExceeded",
    ),
];

fn refusal_code(error: &std::io::Error, message: &str) -> &'static str {
    use std::io::ErrorKind;
    if let Some((_, code)) = S3_CODES.iter().find(|(said, _)| message.contains(said)) {
        return code;
    }
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "S3.AccessDenied",
        ErrorKind::NotFound => "S3.NoSuchBucket",
        _ => "InternalError",
    }
}

fn line_of(
    config: &StreamConfig,
    message: &str,
    error_code: &str,
    processor: Option<&str>,
    now_ms: u64,
) -> String {
    let mut out = Vec::new();
    append_json(
        &LogLine {
            timestamp: now_ms,
            delivery_stream_arn: config.arn(),
            destination: config.bucket_arn(),
            delivery_stream_version_id: config.version,
            message,
            error_code,
            processor,
        },
        &mut out,
    );
    String::from_utf8_lossy(&out).into_owned()
}

fn append_json(value: &impl Serialize, out: &mut Vec<u8>) {
    let start = out.len();
    // Strings and numbers into memory: nothing here can fail. If it ever did, half a line must
    // not stay behind.
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PartitionBy;

    #[test]
    fn numbers_are_stable() {
        let numbers: Vec<u8> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(code));
        }
        assert_eq!(ErrorCode::from_number(0), None);
        assert_eq!(ErrorCode::from_number(9), None);
    }

    #[test]
    fn floci_3393_an_error_line_is_the_documented_record_in_its_order() {
        let mut out = Vec::new();
        error_line(b"{}", ErrorCode::KeyNullOrEmpty, 1, 2, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"{"attemptsMade":1,"arrivalTimestamp":1,"#,
                r#""errorCode":"DynamicPartitioning.MetadataExtractionFailed","#,
                r#""errorMessage":"partitionKeys values must not be null or empty","#,
                r#""attemptEndingTimestamp":2,"rawData":"e30="}"#,
                "\n"
            )
        );
    }

    #[test]
    fn a_refusal_has_the_code_of_s3() {
        use std::io::{Error, ErrorKind};
        let config = StreamConfig::clickstream(PartitionBy::User);
        for (kind, code) in [
            (ErrorKind::PermissionDenied, "S3.AccessDenied"),
            (ErrorKind::NotFound, "S3.NoSuchBucket"),
            (ErrorKind::StorageFull, "InternalError"),
        ] {
            let line = refusal_line(&config, &Error::new(kind, "the \"folder\""), 5);
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(
                (&line["errorCode"], &line["message"]),
                (&code.into(), &"the \"folder\"".into())
            );
            assert!(line.get("processor").is_none());
        }
    }

    #[test]
    fn what_s3_says_of_an_account_or_a_key_keeps_its_code() {
        let config = StreamConfig::clickstream(PartitionBy::User);
        for code in ["AccountProblem", "KMS.NotFoundException", "NoSuchBucket"] {
            let said = format!("403 Forbidden: <Error><Code>{code}</Code></Error>");
            let error = std::io::Error::new(std::io::ErrorKind::PermissionDenied, said);
            let line = refusal_line(&config, &error, 5);
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(line["errorCode"], format!("S3.{code}"));
        }
    }

    #[test]
    fn the_log_keeps_the_consoles_wording() {
        let config = StreamConfig::clickstream(PartitionBy::User);
        assert_eq!(
            log_line(&config, ErrorCode::KeyNullOrEmpty, 5),
            concat!(
                r#"{"timestamp":5,"#,
                r#""deliveryStreamARN":"arn:aws:firehose:us-east-1:000000000000:deliverystream/clickstream","#,
                r#""destination":"arn:aws:s3:::raw","deliveryStreamVersionId":1,"#,
                r#""message":"Partition key's value should not be null or empty","#,
                r#""errorCode":"DynamicPartitioning.MetadataExtractionFailed","#,
                r#""processor":"MetadataExtraction"}"#
            )
        );
    }
}
