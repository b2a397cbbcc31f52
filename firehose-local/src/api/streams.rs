//! CreateDeliveryStream, DescribeDeliveryStream, ListDeliveryStreams, UpdateDestination and
//! DeleteDeliveryStream.

use super::call::Call;
use super::destination::DESTINATION_ID;
use super::destination::Destination;
use super::error::ApiError;
use super::model::{DESTINATIONS, UPDATES};
use super::shape::Member;
use super::{encryption, tags};
use crate::server::definition::{Definition, Encryption};
use crate::server::live::Status;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The members of an input that are among these.
fn given<'a>(input: &'a Value, members: &'a [Member]) -> Vec<(&'a str, &'a Map<String, Value>)> {
    let object = |member: &Member| input[member.name].as_object().map(|map| (member.name, map));
    members.iter().filter_map(object).collect()
}

/// Refuses none and several.
pub(super) fn exactly_one_destination(input: &Value) -> Result<(), ApiError> {
    match given(input, &DESTINATIONS).len() {
        1 => Ok(()),
        _ => Err(ApiError::invalid_argument(
            "Exactly one destination configuration is supported for a Firehose",
        )),
    }
}

pub(super) fn create(call: &Call<'_>) -> Result<Value, ApiError> {
    let input = &call.input;
    match input["DeliveryStreamType"].as_str() {
        None | Some("DirectPut") => {}
        Some(other) => {
            return Err(ApiError::not_built(
                &format!("DeliveryStreamType {other}"),
                "use DirectPut",
            ));
        }
    }
    let destinations = given(input, &DESTINATIONS);
    let Some((name, values)) = destinations.first() else {
        return exactly_one_destination(input).map(|()| json!({}));
    };
    let mut kept_tags = BTreeMap::new();
    tags::put(&mut kept_tags, &input["Tags"])?;
    let encryption = match &input["DeliveryStreamEncryptionConfigurationInput"] {
        Value::Null => Encryption::default(),
        wanted => encryption::wanted(wanted)?,
    };
    let arn = call.shared.create(Definition {
        name: call.text("DeliveryStreamName").to_owned(),
        region: call.region.to_owned(),
        version: 1,
        created_ms: call.shared.now_ms(),
        updated_ms: None,
        destination: Destination::new(name.starts_with("Extended"), values)?,
        throughput_hint: input["DirectPutSourceConfiguration"]["ThroughputHintInMBs"].as_u64(),
        tags: kept_tags,
        encryption,
    })?;
    Ok(json!({"DeliveryStreamARN": arn}))
}

pub(super) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    let direct = matches!(call.text("DeliveryStreamType"), "" | "DirectPut");
    let after = call.text("ExclusiveStartDeliveryStreamName");
    let streams = call.shared.list(Some(call.region));
    let names = streams.iter().map(|live| live.definition().name);
    let mut left = names.filter(|name| direct && name.as_str() > after);
    let page: Vec<String> = left.by_ref().take(call.limit(10)).collect();
    Ok(json!({"DeliveryStreamNames": page, "HasMoreDeliveryStreams": left.next().is_some()}))
}

pub(super) fn describe(call: &Call<'_>) -> Result<Value, ApiError> {
    let live = call.stream()?;
    let now = call.shared.now();
    let definition = live.definition();
    let destinations = match call.text("ExclusiveStartDestinationId") >= DESTINATION_ID {
        true => vec![],
        false => vec![definition.destination.description()],
    };
    let mut description = json!({
        "DeliveryStreamName": definition.name,
        "DeliveryStreamARN": live.arn(),
        "DeliveryStreamStatus": live.status(now).name(),
        "DeliveryStreamEncryptionConfiguration":
            encryption::description(&definition.encryption, live.encryption(now)),
        "DeliveryStreamType": "DirectPut",
        "VersionId": definition.version.to_string(),
        "CreateTimestamp": seconds(definition.created_ms),
        "Destinations": destinations,
        "HasMoreDestinations": false,
    });
    if let Some(at) = definition.updated_ms {
        description["LastUpdateTimestamp"] = json!(seconds(at));
    }
    if let Some(hint) = definition.throughput_hint {
        description["Source"] =
            json!({"DirectPutSourceDescription": {"ThroughputHintInMBs": hint}});
    }
    Ok(json!({"DeliveryStreamDescription": description}))
}

/// As the API writes times.
fn seconds(ms: u64) -> f64 {
    // Exact: milliseconds of any year that a clock shows fit into 53 bits.
    #[allow(clippy::cast_precision_loss)]
    let ms = ms as f64;
    ms / 1000.0
}

pub(super) fn update(call: &Call<'_>) -> Result<Value, ApiError> {
    let live = call.active_stream()?;
    let updates = given(&call.input, &UPDATES);
    let [(name, values)] = updates.as_slice() else {
        return Err(ApiError::invalid_argument(
            "Exactly one destination configuration is supported for a Firehose",
        ));
    };
    if call.text("DestinationId") != DESTINATION_ID {
        return Err(ApiError::invalid_argument(format!(
            "Destination Id {} not found",
            call.text("DestinationId")
        )));
    }
    call.shared.change(&live, |definition| {
        let version = call.text("CurrentDeliveryStreamVersionId");
        if version != definition.version.to_string() {
            return Err(ApiError::concurrent_modification(
                &definition.name,
                definition.version,
                version,
            ));
        }
        let extended = name.starts_with("Extended");
        definition.destination = definition.destination.updated(extended, values)?;
        definition.version += 1;
        definition.updated_ms = Some(call.shared.now_ms());
        Ok(())
    })?;
    if live.region.is_none() {
        tracing::warn!(
            stream = call.text("DeliveryStreamName"),
            "changed until the stop: the next start takes this stream from the command line again"
        );
    }
    Ok(json!({}))
}

pub(super) fn delete(call: &Call<'_>) -> Result<Value, ApiError> {
    let live = call.stream()?;
    let name = call.text("DeliveryStreamName");
    match live.status(call.shared.now()) {
        Status::Active => {}
        status => {
            return Err(ApiError::in_use(format!(
                "Firehose {name} cannot be deleted while it is {}",
                status.name()
            )));
        }
    }
    let discarded = call.shared.delete(&live)?;
    if discarded > 0 {
        tracing::warn!(
            stream = name,
            records = discarded,
            "deleted with records that were not delivered yet: they are thrown away, as at AWS"
        );
    } else {
        tracing::info!(stream = name, "deleted; nothing was pending");
    }
    if live.region.is_none() {
        tracing::warn!(
            stream = name,
            "deleted until the stop: the next start makes this stream again, unless the command line names it no more"
        );
    }
    Ok(json!({}))
}
