//! Takes event batches, adds the user id, makes them durable, forwards them.

use std::io::{BufWriter, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use clickstream_relay::activation::{self, ActivationError};
use clickstream_relay::clock::{Clock, SystemClock};
use clickstream_relay::config::{Config, ConfigError, Flags};
use clickstream_relay::notify::Manager;
use clickstream_relay::service::{Relay, StartError};
use clickstream_relay::tools::lake::LakeCommand;
use clickstream_relay::tools::replay::Replay;
use clickstream_relay::tools::spool::SpoolCommand;
use clickstream_relay::tools::tail::Tail;
use clickstream_relay::{check, http, logging, router, stop, tools};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

/// Takes event batches over HTTP, adds the user id, makes them durable, forwards them
///
/// A first run, which keeps its events below data/:
///
///     clickstream-relay --write-key browser:my-site:my-key --buffer-interval 1
///
/// Send it an event:
///
///     curl http://127.0.0.1:8081/v1/track -u my-key: -d '{"event":"Tried","anonymousId":"me"}'
///
/// and look below data/lake/raw/. Nothing acknowledged with 200 is lost, also when the power goes.
#[derive(Parser, Debug)]
#[command(
    name = "clickstream-relay",
    version,
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Say what these settings would do, and try port, folders and sink without taking an event
    Check(Box<Flags>),
    /// Look at a stopped spool: whether it is intact, which events are in it, and take them out
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Care for a lake that is a folder: many small objects become few
    #[command(subcommand)]
    Lake(LakeCommand),
    /// Send rejected events, error objects of the stream and exports of a spool to a relay again
    ///
    /// Each event keeps its messageId, and one without gets one made from its bytes: what the relay
    /// has already it drops, so a replay may be repeated. Times stay what they were; user ids do with
    /// a key of kind server only, and a visitor's is made again where the source is the same.
    ///
    ///     clickstream-relay replay data/spool/rejected --to http://127.0.0.1:8081 --write-key KEY
    ///
    /// Ends with 0 when the relay has every event, with 1 otherwise.
    #[command(verbatim_doc_comment)]
    Replay(Box<Replay>),
    /// Show a running relay's events as they become durable, a line each
    ///
    /// The relay prints its link at its start; that is all it takes:
    ///
    ///     clickstream-relay tail --url 'http://127.0.0.1:8081/live?token=…'
    ///
    /// The rejected events of today's mistake, and one user's page views for another program:
    ///
    ///     clickstream-relay tail --last 20 --outcome rejected
    ///     clickstream-relay tail --user 45 --type page --json | jq -r .line
    ///
    /// In a script: wait until three orders lie in the sink, whether before or after this line.
    ///
    ///     clickstream-relay tail --after 0 --name 'order completed' --outcome delivered --limit 3
    ///
    /// When the relay is away it waits for it and goes on after the last event that it showed.
    #[command(verbatim_doc_comment)]
    Tail(Box<Tail>),
}

/// Bad settings (sysexits.h: EX_USAGE).
const BAD_SETTINGS: u8 = 64;

fn main() -> ExitCode {
    // First of all, while there is one thread: it takes the variables out of the environment.
    #[allow(
        clippy::disallowed_methods,
        reason = "the service manager's, read here and handed on"
    )]
    let socket = activation::socket(std::env::var("LISTEN_PID").ok().as_deref());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // --help and --version come as errors, too.
            let code = if error.use_stderr() { BAD_SETTINGS } else { 0 };
            let _printed = error.print();
            return ExitCode::from(code);
        }
    };
    match run(cli, socket) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", told(&error));
            let bad_settings = error.downcast_ref::<ConfigError>().is_some();
            ExitCode::from(if bad_settings { BAD_SETTINGS } else { 1 })
        }
    }
}

