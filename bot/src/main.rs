//! `clickstream-bot`: reads the command line, runs, tells what became of it.

use std::io::BufWriter;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use clickstream_bot::arguments::{Arguments, Browse, Destination, Direct, Plan};
use clickstream_bot::browser::browse;
use clickstream_bot::chance::Chance;
use clickstream_bot::direct::run::{RunError, run};
use clickstream_bot::outlet::OutletError;
use clickstream_bot::progress::Progress;
use clickstream_bot::tally::Plural;
use clickstream_demo_site::catalogue::Catalogue;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (seed, repeat) = (
        arguments.seed,
        arguments.to == Some(Destination::Stdout) && arguments.seed.is_some(),
    );
    let plan = match arguments.plan() {
        Ok(plan) => plan,
        // As for arguments that cannot even be read: the same words, the same status.
        Err(impossible) => clap::Error::raw(
            clap::error::ErrorKind::ValueValidation,
            format!("{impossible}\n"),
        )
        .exit(),
    };
    match start(plan, seed, repeat) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(plan: Plan, seed: Option<u64>, repeat: bool) -> anyhow::Result<ExitCode> {
    let mut entropy = [0; 24];
    getrandom::fill(&mut entropy)
        .map_err(|error| anyhow::anyhow!("the system gives no randomness: {error}"))?;
    let chance = Chance::new(seed, repeat, entropy);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        match plan {
            Plan::Direct(direct) => send(&direct, &chance).await,
            Plan::Browse(visit) => visit_site(&visit, &chance).await,
        }
    })
}

async fn visit_site(plan: &Browse, chance: &Chance) -> anyhow::Result<ExitCode> {
    let progress = Progress::new(plan.count, "actions");
    let report = browse(plan, chance, &progress, stopped()).await;
    progress.end();
    let report = report?;
    eprintln!(
        "{} of {} on {} in {:.1} s\nseed {}",
        Plural(report.done, "action"),
        Plural(u64::from(plan.visitors), "visitor"),
        plan.url,
        report.elapsed.as_secs_f64(),
        chance.seed
    );
    Ok(ExitCode::SUCCESS)
}

async fn send(plan: &Direct, chance: &Chance) -> anyhow::Result<ExitCode> {
    let shop = Catalogue::load()?;
    let progress = Progress::new(plan.count, "events");
    let stdout = || BufWriter::with_capacity(64 * 1024, std::io::stdout());
    let report = run(plan, &shop, chance, stdout, &progress, stopped()).await;
    progress.end();
    let relay = match &plan.to {
        Destination::Stdout => None,
        Destination::Relay(url) => Some(url.as_str()),
    };
    eprintln!("{}", report.tally.summary(report.elapsed, relay));
    eprintln!("seed {}, run {}", chance.seed, chance.run);
    match report.error {
        // Whoever reads has had enough, as with `| head`.
        Some(RunError::Outlet(OutletError::Closed)) => Ok(ExitCode::SUCCESS),
        Some(error) if report.unsent > 0 => {
            let unsent = u64::try_from(report.unsent).unwrap_or(u64::MAX);
            let were = if unsent == 1 { "was" } else { "were" };
            Err(anyhow::Error::new(error)
                .context(format!("{} {were} not sent", Plural(unsent, "event"))))
        }
        Some(error) => Err(error.into()),
        None if report.tally.rejected > 0 => {
            anyhow::bail!(
                "the relay refused {}: the reasons are told above",
                Plural(report.tally.rejected, "event")
            )
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Ends when somebody asks the bot to stop (Ctrl-C, or a polite kill).
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            // Without the second signal the first one still works.
            let _ = interrupt.await;
        }
    }
}
