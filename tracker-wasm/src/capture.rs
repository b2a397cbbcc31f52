//! What is recorded without a call: a file each subject.

pub mod click;
mod form;
pub mod leave;
mod link;
pub mod page;

// Of the full edition; the others are compiled as if these were not there.
#[cfg(any(feature = "watch", test))]
pub mod dead;
#[cfg(any(feature = "watch", test))]
pub mod error;
#[cfg(any(feature = "watch", test))]
pub mod search;
#[cfg(any(feature = "watch", test))]
pub mod visible;
#[cfg(any(feature = "watch", test))]
pub mod vitals;

pub use form::Forms;
pub use link::{leads, parts};
