//! (health: being built)
