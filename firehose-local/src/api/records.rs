//! PutRecord and PutRecordBatch, with their limits.

use super::error::ApiError;
use super::json::{read, write};
use super::model::NAME;
use super::shape::check_text;
use crate::server::live::Live;
use crate::server::shared::{ACCOUNT, Shared};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// 1,000 KiB before base64.
pub const MOST_RECORD: usize = 1_024_000;

/// 500 records a call.
pub const MOST_RECORDS: usize = 500;

/// 4 MiB a call, counted before base64: AWS does not say which.
pub const MOST_BATCH: usize = 4 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRecord {
    delivery_stream_name: Option<String>,
    record: Option<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRecordBatch {
    delivery_stream_name: Option<String>,
    records: Option<Vec<Record>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Record {
    data: Option<String>,
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
    let data = present(record.data.as_ref(), path)?;
    let data = STANDARD
        .decode(data)
        .map_err(|error| ApiError::invalid_argument(format!("{path} is not base64: {error}")))?;
    if data.len() > MOST_RECORD {
        return Err(ApiError::validation(
            path,
            "Member must have length less than or equal to 1024000",
        ));
    }
    Ok(data)
}

fn present<'a, T>(value: Option<&'a T>, path: &str) -> Result<&'a T, ApiError> {
    value.ok_or_else(|| ApiError::validation(path, "Member must not be null"))
}

/// The stream of this name, if it takes so many records.
fn stream(
    shared: &Shared,
    name: Option<&String>,
    region: &str,
    records: usize,
) -> Result<Arc<Live>, ApiError> {
    let name = present(name, "deliveryStreamName")?;
    check_text(&NAME, name, "deliveryStreamName")?;
    let live = shared.active(name, region)?;
    match live.is_full() {
        true => {
            live.count_throttled(records);
            Err(ApiError::slow_down())
        }
        false => Ok(live),
    }
}

/// Takes the records, and says whether the stream's encryption is on.
fn take(shared: &Shared, live: &Live, records: &[Vec<u8>]) -> Result<bool, ApiError> {
    match shared.put(live, records) {
        true => Ok(live.encryption(shared.now()) == "ENABLED"),
        false => {
            let name = live.definition().name;
            Err(ApiError::not_active(&name, ACCOUNT, "DELETING"))
        }
    }
}

pub(super) fn put_record(shared: &Shared, region: &str, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let began = shared.now();
    let call: PutRecord = read(body)?;
    let record = present(call.record.as_ref(), "record")?;
    let data = decode(record, "record.data")?;
    let live = stream(shared, call.delivery_stream_name.as_ref(), region, 1)?;
    let data = [data];
    let encrypted = take(shared, &live, &data)?;
    live.count_put(false, &data, shared.now() - began);
    write(&Answer {
        record_id: Some(shared.record_id()),
        encrypted: Some(encrypted),
        ..Answer::default()
    })
}

pub(super) fn put_record_batch(
    shared: &Shared,
    region: &str,
    body: &[u8],
) -> Result<Vec<u8>, ApiError> {
    let began = shared.now();
    let call: PutRecordBatch = read(body)?;
    let records = present(call.records.as_ref(), "records")?;
    let constraint = match records.len() {
        0 => Some("Member must have length greater than or equal to 1"),
        1..=MOST_RECORDS => None,
        _ => Some("Member must have length less than or equal to 500"),
    };
    if let Some(constraint) = constraint {
        return Err(ApiError::validation("records", constraint));
    }
    let mut taken = Vec::with_capacity(records.len());
    let mut bytes = 0;
    for (number, record) in records.iter().enumerate() {
        let data = decode(record, &format!("records.{}.member.data", number + 1))?;
        bytes += data.len();
        taken.push(data);
    }
    if bytes > MOST_BATCH {
        return Err(ApiError::invalid_argument(
            "Records size exceeds 4 MB limit",
        ));
    }
    let name = call.delivery_stream_name.as_ref();
    let live = stream(shared, name, region, records.len())?;
    let fails: Vec<bool> = taken.iter().map(|_| shared.draw_failure()).collect();
    let mut fail = fails.iter();
    taken.retain(|_| !fail.next().copied().unwrap_or(false));
    let encrypted = take(shared, &live, &taken)?;
    live.count_put(true, &taken, shared.now() - began);
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
        encrypted,
        request_responses,
    })
}
