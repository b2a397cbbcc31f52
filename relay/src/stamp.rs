//! (stamp: being built)
