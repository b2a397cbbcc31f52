//! Comparisons in one run.

fn main() {}
