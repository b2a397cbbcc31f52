//! `[privacy]`: what is never stored.

use clap::Args;
use serde::Deserialize;

use crate::config::layers::layered;
use crate::intake::address::KeptAddress;

/// What is never stored.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Privacy")]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyFlags {
    /// How much of the visitor's address is kept, as relay.ip [default: truncated]
    #[arg(long, value_name = "HOW", value_enum, env = "CLICKSTREAM_IP")]
    pub ip: Option<KeptAddress>,
    /// A member to leave out of every event before it is stored: names between dots, `*` for any, such
    /// as context.ip, traits.* or properties.email; may be repeated
    #[arg(
        long,
        value_name = "PATH",
        env = "CLICKSTREAM_REDACT",
        value_delimiter = ','
    )]
    pub redact: Option<Vec<String>>,
    /// A query parameter to leave out of every address in an event, such as email; may be repeated
    #[arg(
        long,
        value_name = "NAME",
        env = "CLICKSTREAM_REDACT_QUERY",
        value_delimiter = ','
    )]
    pub redact_query: Option<Vec<String>>,
}

layered!(PrivacyFlags: ip redact redact_query);
