//! The relay's public face: HTTP in, lines out. One binary of modules, a subject each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at what cannot be"
)]

mod answers;
mod bodies;
mod check;
mod clock_jumps;
mod command_line;
mod complaints;
mod configuration;
mod connections;
mod cors;
mod fixtures;
mod forgery;
mod forget;
mod grafana;
mod hostile;
mod hot;
mod house;
mod keys;
mod live;
mod live_access;
mod live_stream;
mod openapi;
mod operations;
mod operators;
mod privacy;
mod proxies;
mod reference;
mod refused;
mod restart;
mod rotation;
mod sdks;
mod slow;
mod smuggling;
mod stdout;
mod tail;
#[cfg(feature = "tls")]
mod tls;
mod tokens;
mod traces;
mod visitor;
