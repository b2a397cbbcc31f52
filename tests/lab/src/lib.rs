//! The one harness of the end-to-end tests and the benches: real programs on ports from the
//! system, real browsers, a temp folder each. Whoever is dropped takes its processes along.
//!
//! Everything here fails by an error that says what to do; nothing waits on a clock, only on
//! conditions, with a deadline far beyond what a slow machine needs.

pub mod program;

pub mod shop;

pub mod relay;

pub mod site;

pub mod firehose;

pub mod moto;

pub mod bot;

pub mod browser;

pub mod lake;

pub mod bundle;

pub mod collector;

pub mod http;

pub mod request;

mod serve;

pub mod wire;

pub mod wait;
