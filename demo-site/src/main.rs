//! The bookstore as a program: shop, relay and the tracker's files behind one port.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use clickstream_demo_site::catalogue::Catalogue;
use clickstream_demo_site::settings::{Settings, SettingsError};
use clickstream_demo_site::shop::{Opening, Shop};
use clickstream_demo_site::store::Store;
use clickstream_demo_site::{server, tracker_files};
use clickstream_relay::clock::SystemClock;
use clickstream_relay::config::Flags;
use clickstream_relay::service::StartError;
use clickstream_relay::{Relay, http, logging, stop};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::Instant;

/// A bookstore whose pages and clicks end in a lake on this machine
///
/// Shop, relay and lake in one process:
///
///     cargo xtask build
///     clickstream-demo-site --listen 127.0.0.1:8080 --data data
///
/// Open http://127.0.0.1:8080/, click about, and look below data/lake/raw/clickstream/ or at the
/// page /in-the-lake. When it takes events it prints `ready` on a line of its own. Everything it
/// keeps is in the folder given with --data; remove that and nothing is left.
#[derive(Parser, Debug)]
#[command(name = "clickstream-demo-site", version, verbatim_doc_comment)]
struct Cli {
    /// Folder of everything that is kept: shop.sqlite, identity.key, spool/ and lake/
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Folder of the tracker, as `cargo xtask build` makes it
    #[arg(long, value_name = "DIR", default_value = "target/tracker")]
    tracker_dir: PathBuf,
    #[command(flatten)]
    relay: Flags,
}

/// The relay's flags whose defaults are others here, as the help says them.
const OWN_DEFAULTS: [(&str, &str); 5] = [
    (
        "listen",
        "Address and port to listen on [default: 127.0.0.1:8080]",
    ),
    (
        "lake-dir",
        "Folder of the lake [default: lake in the folder given with --data]",
    ),
    (
        "spool-dir",
        "Folder of the spool [default: spool in the folder given with --data]",
    ),
    (
        "buffer-interval",
        "Seconds until events are delivered to the lake; fractions are fine [default: 1]",
    ),
    (
        "write-key",
        "A key that may send, as KIND:SOURCE:KEY; may be repeated [default, on loopback only: \
         browser:bookstore:demo-browser-key and server:bookstore:demo-server-key]",
    ),
];

/// The command line, its help true of this program.
fn command() -> clap::Command {
    OWN_DEFAULTS
        .into_iter()
        .fold(Cli::command(), |command, (flag, help)| {
            let id = command
                .get_arguments()
                .find(|argument| argument.get_long() == Some(flag))
                .map(|argument| argument.get_id().clone());
            match id {
                Some(id) => command.mut_arg(id, |argument| argument.help(help).long_help(help)),
                None => command,
            }
        })
}

/// Bad settings (sysexits.h: EX_USAGE).
const BAD_SETTINGS: u8 = 64;

fn main() -> ExitCode {
    let cli = match command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => {
            // --help and --version come as errors, too.
            let code = if error.use_stderr() { BAD_SETTINGS } else { 0 };
            let _printed = error.print();
            return ExitCode::from(code);
        }
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            let settings = error.downcast_ref::<SettingsError>();
            let usage = settings.is_some_and(SettingsError::is_usage);
            ExitCode::from(if usage { BAD_SETTINGS } else { 1 })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that asks the system for chance"
    )]
    let mut random = StdRng::from_rng(&mut rand::rng());
    let settings = Settings::read(cli.relay, &cli.data, &mut random)?;
    logging::start(settings.relay.log_format, &settings.relay.log_filter);
    let tracker = tracker_files::router(&cli.tracker_dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads; raise the limit of processes")?;
    runtime.block_on(serve(settings, &cli.data, tracker, random))
}

async fn serve(
    mut settings: Settings,
    data: &Path,
    tracker: axum::Router,
    random: StdRng,
) -> anyhow::Result<()> {
    // The port first: whoever took it is told of before a file is touched.
    let listener = http::bind(settings.relay.listen).await?;
    let listen = listener.local_addr().context("the port is gone")?;
    settings.relay.listen = listen;
    let catalogue = Catalogue::load()?;
    let (store, catalogue) = tokio::task::block_in_place(|| {
        Store::open(&data.join("shop.sqlite"), &catalogue).map(|store| (store, catalogue))
    })?;
    let key = settings.relay.identity.keys.first().cloned();
    let lake = settings.has_lake().then(|| settings.lake.clone());
    let opening = Opening {
        catalogue,
        store,
        clock: Arc::new(SystemClock::default()),
        key: key.context("no key signs who is signed in; give one with --identity-key")?,
        write_key: settings.write_key,
        source: settings.source,
        lake: lake.clone(),
        https: settings.https,
    };
    let shop = Shop::open(opening, random);
    let forgotten = shop.forget_old_sessions().await?;
    tracing::debug!(sessions = forgotten, "forgot old sessions");

    let (bounds, grace) = (settings.relay.http.clone(), settings.relay.grace);
    let address = format!("{}://{listen}", bounds.scheme());
    let relay = Relay::start(settings.relay)?;
    let router = server::router(shop).merge(relay.router()).merge(tracker);
    let router = relay.in_front_of(router);
    let mut failed = None;
    let mut stopped = Instant::now();
    let until = async {
        failed = until_stopped(&relay, &announcement(&address, lake.as_deref(), &relay))
            .await
            .err();
        relay.close_live();
        stopped = Instant::now();
    };
    // Half the time for answers, the other half for delivery.
    let bounds = http::Config {
        grace: grace / 2,
        ..bounds
    };
    http::serve(listener, router, bounds, until).await;
    let report = relay
        .shutdown(grace.saturating_sub(stopped.elapsed()))
        .await;
    if let Some(error) = failed {
        anyhow::bail!("{error}");
    }
    report.tell();
    Ok(())
}

/// What a newcomer needs next: where to look, and a line to paste that asks the lake.
fn announcement(address: &str, lake: Option<&Path>, relay: &Relay) -> String {
    let lake = match lake {
        Some(lake) => {
            let raw = lake.join("raw");
            let raw = raw.display();
            format!(
                "lake       {raw}\nask it     duckdb -c \"SELECT userId, count(*) AS events FROM \
                 read_json('{raw}/clickstream/**', format = 'newline_delimited', \
                 hive_partitioning = false) GROUP BY userId ORDER BY events DESC\""
            )
        }
        None => "lake       none: events go to the sink given with --sink".to_owned(),
    };
    let token = relay.token();
    format!(
        "bookstore  {address}/\nlive       {address}/live?token={token}\n\
         metrics    {address}/metrics?token={token}\n{lake}\nready\n"
    )
}

/// Says when all is ready; ends when somebody stops the process, or with an error when the
/// relay cannot go on.
async fn until_stopped(relay: &Relay, announcement: &str) -> Result<(), Arc<StartError>> {
    let stop = stop::asked();
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => return Ok(()),
        ready = relay.ready() => ready?,
    }
    let mut out = std::io::stdout();
    // Who closed our output does not read it: no reason to end.
    let _unread = out
        .write_all(announcement.as_bytes())
        .and_then(|()| out.flush());
    tokio::select! {
        () = &mut stop => Ok(()),
        error = relay.failed() => Err(error),
    }
}
