//! The program: flags, the listener, signals, exit codes.

mod tail;

use clap::{Args, Parser, Subcommand, ValueEnum};
use firehose_local::api::AccessKey;
use firehose_local::clock::SystemClock;
use firehose_local::deliver::Buckets;
#[cfg(feature = "s3")]
use firehose_local::deliver::s3::{S3, S3Error};
use firehose_local::faults::Rates;
use firehose_local::server::{Config, Server, StartError};
use firehose_local::terraform::folder::{self, ReadError};
use firehose_local::{PartitionBy, StreamConfig};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Amazon Data Firehose on this machine: dynamic partitioning to a folder, with AWS's API.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLE)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLE: &str = "\
Try it:
  firehose-local serve --dir lake --accelerate 60
  export AWS_ENDPOINT_URL_FIREHOSE=http://127.0.0.1:4573 AWS_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  aws firehose put-record --delivery-stream-name clickstream \\
      --cli-binary-format raw-in-base64-out --record '{\"Data\":\"{\\\"userId\\\":45}\"}'
  find lake/raw -type f";

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer the Firehose API and write objects into a folder, until stopped
    #[command(after_help = EXAMPLE)]
    Serve(Box<Serve>),
    /// Print what a running server delivers, and what fails, as it does
    Tail(Tail),
}

#[derive(Debug, Args)]
struct Tail {
    /// The server's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4573")]
    url: String,
    /// Print what the server remembers, and end
    #[arg(long)]
    once: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// One folder a user: `userId=45/`
    User,
    /// One folder for many users: `userBucket=017/`
    Bucket,
}

#[derive(Debug, Args)]
struct Serve {
    /// Address to listen on; port 0 takes a free one and says which
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4573")]
    listen: SocketAddr,
    /// Folder that holds buckets as folders, the log, and what waits; made when missing
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Put objects into buckets in S3 in place of folders: AWS's S3, or the server at this URL.
    /// Keys, region and endpoint come from the usual AWS_… variables
    #[cfg(feature = "s3")]
    #[arg(long, value_name = "ENDPOINT", num_args = 0..=1, default_missing_value = "")]
    s3: Option<String>,
    /// Name of the stream that is there from the start, in every region
    #[arg(long, value_name = "NAME", default_value = "clickstream", value_parser = stream_name)]
    stream: String,
    /// Begin with no stream but those that calls made before: CreateDeliveryStream makes them
    #[arg(long, conflicts_with = "stream")]
    no_stream: bool,
    /// Take the streams from Terraform: a folder of `.tf` files (or what has been applied there),
    /// a plan, a state, or a file that `terraform show -json` wrote
    #[arg(long, value_name = "PATH", conflicts_with_all = ["stream", "no_stream", "partition_by"])]
    terraform: Option<PathBuf>,
    /// A value for a variable of the `.tf` files; may be given several times
    #[arg(long = "var", value_name = "NAME=VALUE", requires = "terraform", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// What the stream's objects are divided by
    #[arg(long, value_enum, default_value = "user")]
    partition_by: By,
    /// Partitions open at once before records go to the error prefix
    #[arg(
        long,
        value_name = "COUNT",
        default_value = "500",
        value_parser = at_least_one,
        allow_negative_numbers = true
    )]
    active_partitions: NonZeroU32,
    /// Divide every interval by N: with 60, a minute of buffering takes a second. The one
    /// deviation from AWS
    #[arg(
        long,
        value_name = "N",
        default_value = "1",
        value_parser = at_least_one,
        allow_negative_numbers = true
    )]
    accelerate: NonZeroU32,
    /// Most MiB of waiting records in memory, of all streams together; more wait in files in the
    /// folder
    #[arg(
        long,
        value_name = "MIB",
        default_value = "256",
        value_parser = at_least_one,
        allow_negative_numbers = true
    )]
    memory: NonZeroU32,
    /// How long a stop waits for calls that are under way, and then for buckets that take nothing; what S3
    /// has not taken then is kept in the folder, in `undelivered`
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "20",
        value_parser = seconds,
        allow_negative_numbers = true
    )]
    grace: Duration,
    /// Take only calls that are signed with this key, again for more; without it any signature
    /// is taken, and none
    #[arg(
        long,
        value_name = "ID:SECRET",
        env = "FIREHOSE_LOCAL_ACCESS_KEY",
        hide_env_values = true
    )]
    access_key: Vec<AccessKey>,
    /// Faults on purpose, as shares of calls (throttle, cut, lost, slow) or records (fail), how
    /// many seconds slow calls are late (delay, 1), calls a second of each control operation
    /// (control, 0 for any number; 5 at AWS), and a seed that repeats them:
    /// throttle=0.05,fail=0.05,cut=0.01,lost=0.02,seed=1. PUT /faults changes them
    #[arg(
        long,
        value_name = "FAULTS",
        default_value = "",
        hide_default_value = true
    )]
    faults: Rates,
}