/// The error with its causes, each said once: some texts hold their cause already.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn run(
    cli: Cli,
    socket: Result<Option<std::net::TcpListener>, ActivationError>,
) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads; raise the limit of processes")?;
    match cli.command {
        None => {
            let config = Config::from_flags(cli.flags)?;
            logging::start(config.log_format, &config.log_filter);
            runtime.block_on(serve(config, socket?))
        }
        Some(Command::Check(flags)) => {
            let config = Config::from_flags(*flags)?;
            let found = runtime.block_on(check::check(&config));
            std::io::Write::write_all(&mut std::io::stdout(), found.to_string().as_bytes())?;
            Ok(ExitCode::from(u8::from(!found.is_good())))
        }
        Some(Command::Spool(command)) => {
            let out = &mut BufWriter::new(std::io::stdout());
            let whole = command.run(out, &mut std::io::stderr())?;
            Ok(ExitCode::from(u8::from(!whole)))
        }
        Some(Command::Lake(command)) => {
            let progress = tools::progress::Progress::new();
            let now_ms = SystemClock::default().now_ms();
            let done = command.run(now_ms, &mut std::io::stdout(), &mut |done, of| {
                progress.at(done, of)
            });
            progress.end();
            done?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Tail(tail)) => {
            let out = std::io::stdout();
            let color = out.is_terminal();
            let out = &mut BufWriter::new(out);
            tail.run(color, out, &mut std::io::stderr())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Replay(replay)) => {
            let progress = tools::progress::Progress::new();
            let whole = replay.run(&mut std::io::stdout(), &mut |done, of| {
                progress.at(done, of)
            });
            progress.end();
            Ok(ExitCode::from(u8::from(!whole?)))
        }
    }
}

async fn serve(
    mut config: Config,
    socket: Option<std::net::TcpListener>,
) -> anyhow::Result<ExitCode> {
    // Without this the first SIGHUP, which is meant for certificates and keys, would end the process.
    let _heard = signal(SignalKind::hangup()).context("signals cannot be heard")?;
    #[allow(
        clippy::disallowed_methods,
        reason = "the service manager's, read here and handed on"
    )]
    let manager = Manager::at(std::env::var_os("NOTIFY_SOCKET").as_deref());
    let listener = match socket {
        Some(socket) => {
            TcpListener::from_std(socket).context("the socket handed over is broken")?
        }
        None => http::bind(config.listen).await?,
    };
    config.listen = listener.local_addr().context("the port is gone")?;
    let (listen, grace, scheme) = (config.listen, config.grace, config.http.scheme());
    let mut bounds = config.http.clone();
    http::descriptors::allow(bounds.max_connections);
    // The other half is for delivery.
    bounds.grace = grace / 2;
    let token_was_made = config.metrics_token.is_none();
    let relay = Relay::start(config)?;
    tracing::info!(address = %listen, "listening");
    if token_was_made {
        let token = relay.token();
        eprintln!("metrics: {scheme}://{listen}/metrics?token={token}");
        eprintln!("live view: {scheme}://{listen}/live?token={token}");
    }
    let mut failed = None;
    let mut stopped = Instant::now();
    let until = async {
        failed = until_stopped(&relay, &manager).await.err();
        manager.stopping();
        relay.close_live();
        stopped = Instant::now();
    };
    let router = relay.in_front_of(router::alone(relay.router()));
    let cut = http::serve(listener, router, bounds, until).await;
    if cut > 0 {
        tracing::warn!(
            connections = cut,
            "connections were cut: they took longer than the grace"
        );
    }
    let stopping = relay.shutdown(grace.saturating_sub(stopped.elapsed()));
    let report = tokio::select! {
        report = stopping => report,
        () = stop::asked() => anyhow::bail!(
            "stopped at once, as asked a second time; what was not delivered stays in the spool"
        ),
    };
    if let Some(error) = failed {
        anyhow::bail!("{error}");
    }
    report.tell();
    Ok(ExitCode::SUCCESS)
}

/// Ends when somebody stops the process, or with an error when the relay cannot go on.
async fn until_stopped(relay: &Relay, manager: &Manager) -> Result<(), Arc<StartError>> {
    let stop = stop::asked();
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => return Ok(()),
        ready = relay.ready() => ready?,
    }
    manager.ready();
    let totals = relay.totals().unwrap_or_default();
    tracing::info!(waiting = totals.waiting, "ready: events are taken");
    tokio::select! {
        () = &mut stop => Ok(()),
        () = relay.ended() => Ok(()),
        error = relay.failed() => Err(error),
    }
}
