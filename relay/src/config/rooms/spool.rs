//! Where acknowledged events wait: from flags to the spool's settings.

use std::path::PathBuf;

use crate::config::flags::SpoolFlags;
use crate::config::{ConfigError, Durability, bounds};
use crate::spool;

/// Fills in defaults and checks what was given.
pub(in crate::config) fn composed(flags: SpoolFlags) -> Result<spool::Config, ConfigError> {
    let dir = flags.dir.unwrap_or_else(|| PathBuf::from("data/spool"));
    let mut config = spool::Config::new(dir);
    config.size = flags.size.map_or(config.size, |size| size.0);
    config.ready = flags.ready.map_or(config.ready, |ready| ready.0);
    config.durability = match flags.durability.unwrap_or_default() {
        Durability::Fsync => spool::Durability::Fsync,
        Durability::Buffered => spool::Durability::Buffered,
    };
    let duplicates = &mut config.duplicates;
    if let Some(horizon) = flags.duplicate_horizon {
        duplicates.horizon = horizon.0;
    }
    if let Some(memory) = flags.duplicate_memory {
        duplicates.memory = memory.0;
    }
    bounds::spool_holds(&config)?;
    Ok(config)
}
