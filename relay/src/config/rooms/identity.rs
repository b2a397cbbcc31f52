//! Whose an event is: from flags to the identity room's settings.

use crate::config::ConfigError;
use crate::config::flags::IdentityFlags;
use crate::identity;
use crate::identity::token::Key;

/// Fills in defaults and checks what was given.
pub(in crate::config) fn composed(flags: IdentityFlags) -> Result<identity::Config, ConfigError> {
    let mut config = identity::Config::default();
    for text in flags.key.unwrap_or_default() {
        let Some((kid, file)) = text.split_once(':') else {
            return Err(ConfigError::IdentityForm(text));
        };
        let secret = fs_err::read(file).map_err(ConfigError::IdentityFile)?;
        // Editors and `echo` end a file with a newline that nobody means.
        let key = Key::new(kid, secret.trim_ascii_end());
        let key = key.map_err(|error| ConfigError::IdentityKey {
            kid: kid.to_owned(),
            error,
        })?;
        if config.keys.iter().any(|other| other.kid() == kid) {
            return Err(ConfigError::SameKid(kid.to_owned()));
        }
        config.keys.push(key);
    }
    config.leeway = flags.leeway.map_or(config.leeway, |seconds| seconds.0);
    config.anonymous = flags.anonymous.unwrap_or_default();
    config.shared_cookie = flags.shared_cookie.unwrap_or(config.shared_cookie);
    Ok(config)
}
