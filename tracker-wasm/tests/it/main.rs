//! The tracker as others see it: its types in TypeScript.
#![allow(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod ids;
mod interface;
mod types;
