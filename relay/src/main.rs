//! Takes event batches, adds the user id, makes them durable, forwards them.

fn main() {}
