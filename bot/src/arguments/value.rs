//! One argument's text read, or what to write instead.

use std::str::FromStr;

use clickstream_event::time::Timestamp;
use url::Url;

use super::{DEMO, Destination};

/// Reads a number; `wanted` describes it, with an example.
pub(super) fn number<T: FromStr>(
    wanted: &'static str,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| text.parse().map_err(|_| format!("give {wanted}"))
}

/// Reads a site's address.
pub(super) fn address(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|_| format!("give a whole address, such as {DEMO}"))
}

/// Reads a moment.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse(text).ok_or("give a time such as 2026-01-02T03:04:05Z")
}

/// Reads where events go.
pub(super) fn destination(text: &str) -> Result<Destination, String> {
    if text == "stdout" {
        return Ok(Destination::Stdout);
    }
    Url::parse(text)
        .map(Destination::Relay)
        .map_err(|_| format!("give stdout, or a relay's whole address, such as {DEMO}"))
}
