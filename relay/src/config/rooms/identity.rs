//! Whose an event is: from flags to the identity room's settings.

use crate::config::flags::IdentityFlags;
use crate::identity;
use crate::identity::token::Key;

/// Fills in defaults.
pub(in crate::config) fn composed(flags: IdentityFlags, keys: Vec<Key>) -> identity::Config {
    let mut config = identity::Config {
        keys,
        ..identity::Config::default()
    };
    config.leeway = flags.leeway.map_or(config.leeway, |seconds| seconds.0);
    config.anonymous = flags.anonymous.unwrap_or_default();
    config.shared_cookie = flags.shared_cookie.unwrap_or(config.shared_cookie);
    config
}
