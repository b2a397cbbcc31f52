//! (outcome: being built)
