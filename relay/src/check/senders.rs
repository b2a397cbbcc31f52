//! Who may send, what is ours, whose an event is.

use super::Found;
use crate::config::Config;
use crate::identity::Anonymous;
use crate::intake::key::Kind;
use crate::intake::origin::Origins;
use crate::quantity::Size;

pub(super) fn look(config: &Config, found: &mut Found) {
    let origins = Origins::new(
        config.public_url.clone(),
        config.http.scheme(),
        config.listen,
        &config.allow_origin,
    );
    let listed: Vec<_> = config
        .allow_origin
        .iter()
        .map(ToString::to_string)
        .collect();
    let also = match listed.as_slice() {
        [] => String::new(),
        listed => format!(", and of {}", listed.join(", ")),
    };
    let is = format!("{}: cookies of its pages count{also}", origins.public());
    found.says("our origin", is);
    if !origins.secure() && !config.listen.ip().is_loopback() {
        found.warns(
            "other machines reach this port without TLS: events, cookies and tokens can be read on \
             the way; give --tls-cert and --tls-key, or end TLS in front and say so with --public-url \
             https://…",
        );
    }
    keys(config, found);
    limits(config, found);
    identity(config, found);
    if config.metrics_token.is_none() {
        let is = "their routes ask for a token that is made at each start and printed; keep one with \
                  --metrics-token";
        found.says("operators", is);
    } else {
        found.says("operators", "their routes ask for your --metrics-token");
    }
}

fn keys(config: &Config, found: &mut Found) {
    for key in config.intake.keys.iter() {
        let may = match key.kind {
            Kind::Browser => "public; claims no user id",
            Kind::BrowserTrusted => "public; its claims of a user id are believed",
            Kind::Server => "secret; its claims of a user id are believed",
        };
        found.says("source", format!("{} ({}): {may}", key.source, key.kind));
        if key.kind == Kind::BrowserTrusted {
            found.warns(format!(
                "everybody who opens a page with the browser-trusted key of {} can send events as \
                 any user: use it to migrate, then sign user tokens (--identity-key) with a browser \
                 key",
                key.source
            ));
        }
    }
}

fn limits(config: &Config, found: &mut Found) {
    let intake = &config.intake;
    let rate = |rate: Option<u32>, of: &str| match rate {
        Some(rate) => format!("{rate} requests a second {of}"),
        None => format!("any number of requests {of}"),
    };
    found.says(
        "limits",
        format!(
            "{} an event; {} events or {} a batch, {} with a server's key; {}, {}",
            Size(intake.limits.event_bytes as u64),
            intake.limits.batch_events,
            Size(intake.browser_bytes as u64),
            Size(intake.server_bytes as u64),
            rate(intake.rate_per_key, "a key"),
            rate(intake.rate_per_address, "an address"),
        ),
    );
}

fn identity(config: &Config, found: &mut Found) {
    for key in &config.identity.keys {
        let is = format!("{}: user tokens that it signs are believed", key.kid());
        found.says("identity key", is);
    }
    if config.identity.keys.is_empty() {
        found.says("identity key", "none: no user token is believed");
    }
    match config.identity.anonymous {
        Anonymous::Visitor => found.says("anonymous", "written under a visitor-… made for them"),
        Anonymous::Omit => {
            let is = "written without a user id: the stream puts each under its error prefix";
            found.says("anonymous", is);
        }
    }
}
