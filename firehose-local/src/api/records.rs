//! PutRecord and PutRecordBatch, with their limits.

use super::{ApiError, read, write};
use crate::server::Shared;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// 1,000 KiB before base64.
pub const MOST_RECORD: usize = 1_024_000;

/// 500 records a call.
pub const MOST_RECORDS: usize = 500;

/// 4 MiB a call, counted before base64: AWS does not say which.
pub const MOST_BATCH: usize = 4 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord {
    delivery_stream_name: String,
    record: Record,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecordBatch {
    delivery_stream_name: String,
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    data: String,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    record_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypted: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BatchAnswer {
    failed_put_count: usize,
    encrypted: bool,
    request_responses: Vec<Answer>,
}

fn decode(record: &Record, path: &str) -> Result<Vec<u8>, ApiError> {
    let data = STANDARD
        .decode(&record.data)
        .map_err(|error| ApiError::invalid_argument(format!("{path} is not base64: {error}")))?;
    if data.len() > MOST_RECORD {
        return Err(ApiError::validation(
            path,
            "Member must have length less than or equal to 1024000",
        ));
    }
    Ok(data)
}

pub(super) fn put_record(shared: &Shared, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let call: PutRecord = read(body)?;
    shared.check_name(&call.delivery_stream_name)?;
    let data = decode(&call.record, "record.data")?;
    if shared.is_full() {
        return Err(ApiError::slow_down());
    }
    shared.put(&[data]);
    write(&Answer {
        record_id: Some(shared.record_id()),
        encrypted: Some(false),
        ..Answer::default()
    })
}

pub(super) fn put_record_batch(shared: &Shared, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let call: PutRecordBatch = read(body)?;
    shared.check_name(&call.delivery_stream_name)?;
    let constraint = match call.records.len() {
        0 => Some("Member must have length greater than or equal to 1"),
        1..=MOST_RECORDS => None,
        _ => Some("Member must have length less than or equal to 500"),
    };
    if let Some(constraint) = constraint {
        return Err(ApiError::validation("records", constraint));
    }
    let mut taken = Vec::with_capacity(call.records.len());
    let mut bytes = 0;
    for (number, record) in call.records.iter().enumerate() {
        let data = decode(record, &format!("records.{}.member.data", number + 1))?;
        bytes += data.len();
        taken.push(data);
    }
    if bytes > MOST_BATCH {
        return Err(ApiError::invalid_argument(
            "Records size exceeds 4 MB limit",
        ));
    }
    if shared.is_full() {
        return Err(ApiError::slow_down());
    }
    let fails: Vec<bool> = taken.iter().map(|_| shared.draw_failure()).collect();
    let mut fail = fails.iter();
    taken.retain(|_| !fail.next().copied().unwrap_or(false));
    shared.put(&taken);
    let request_responses: Vec<Answer> = fails
        .iter()
        .map(|fails| match fails {
            true => Answer {
                error_code: Some("ServiceUnavailableException"),
                error_message: Some("Slow down."),
                ..Answer::default()
            },
            false => Answer {
                record_id: Some(shared.record_id()),
                ..Answer::default()
            },
        })
        .collect();
    write(&BatchAnswer {
        failed_put_count: fails.iter().filter(|fails| **fails).count(),
        encrypted: false,
        request_responses,
    })
}
