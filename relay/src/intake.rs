//! (intake: being built)
