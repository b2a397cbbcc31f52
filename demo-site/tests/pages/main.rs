//! The shop as its visitors' browsers meet it: requests in, pages out, no port.
#![cfg(feature = "server")]
#![allow(
    clippy::unwrap_used,
    reason = "the functions that tests share are tests too"
)]

mod visit;

mod accounts;
mod buying;
mod events;
mod every_page;
mod forms;
mod lake;
mod program;
mod reading;
mod tracker;
