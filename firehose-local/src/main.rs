//! Amazon Data Firehose's delivery with dynamic partitioning, as a library and a local server.

fn main() {}
