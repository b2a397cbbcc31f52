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
