//! Prints the JSON Schema of a line of the lake:
//! `cargo run -p clickstream-event --features schema --example schema > docs/lake.schema.json`

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    println!("{:#}", clickstream_event::schema::json_schema());
}
