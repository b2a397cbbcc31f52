//! (sink: being built)
