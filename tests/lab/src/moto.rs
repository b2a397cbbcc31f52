//! moto's server: the rest of AWS, as far as another emulator has it.

use std::process::Command;

use crate::program::{self, Program};

/// A running moto, which forgets all when it ends.
#[derive(Debug)]
pub struct Moto {
    /// Its process.
    pub program: Program,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Moto {
    /// Starts it on a port of the system's.
    ///
    /// # Errors
    /// Where it is not installed or does not come up.
    pub fn start() -> anyhow::Result<Self> {
        let server = program::target()?.join("emulators/bin/moto_server");
        anyhow::ensure!(
            server.exists(),
            "{} is missing: `cargo xtask test` puts it there",
            server.display()
        );
        let mut command = Command::new(server);
        // It says its port on its first lines, and those on this stream at once.
        command
            .args(["--host", "127.0.0.1", "--port", "0"])
            .env("PYTHONUNBUFFERED", "1");
        let mut program = Program::spawn("moto_server", command)?;
        let url = program.wait_for("its address", program::address)?;
        Ok(Self { program, url })
    }
}
