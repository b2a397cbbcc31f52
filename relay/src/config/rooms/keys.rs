//! Where keys come from: from flags to the sources of keys.

use crate::config::ConfigError;
use crate::config::flags::{IdentityFlags, IntakeFlags};
use crate::keys::Sources;

/// Takes what both tables say of keys.
pub(in crate::config) fn sources(
    intake: &IntakeFlags,
    identity: &IdentityFlags,
) -> Result<Sources, ConfigError> {
    let mut identity_keys = Vec::new();
    for text in identity.key.iter().flatten() {
        let Some((kid, file)) = text.split_once(':') else {
            return Err(ConfigError::IdentityForm(text.clone()));
        };
        identity_keys.push((kid.to_owned(), file.into()));
    }
    Ok(Sources {
        write_keys: intake.write_key.clone().unwrap_or_default(),
        write_key_file: intake.write_key_file.clone(),
        identity_keys,
        identity_key_file: identity.key_file.clone(),
    })
}
