//! (spool: being built)
