//! (http: being built)