fn at_least_one(text: &str) -> Result<NonZeroU32, String> {
    text.parse()
        .map_err(|_| format!("give a whole number from 1 to {}, such as 60", u32::MAX))
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("give seconds, such as 10 or 0.5")
}

fn variable(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text
        .split_once('=')
        .ok_or("give NAME=VALUE, such as partition_by=bucket")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn stream_name(text: &str) -> Result<String, &'static str> {
    match StreamConfig::is_name(text) {
        true => Ok(text.to_owned()),
        false => Err("give 1 to 64 letters, digits, `_`, `.` or `-`, such as clickstream"),
    }
}

/// The exit status of a command line or a configuration that is wrong (sysexits.h: EX_USAGE).
const BAD_SETTINGS: u8 = 64;

fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(error) => {
            // --help and --version come as errors, too.
            let status = if error.use_stderr() { BAD_SETTINGS } else { 0 };
            let _printed = error.print();
            return ExitCode::from(status);
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let outcome = match program.command {
        Command::Serve(serve) => run(*serve),
        Command::Tail(Tail { url, once }) => {
            tail::run(&url, once.then_some(1), &mut std::io::stdout())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            match error.downcast_ref() {
                Some(StartError::Config(_)) => ExitCode::from(BAD_SETTINGS),
                _ if error.is::<ReadError>() => ExitCode::from(BAD_SETTINGS),
                #[cfg(feature = "s3")]
                _ if error.is::<S3Error>() => ExitCode::from(BAD_SETTINGS),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// The streams that are there from the start: the flags' or Terraform's.
async fn streams(serve: &Serve) -> anyhow::Result<Vec<StreamConfig>> {
    let active_partitions = serve.active_partitions.get();
    let Some(path) = &serve.terraform else {
        let by = match serve.partition_by {
            By::User => PartitionBy::User,
            By::Bucket => PartitionBy::Bucket,
        };
        let stream = StreamConfig {
            name: serve.stream.clone(),
            active_partitions,
            ..StreamConfig::clickstream(by)
        };
        return Ok(if serve.no_stream {
            vec![]
        } else {
            vec![stream]
        });
    };
    let (source, mut streams) = folder::streams(path, &serve.variables).await?;
    for stream in &mut streams {
        stream.active_partitions = active_partitions;
        tracing::info!(
            "the stream {} in the bucket {} is read from {}: {}",
            stream.name,
            stream.bucket,
            path.display(),
            source.name()
        );
    }
    Ok(streams)
}

/// Where the flags and the environment say that buckets are.
#[cfg(feature = "s3")]
fn buckets(serve: &Serve) -> Result<Buckets, S3Error> {
    let Some(endpoint) = &serve.s3 else {
        return Ok(Buckets::Folders);
    };
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let endpoint = (!endpoint.is_empty()).then_some(endpoint.as_str());
    let s3 = S3::new(variables, endpoint, tokio::runtime::Handle::current())?;
    Ok(Buckets::S3(s3))
}

#[cfg(not(feature = "s3"))]
fn buckets(_: &Serve) -> anyhow::Result<Buckets> {
    Ok(Buckets::Folders)
}

#[tokio::main]
async fn run(serve: Serve) -> anyhow::Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| anyhow::anyhow!("this system gives no random bytes: {error}"))?;
    let streams = streams(&serve).await?;
    let server = Server::new(Config {
        streams,
        buckets: buckets(&serve)?,
        accelerate: serve.accelerate,
        memory: usize::try_from(serve.memory.get())
            .unwrap_or(usize::MAX)
            .saturating_mul(1 << 20),
        access_keys: serve.access_key,
        grace: serve.grace,
        faults: serve.faults,
        ..Config::new(serve.dir, seed, Arc::new(SystemClock))
    })?;
    let listener = tokio::net::TcpListener::bind(serve.listen)
        .await
        .map_err(|error| {
            anyhow::anyhow!(
                "cannot listen on {}: {error}. If another program has the port, give --listen another one, such as 127.0.0.1:0 for any that is free",
                serve.listen
            )
        })?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    let counters = server.counters();
    server.serve(listener, stop_signal()).await?;
    let totals = counters.totals();
    tracing::info!(
        records = totals.records,
        objects = totals.objects,
        delivered = totals.delivered_records,
        failed = totals.errored_records,
        "stopped; everything taken is delivered"
    );
    Ok(())
}

#[cfg(unix)]
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        },
        Err(error) => {
            tracing::warn!(%error, "SIGTERM will not stop this cleanly; Ctrl-C does");
            let _ = interrupted.await;
        }
    }
}

#[cfg(not(unix))]
async fn stop_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
