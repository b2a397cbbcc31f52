//! (router: being built)
