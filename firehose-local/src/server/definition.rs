//! What a stream is, as it is described and kept: everything but its records.

use crate::api::destination::Destination;
use crate::config::StreamConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A stream's definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name, one of its region.
    pub name: String,
    /// Its region, from the scope of the call that made it.
    pub region: String,
    /// 1, and one more with each change.
    pub version: u64,
    /// When it was made, ms.
    pub created_ms: u64,
    /// When it was changed, ms.
    pub updated_ms: Option<u64>,
    /// Where its records go.
    pub destination: Destination,
    /// The throughput hint of direct puts, MiB a second: kept, described, of no effect.
    pub throughput_hint: Option<u64>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its encryption at rest.
    pub encryption: Encryption,
}

/// Server-side encryption: what the API says of it. Nothing on this machine is encrypted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Encryption {
    /// Whether it is on, or about to be.
    pub on: bool,
    /// `AWS_OWNED_CMK` or `CUSTOMER_MANAGED_CMK`, once it was on.
    pub key_type: Option<String>,
    /// The customer's key.
    pub key_arn: Option<String>,
}

impl Definition {
    /// Of a configuration that was not made by a call.
    pub fn of(config: &StreamConfig, now_ms: u64) -> Self {
        Self {
            name: config.name.clone(),
            region: config.region.clone(),
            version: config.version,
            created_ms: now_ms,
            updated_ms: None,
            destination: Destination::of(config),
            throughput_hint: None,
            tags: BTreeMap::new(),
            encryption: Encryption::default(),
        }
    }
}
