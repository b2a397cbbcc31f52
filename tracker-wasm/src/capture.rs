//! What is recorded without a call: a file each subject.

pub mod click;
mod form;
pub mod leave;
mod link;
pub mod page;

pub use form::Forms;
pub use link::{leads, parts};
