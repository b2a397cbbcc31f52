//! One control call: its input, held to the model, and who asked from where.

use super::error::ApiError;
use super::json::read;
use super::model::INPUTS;
use super::shape::{check, refuse_not_built};
use crate::server::live::Live;
use crate::server::shared::Shared;
use serde_json::Value;
use std::sync::Arc;

/// A control call whose input has the shape of the model.
pub(super) struct Call<'a> {
    pub shared: &'a Shared,
    pub region: &'a str,
    pub input: Value,
}

impl<'a> Call<'a> {
    /// Reads and checks the input of an operation.
    pub fn read(
        shared: &'a Shared,
        operation: &str,
        region: &'a str,
        body: &[u8],
    ) -> Result<Self, ApiError> {
        let (_, shape) = INPUTS
            .iter()
            .find(|(name, _)| *name == operation)
            .ok_or_else(|| ApiError::unknown_operation(Some(operation)))?;
        if !shared.takes_control(operation, region) {
            return Err(ApiError::rate_exceeded());
        }
        // An empty body is an empty structure: ListDeliveryStreams needs no more.
        let body = if body.is_empty() { b"{}" } else { body };
        let input: Value = read(body)?;
        check(shape, &input)?;
        // How many destinations there are is AWS's own question, and comes first.
        if operation == "CreateDeliveryStream" {
            super::streams::exactly_one_destination(&input)?;
        }
        refuse_not_built(shape, &input)?;
        Ok(Self {
            shared,
            region,
            input,
        })
    }

    /// A text of the input; empty where it has none.
    pub fn text(&self, name: &str) -> &str {
        self.input[name].as_str().unwrap_or_default()
    }

    /// How many of something are asked for.
    pub fn limit(&self, default: usize) -> usize {
        let limit = self.input["Limit"].as_u64();
        limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(default)
    }

    /// The stream that the call names, in any state.
    pub fn stream(&self) -> Result<Arc<Live>, ApiError> {
        self.shared
            .find(self.text("DeliveryStreamName"), self.region)
    }

    /// The stream that the call names, if it is ACTIVE: others cannot be changed.
    pub fn active_stream(&self) -> Result<Arc<Live>, ApiError> {
        let live = self.stream()?;
        match live.status(self.shared.now()).name() {
            "ACTIVE" => Ok(live),
            status => {
                let name = self.text("DeliveryStreamName");
                Err(ApiError::in_use(format!(
                    "Firehose {name} cannot be changed while it is {status}"
                )))
            }
        }
    }
}
