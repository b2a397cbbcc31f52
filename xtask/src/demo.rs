//! `cargo xtask demo`: bookstore, relay and lake in one go, with nothing but Rust.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use lexopt::{Arg, Parser};

use crate::{build, command, setup};

/// What can be said on the command line.
#[derive(Debug)]
pub struct Options {
    port: u16,
    data: PathBuf,
    buffer_interval: f64,
    visitors: u32,
}

impl Options {
    /// Reads the words after `demo`.
    ///
    /// # Errors
    /// Where a word is unknown or its value cannot be.
    pub fn read(arguments: &mut Parser) -> anyhow::Result<Self> {
        let mut options = Self {
            port: 8080,
            data: PathBuf::from("data"),
            buffer_interval: 1.0,
            visitors: 0,
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("port") => {
                    options.port = value(arguments, "--port", "a port from 0 to 65535")?;
                }
                Arg::Long("data") => options.data = PathBuf::from(arguments.value()?),
                Arg::Long("buffer-interval") => {
                    options.buffer_interval =
                        value(arguments, "--buffer-interval", "a number of seconds")?;
                }
                Arg::Long("visitors") => {
                    options.visitors = value(arguments, "--visitors", "a whole number")?;
                }
                other => return Err(other.unexpected().into()),
            }
        }
        anyhow::ensure!(
            options.visitors == 0 || options.port != 0,
            "--visitors needs a port that is known beforehand: give --port"
        );
        let interval = options.buffer_interval;
        anyhow::ensure!(
            interval.is_finite() && (0.01..=900.0).contains(&interval),
            "--buffer-interval must be between 0.01 and 900 seconds"
        );
        Ok(options)
    }
}

/// The value after a flag, or what it should have been.
fn value<T: std::str::FromStr>(
    arguments: &mut Parser,
    flag: &str,
    wanted: &str,
) -> anyhow::Result<T> {
    let given = arguments.value()?;
    given
        .to_str()
        .and_then(|text| text.parse().ok())
        .with_context(|| format!("{flag} wants {wanted}, not {given:?}"))
}

/// Starts the demo as a newcomer would, waits for `ready`, and stops it.
///
/// # Errors
/// Where it does not say `ready`, or does not stop cleanly when asked to.
pub fn check() -> anyhow::Result<()> {
    let data = command::target().join("demo-check");
    if data.exists() {
        fs_err::remove_dir_all(&data)?;
    }
    let mut demo = Command::new(std::env::current_exe()?)
        .args(["demo", "--port", "0", "--data"])
        .arg(&data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the demo")?;
    let said = demo.stdout.take().context("the demo has no output")?;
    let ready = BufReader::new(said)
        .lines()
        .map_while(Result::ok)
        .any(|line| line == "ready");
    let stopped = Command::new("kill").arg(demo.id().to_string()).status();
    let status = demo.wait()?;
    anyhow::ensure!(ready, "the demo ended ({status}) before it said `ready`");
    anyhow::ensure!(
        stopped.is_ok_and(|stopped| stopped.success()) && status.success(),
        "the demo did not stop cleanly ({status})"
    );
    fs_err::remove_dir_all(&data)?;
    Ok(())
}

/// Sets up, builds, and becomes the shop, so that whoever stops us stops it.
///
/// # Errors
/// Where something cannot be built, or the port is taken.
pub fn run(options: Options) -> anyhow::Result<()> {
    // Said now rather than after minutes of building.
    if options.port != 0 {
        TcpListener::bind(("127.0.0.1", options.port)).with_context(|| {
            format!(
                "port {} cannot be used; try another: cargo xtask demo --port {}",
                options.port,
                options.port.wrapping_add(1).max(1024)
            )
        })?;
    }
    let tracker = build::tracker()?.dir;
    let mut packages = vec!["--package", "clickstream-demo-site"];
    if options.visitors > 0 {
        setup::browsers()?;
        packages.extend(["--package", "clickstream-bot"]);
    }
    command::run(command::cargo().args(["build", "--quiet"]).args(packages))?;

    if options.visitors > 0 {
        Command::new(std::env::current_exe()?)
            .args(["visit", "--visitors", &options.visitors.to_string()])
            .args(["--port", &options.port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start the visitors")?;
    }
    let mut shop = Command::new(program("clickstream-demo-site"));
    shop.args(["--listen", &format!("127.0.0.1:{}", options.port)])
        .arg("--data")
        .arg(&options.data)
        .arg("--tracker-dir")
        .arg(tracker)
        .args(["--buffer-interval", &options.buffer_interval.to_string()]);
    // Returns only if it could not be started.
    Err(shop.exec()).context("cannot start the bookstore")
}

/// Waits for the shop, then becomes the bot. The bot ends when the shop is gone.
///
/// # Errors
/// Where the shop does not come up.
pub fn visit(arguments: &mut Parser) -> anyhow::Result<()> {
    let options = Options::read(arguments)?;
    let started = Instant::now();
    while TcpStream::connect(("127.0.0.1", options.port)).is_err() {
        anyhow::ensure!(
            started.elapsed() < Duration::from_secs(120),
            "the bookstore did not come up, so nobody visits it"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut bot = Command::new(program("clickstream-bot"));
    bot.args(["--url", &format!("http://127.0.0.1:{}", options.port)])
        .args(["--visitors", &options.visitors.to_string()]);
    Err(bot.exec()).context("cannot start the visitors")
}

/// A program that cargo has built in the profile of demo and tests.
fn program(name: &str) -> PathBuf {
    command::target().join("debug").join(name)
}
