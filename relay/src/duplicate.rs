//! (duplicate: being built)
