//! What is recorded without a call: a file each subject.

pub mod click;
pub mod page;
