//! What is never stored: from flags to the intake's settings.

use crate::config::ConfigError;
use crate::config::flags::PrivacyFlags;
use crate::intake::address::KeptAddress;
use crate::redact::Rules;
use crate::redact::query::Names;

/// Reads the rules.
pub(in crate::config) fn composed(
    flags: PrivacyFlags,
) -> Result<(KeptAddress, Rules), ConfigError> {
    let mut rules = Rules::default();
    for text in flags.redact.unwrap_or_default() {
        let path = text.parse();
        rules
            .paths
            .push(path.map_err(|error| ConfigError::Redact { text, error })?);
    }
    let names = flags.redact_query.unwrap_or_default();
    rules.queries = Names::new(names).map_err(ConfigError::RedactQuery)?;
    Ok((flags.ip.unwrap_or_default(), rules))
}
