//! The project's commands. `cargo xtask` without a word lists them.

mod bench;
mod build;
mod command;
mod conformance;
mod demo;
mod fuzz;
mod npm;
mod setup;
mod size;
mod soak;
mod terraform;
mod test;
#[cfg(test)]
mod tidy;
mod wasm;

use std::process::ExitCode;

const HELP: &str = "\
The project's commands:

  cargo xtask demo [--port 8080] [--data DIR] [--buffer-interval 1] [--visitors 0]
      Sets up, builds and starts bookstore, relay and local lake; says where to look.
      --port             where the bookstore listens on 127.0.0.1 (0: any free port)
      --data             folder for the lake, the spool and the shop's database (data)
      --buffer-interval  seconds until events are delivered to the lake (1)
      --visitors         headless visitors that browse meanwhile (0; needs Chromium)
  cargo xtask test
      Sets up all it needs and runs every check that decides whether a change lands.
  cargo xtask soak
      The same suites at full size: many more histories, kills and rounds.
  cargo xtask fuzz [TARGET [FILE]] [--seconds 5]
      The fuzz targets, or one, or one again with a file that it stumbled over.
  cargo xtask build
      Release binaries in target/release, and what `tracker` makes.
  cargo xtask tracker
      The tracker's files in target/tracker, of both editions, its npm package in target/npm,
      and the tag with the hash that a browser knows the script by.
  cargo xtask app
      The example of a site of Rust with the tracker compiled in, in target/app.
  cargo xtask size
      What a page loads, in brotli, of the tracker, its full edition and its core alone, and what each
      subject of the tracker costs; target/wasm/named.wasm is the module with its functions' names.
  cargo xtask bench [relay] [yardsticks] [lake] [compact] [bot] [tracker]
                    [--rounds 5] [--seconds 4]
      Comparisons in release, each against its peer in the same run.
  cargo xtask conformance
      firehose-local and other emulators at the same probes; the table in its README.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    // Before or after a command: one page explains them all.
    if std::env::args_os().any(|word| word == "--help" || word == "-h") {
        eprint!("{HELP}");
        return Ok(());
    }
    let mut arguments = lexopt::Parser::from_env();
    let word = match arguments.next()? {
        Some(lexopt::Arg::Value(word)) => word.to_string_lossy().into_owned(),
        Some(other) => return Err(other.unexpected().into()),
        None => "help".to_owned(),
    };
    match word.as_str() {
        "demo" => demo::run(demo::Options::read(&mut arguments)?),
        "test" => finished(&mut arguments).and_then(|()| test::run()),
        "soak" => finished(&mut arguments).and_then(|()| soak::run()),
        "fuzz" => fuzz::read_and_run(&mut arguments),
        "build" => finished(&mut arguments).and_then(|()| build::build()),
        "tracker" => finished(&mut arguments).and_then(|()| build::site_files()),
        "app" => finished(&mut arguments).and_then(|()| wasm::example().map(drop)),
        "size" => finished(&mut arguments).and_then(|()| size::size()),
        "bench" => bench::run(&mut arguments),
        "conformance" => finished(&mut arguments).and_then(|()| conformance::run()),
        // Started by `demo`, which becomes the shop itself: waits for it, then visits.
        "visit" => demo::visit(&mut arguments),
        "help" => {
            eprint!("{HELP}");
            Ok(())
        }
        other => anyhow::bail!("there is no command {other:?}; `cargo xtask help` lists them"),
    }
}

/// Refuses words that a command does not know.
fn finished(arguments: &mut lexopt::Parser) -> anyhow::Result<()> {
    match arguments.next()? {
        None => Ok(()),
        Some(argument) => Err(argument.unexpected().into()),
    }
}
