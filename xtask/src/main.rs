//! The project's commands: `cargo xtask demo`, `test`, `soak`, `build`, `size`, `bench`.

fn main() {}
