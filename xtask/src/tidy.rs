//! House rules, as ordinary tests (being built).
