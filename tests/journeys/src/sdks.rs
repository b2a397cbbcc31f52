//! Other people's SDKs as they are, with nothing but key and host set by the lines that
//! `docs/sdks.md` gives: all their calls arrive, over a restart of the relay and over refusals;
//! none sends without end.

mod client;
mod jitsu;
mod rudderstack;
mod segment;
mod story;
