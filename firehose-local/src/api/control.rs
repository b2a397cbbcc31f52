//! The control calls by their names.

use super::call::Call;
use super::error::ApiError;
use super::json::write;
use super::{encryption, streams, tags};
use crate::server::shared::Shared;
use serde_json::Value;

/// Answers one of the ten calls that carry no records.
pub(super) fn answer(
    shared: &Shared,
    operation: &str,
    region: &str,
    body: &[u8],
) -> Result<Vec<u8>, ApiError> {
    let call = Call::read(shared, operation, region, body)?;
    let answer: Value = match operation {
        "CreateDeliveryStream" => streams::create(&call),
        "DeleteDeliveryStream" => streams::delete(&call),
        "DescribeDeliveryStream" => streams::describe(&call),
        "ListDeliveryStreams" => streams::list(&call),
        "UpdateDestination" => streams::update(&call),
        "TagDeliveryStream" => tags::add(&call),
        "UntagDeliveryStream" => tags::remove(&call),
        "ListTagsForDeliveryStream" => tags::list(&call),
        "StartDeliveryStreamEncryption" => encryption::start(&call),
        "StopDeliveryStreamEncryption" => encryption::stop(&call),
        other => Err(ApiError::unknown_operation(Some(other))),
    }?;
    write(&answer)
}
