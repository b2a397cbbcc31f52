//! What of an event is not kept, and who can read the files of secrets.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Found;
use crate::config::Config;
use crate::intake::address::KeptAddress;
use crate::intake::key::Kind;

pub(super) fn look(config: &Config, found: &mut Found) {
    private(config, found);
    files(config, found);
}

fn private(config: &Config, found: &mut Found) {
    let intake = &config.intake;
    let is = match intake.address {
        KeptAddress::Off => "not kept",
        KeptAddress::Truncated => "its network alone is kept: /24 of IPv4, /48 of IPv6",
        KeptAddress::Full => "kept whole, as relay.ip",
    };
    found.says("address", is);
    let paths = intake.redact.paths.iter().map(ToString::to_string);
    let paths: Vec<String> = paths.collect();
    let queries: Vec<&str> = intake.redact.queries.iter().collect();
    let is = match (paths.join(", "), queries.join(", ")) {
        (paths, queries) if paths.is_empty() && queries.is_empty() => {
            "nothing: events are stored with all that they bring (--redact, --redact-query)"
                .to_owned()
        }
        (paths, queries) if queries.is_empty() => paths,
        (paths, queries) if paths.is_empty() => format!("?{queries}= of every address"),
        (paths, queries) => format!("{paths}; and ?{queries}= of every address"),
    };
    found.says("left out", is);
    if !intake.redact.is_empty() {
        let is = "before anything is stored, rejected events included; nobody can bring it back";
        found.says("", is);
    }
}

fn files(config: &Config, found: &mut Found) {
    let sources = &config.keys.sources;
    let again = "read again when it changes, or on SIGHUP";
    if let Some(path) = &sources.write_key_file {
        found.says(
            "write keys",
            format!("also those in {}; {again}", path.display()),
        );
        // Browsers' keys are public anyway.
        if config
            .intake
            .keys
            .iter()
            .any(|key| key.kind == Kind::Server)
        {
            secret(path, found);
        }
    }
    if let Some(path) = &sources.identity_key_file {
        found.says(
            "identity keys",
            format!("also those in {}; {again}", path.display()),
        );
        secret(path, found);
    }
    for (kid, path) in &sources.identity_keys {
        found.says(
            "identity keys",
            format!("{kid} in {}; {again}", path.display()),
        );
        secret(path, found);
    }
}

/// Warns of a file that others can read.
pub(super) fn secret(path: &Path, found: &mut Found) {
    match fs_err::metadata(path) {
        Ok(about) if about.permissions().mode() & 0o004 != 0 => found.warns(format!(
            "every user of this machine can read {0}, which holds secrets: chmod o-rwx {0}",
            path.display()
        )),
        Ok(_) => {}
        // It was there when the settings were read.
        Err(error) => found.warns(format!("cannot look at a file of secrets: {error}")),
    }
}
