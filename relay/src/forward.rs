//! (forward: being built)
