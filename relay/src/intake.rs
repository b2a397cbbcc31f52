//! From a request to durable lines: the order of the checks.

pub mod answer;
pub mod body;
pub mod key;
pub mod memory;
pub mod origin;
pub mod segment;
