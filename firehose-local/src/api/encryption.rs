//! StartDeliveryStreamEncryption and StopDeliveryStreamEncryption: states and keys as the API
//! tells them. Nothing on this machine is encrypted by it.

use super::call::Call;
use super::error::ApiError;
use crate::server::definition::Encryption;
use serde_json::{Value, json};

/// The encryption that an input asks for; an AWS-owned key where it asks for none.
pub(super) fn wanted(input: &Value) -> Result<Encryption, ApiError> {
    let key_type = input["KeyType"].as_str().unwrap_or("AWS_OWNED_CMK");
    let key_arn = input["KeyARN"].as_str();
    match (key_type, key_arn) {
        ("CUSTOMER_MANAGED_CMK", None) => Err(ApiError::invalid_argument(
            "KeyARN must be given when KeyType is CUSTOMER_MANAGED_CMK",
        )),
        ("AWS_OWNED_CMK", Some(_)) => Err(ApiError::invalid_argument(
            "KeyARN must not be given when KeyType is AWS_OWNED_CMK",
        )),
        _ => Ok(Encryption {
            on: true,
            key_type: Some(key_type.to_owned()),
            key_arn: key_arn.map(str::to_owned),
        }),
    }
}

/// `DeliveryStreamEncryptionConfiguration`, in this state.
pub(super) fn description(encryption: &Encryption, status: &str) -> Value {
    let mut description = json!({"Status": status});
    if let Some(key_type) = &encryption.key_type {
        description["KeyType"] = json!(key_type);
    }
    if let Some(arn) = &encryption.key_arn {
        description["KeyARN"] = json!(arn);
    }
    description
}

pub(super) fn start(call: &Call<'_>) -> Result<Value, ApiError> {
    let wanted = wanted(&call.input["DeliveryStreamEncryptionConfigurationInput"])?;
    change(call, |encryption| *encryption = wanted)
}

pub(super) fn stop(call: &Call<'_>) -> Result<Value, ApiError> {
    change(call, |encryption| *encryption = Encryption::default())
}

fn change(call: &Call<'_>, change: impl FnOnce(&mut Encryption)) -> Result<Value, ApiError> {
    let live = call.active_stream()?;
    let (now, now_ms) = (call.shared.now(), call.shared.now_ms());
    let status = live.encryption(now);
    if status.ends_with("ING") {
        let name = call.text("DeliveryStreamName");
        return Err(ApiError::in_use(format!(
            "the encryption of Firehose {name} cannot be changed while it is {status}"
        )));
    }
    call.shared.change(&live, |definition| {
        live.change_encryption(now, now_ms)?;
        change(&mut definition.encryption);
        Ok(())
    })?;
    Ok(json!({}))
}
