//! A bookstore worth browsing, wired to the tracker, with the relay mounted.

fn main() {}
