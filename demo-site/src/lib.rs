//! A bookstore worth browsing, wired to the tracker, with the relay mounted.
//!
//! In the order in which a visitor meets them:
//!
//! - [`routes`]: every page and every form as a type, to and from its path;
//! - [`catalogue`]: books, departments, prices, first reviews and the demo's readers;
//! - [`basket`]: what lines of books come to;
//! - [`says`]: what the shop says happened, under the names of the e-commerce vocabulary.
//!
//! These are all that a build without the feature `server` has: the bot plans
//! its journeys with them and so cannot drift from the shop.

pub mod routes;

pub mod catalogue;

pub mod basket;

pub mod says;

#[cfg(feature = "server")]
mod covers;
#[cfg(feature = "server")]
mod failure;
#[cfg(feature = "server")]
mod guard;
#[cfg(feature = "server")]
mod lake;
#[cfg(feature = "server")]
mod pages;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod settings;
#[cfg(feature = "server")]
pub mod shop;
#[cfg(feature = "server")]
mod static_files;
#[cfg(feature = "server")]
pub mod store;
#[cfg(feature = "server")]
pub mod tracker_files;
#[cfg(feature = "server")]
mod visitor;

/// The source's name in the lake's lines, and in the write keys.
pub const SOURCE: &str = "bookstore";

/// The write key in the shop's pages.
pub const BROWSER_KEY: &str = "demo-browser-key";

/// The write key of programs on the shop's side, such as the bot that plays its server.
pub const SERVER_KEY: &str = "demo-server-key";
