//! (rejected: being built)
