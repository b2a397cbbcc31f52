//! (identity: being built)
