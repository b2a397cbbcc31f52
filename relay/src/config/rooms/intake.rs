//! Who may send, and how much: from flags to the intake's settings.

use crate::config::ConfigError;
use crate::config::bounds::{self, at_least_1, bytes};
use crate::config::flags::IntakeFlags;
use crate::intake;
use crate::intake::key::Keyring;

/// Fills in defaults and checks what was given.
pub(in crate::config) fn composed(
    flags: IntakeFlags,
    keys: Keyring,
) -> Result<intake::Config, ConfigError> {
    let mut config = intake::Config {
        keys,
        ..intake::Config::default()
    };
    let limits = &mut config.limits;
    limits.event_bytes = at_least_1("--event-size", bytes(flags.event_size, limits.event_bytes))?;
    limits.batch_events = at_least_1(
        "--batch-events",
        flags.batch_events.unwrap_or(limits.batch_events),
    )?;
    config.browser_bytes = at_least_1(
        "--browser-batch-size",
        bytes(flags.browser_batch_size, config.browser_bytes),
    )?;
    config.server_bytes = at_least_1(
        "--server-batch-size",
        bytes(flags.server_batch_size, config.server_bytes),
    )?;
    for (flag, rate) in [
        ("--rate-per-key", flags.rate_per_key),
        ("--rate-per-address", flags.rate_per_address),
    ] {
        if rate == Some(0) {
            return Err(ConfigError::Zero(flag));
        }
    }
    if let Some(event) = flags.event_size {
        bounds::event_fits(event, &config)?;
    }
    config.rate_per_key = flags.rate_per_key;
    config.rate_per_address = flags.rate_per_address;
    // One body of the largest kind must always find room.
    let largest = config.browser_bytes.max(config.server_bytes);
    config.memory_bytes = config.memory_bytes.max(largest.saturating_mul(4));
    Ok(config)
}
