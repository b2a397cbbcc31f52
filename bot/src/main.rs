//! Visitors: journeys, headless browsing, volume.

fn main() {}
