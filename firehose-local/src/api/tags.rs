//! TagDeliveryStream, UntagDeliveryStream, ListTagsForDeliveryStream.

use super::call::Call;
use super::error::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Tags of one stream.
const MOST: usize = 50;

/// Adds tags, as a call lists them, to those that are there.
pub(super) fn put(tags: &mut BTreeMap<String, String>, given: &Value) -> Result<(), ApiError> {
    for tag in given.as_array().map(Vec::as_slice).unwrap_or_default() {
        let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
        tags.insert(text("Key"), text("Value"));
    }
    match tags.len() > MOST {
        true => Err(ApiError::limit_exceeded(format!(
            "a delivery stream has at most {MOST} tags"
        ))),
        false => Ok(()),
    }
}

pub(super) fn add(call: &Call<'_>) -> Result<Value, ApiError> {
    let live = call.active_stream()?;
    call.shared.change(&live, |definition| {
        put(&mut definition.tags, &call.input["Tags"])
    })?;
    Ok(json!({}))
}

pub(super) fn remove(call: &Call<'_>) -> Result<Value, ApiError> {
    let live = call.active_stream()?;
    let keys = call.input["TagKeys"].as_array();
    call.shared.change(&live, |definition| {
        for key in keys.into_iter().flatten().filter_map(Value::as_str) {
            definition.tags.remove(key);
        }
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let tags = call.stream()?.definition().tags;
    let after = call.text("ExclusiveStartTagKey");
    let mut left = tags.iter().filter(|(key, _)| key.as_str() > after);
    let page: Vec<Value> = left
        .by_ref()
        .take(call.limit(MOST))
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(json!({"Tags": page, "HasMoreTags": left.next().is_some()}))
}
