//! What is wrong with one number, between two settings, or below what can work.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::quantity::{Seconds, Size};
use super::{Config, ConfigError};
use crate::intake::key::Kind;
use crate::{duplicate, intake, sink, spool};

/// A number that must not be 0.
pub(super) fn at_least_1(flag: &'static str, number: usize) -> Result<usize, ConfigError> {
    if number == 0 {
        return Err(ConfigError::Zero(flag));
    }
    Ok(number)
}

/// A time that must not be 0.
pub(super) fn above_0(
    flag: &'static str,
    seconds: Option<Seconds>,
    default: Duration,
) -> Result<Duration, ConfigError> {
    let time = seconds.map_or(default, |seconds| seconds.0);
    if time.is_zero() {
        return Err(ConfigError::NoTime(flag));
    }
    Ok(time)
}

/// A size as the number of bytes in memory.
pub(super) fn bytes(size: Option<Size>, default: usize) -> usize {
    size.map_or(default, |size| {
        usize::try_from(size.0).unwrap_or(usize::MAX)
    })
}

/// The spool has room for what it must hold at once.
pub fn spool_holds(config: &spool::Config) -> Result<(), ConfigError> {
    let (given, smallest) = (Size(config.size), Size(config.smallest_size()));
    if given < smallest {
        return Err(ConfigError::SpoolSize { given, smallest });
    }
    let (given, smallest) = (
        Size(config.duplicates.memory),
        Size(duplicate::Config::LEAST_MEMORY),
    );
    if given < smallest {
        return Err(ConfigError::DuplicateMemory { given, smallest });
    }
    Ok(())
}

/// An event of the size that was asked for fits into the largest body that some key may send.
pub fn event_fits(event: Size, config: &intake::Config) -> Result<(), ConfigError> {
    let browsers = ("--browser-batch-size", config.browser_bytes);
    let servers = ("--server-batch-size", config.server_bytes);
    let with = |kind: Kind| match kind {
        Kind::Server => servers,
        Kind::Browser | Kind::BrowserTrusted => browsers,
    };
    let largest = config.keys.iter().map(|key| with(key.kind));
    let (flag, body) = largest.max_by_key(|(_, body)| *body).unwrap_or(browsers);
    let body = Size(body as u64);
    if event > body {
        return Err(ConfigError::EventSize { event, flag, body });
    }
    Ok(())
}

/// Spool and lake each have a folder of their own: one would wipe and rename in the other's.
pub fn folders_differ(config: &Config) -> Result<(), ConfigError> {
    let sink::Config::Lake(lake) = &config.sink else {
        return Ok(());
    };
    let place = place(&config.spool.dir);
    if place == self::place(&lake.dir) {
        return Err(ConfigError::SameFolder(place));
    }
    Ok(())
}

/// Where a path leads, whether or not its end is there yet: two spellings of one folder are one.
fn place(dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_path_buf());
    for ancestor in absolute.ancestors() {
        if let Ok(real) = fs_err::canonicalize(ancestor) {
            let rest = absolute.strip_prefix(ancestor).unwrap_or(Path::new(""));
            return real.components().chain(rest.components()).collect();
        }
    }
    absolute
}
