//! `[identity]`: whose an event is.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use crate::config::layers::layered;
use crate::config::quantity::Seconds;
use crate::identity::Anonymous;

/// Whose an event is.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[command(next_help_heading = "Identity")]
#[serde(default, deny_unknown_fields)]
pub struct IdentityFlags {
    /// A key that signs user tokens (HS256): its name and the file that holds its 32 bytes or more;
    /// may be repeated
    #[arg(
        id = "identity-key",
        long = "identity-key",
        value_name = "KID:FILE",
        env = "CLICKSTREAM_IDENTITY_KEY",
        value_delimiter = ','
    )]
    pub key: Option<Vec<String>>,
    /// A file of further identity keys, KID:SECRET a line; read again, as the files above, when it
    /// changes and at SIGHUP
    #[arg(
        id = "identity-key-file",
        long = "identity-key-file",
        value_name = "FILE",
        env = "CLICKSTREAM_IDENTITY_KEY_FILE"
    )]
    pub key_file: Option<PathBuf>,
    /// How much earlier than its login an event may be and still be the user's [default: 5]
    #[arg(
        id = "identity-leeway",
        long = "identity-leeway",
        allow_negative_numbers = true,
        value_name = "SECONDS",
        env = "CLICKSTREAM_IDENTITY_LEEWAY"
    )]
    pub leeway: Option<Seconds>,
    /// Under which user id an anonymous event is written [default: visitor]
    #[arg(
        id = "identity-anonymous",
        long = "identity-anonymous",
        value_name = "HOW",
        value_enum,
        env = "CLICKSTREAM_IDENTITY_ANONYMOUS"
    )]
    pub anonymous: Option<Anonymous>,
    /// Under TLS, read `clickstream_user` where `__Host-clickstream_user` is absent: for a login
    /// shared by subdomains [default: false]
    #[arg(
        id = "identity-shared-cookie",
        long = "identity-shared-cookie",
        value_name = "BOOL",
        num_args = 0..=1,
        default_missing_value = "true",
        env = "CLICKSTREAM_IDENTITY_SHARED_COOKIE"
    )]
    pub shared_cookie: Option<bool>,
}

layered!(IdentityFlags:
    key
    key_file
    leeway
    anonymous
    shared_cookie
);
