//! One run of events: the pace kept, events made, brought where they belong, counted.

use std::future::Future;
use std::io::Write;
use std::time::Duration;

use clickstream_demo_site::catalogue::Catalogue;
use rand_chacha::ChaCha8Rng;
use tokio::time::Instant;

use super::{Crowd, Settings, Unwritable};
use crate::arguments::{Destination, Direct};
use crate::chance::{Chance, Use};
use crate::clock::Clock;
use crate::mistake::Mistakes;
use crate::outlet::relay::Relay;
use crate::outlet::{Outlet, OutletError};
use crate::pace::Walker;
use crate::progress::Progress;
use crate::tally::Tally;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The outlet stopped.
    #[error(transparent)]
    Outlet(#[from] OutletError),
    /// An event could not be made.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// Stopped while the relay took nothing.
    #[error("stopped, and the relay did not take the last events within {LAST_SEND:?}")]
    Stopped,
}

/// How long a stopped run goes on trying to send what it has made.
const LAST_SEND: Duration = Duration::from_secs(5);

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// The counts.
    pub tally: Tally,
    /// Events made and not brought where they belong.
    pub unsent: usize,
    /// How long it took.
    pub elapsed: Duration,
    /// Why it ended, if not by itself.
    pub error: Option<RunError>,
}

/// Makes events until COUNT, until `stop`, or until they can go nowhere.
pub async fn run<W: Write>(
    plan: &Direct,
    shop: &Catalogue,
    chance: &Chance,
    stdout: impl Fn() -> W,
    progress: &Progress,
    stop: impl Future<Output = ()>,
) -> Report {
    let relay = match &plan.to {
        Destination::Stdout => None,
        Destination::Relay(url) => {
            let jitter = chance.stream(Use::Jitter);
            Some(Relay::new(
                url,
                plan.write_key.clone(),
                plan.patience,
                jitter,
            ))
        }
    };
    let print = plan.print_events.then(&stdout);
    let status = (plan.print_status && relay.is_some()).then(&stdout);
    let mut outlet = Outlet::new(print, relay, status);
    let settings = Settings {
        site: plan.site.as_str().trim_end_matches('/').to_owned(),
        seed: chance.seed,
        run: chance.run.clone(),
        users: plan.users,
        mistakes: Mistakes::new(
            plan.without_user_id,
            plan.count.unwrap_or(0),
            chance.stream(Use::Mistakes),
        ),
    };
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut crowd = Crowd::new(shop, settings);
    let pace = chance.stream(Use::Pace);
    let error = tokio::select! {
        made = make(plan, pace, &mut crowd, &mut outlet, &mut tally, progress) => made.err(),
        () = stop => {
            // In the midst of a pause or of a send: what was made still goes, under the same
            // ids, so that a relay that has it already counts a duplicate.
            match tokio::time::timeout(LAST_SEND, outlet.flush(&mut tally)).await {
                Ok(sent) => sent.err().map(RunError::from),
                Err(_) => Some(RunError::Stopped),
            }
        }
    };
    tally.users = u64::try_from(crowd.met()).unwrap_or(u64::MAX);
    Report {
        tally,
        unsent: outlet.waiting(),
        elapsed: started.elapsed(),
        error,
    }
}

async fn make<W: Write>(
    plan: &Direct,
    pace: ChaCha8Rng,
    crowd: &mut Crowd<'_>,
    outlet: &mut Outlet<W>,
    tally: &mut Tally,
    progress: &Progress,
) -> Result<(), RunError> {
    let started = Instant::now();
    let mut clock = Clock::new(plan.start);
    let mut walker = Walker::new(plan.pace, pace);
    let mut later = Duration::ZERO;
    while plan.count.is_none_or(|count| crowd.made() < count) {
        let step = walker.step(started.elapsed());
        if !step.wait.is_zero() {
            // Nobody waits for an event that is there: what is gathered goes first.
            outlet.flush(tally).await?;
            progress.made(tally);
            tokio::time::sleep(step.wait).await;
        }
        later += step.later;
        let made = crowd.next_event(clock.happen(later))?;
        later = Duration::ZERO;
        tally.made += 1;
        tally.without_ids += u64::from(made.without_ids);
        outlet.take(made.line, tally).await?;
        if tally.made.is_multiple_of(1_000) {
            progress.made(tally);
            // A run to a pipe never waits: let a stop be heard.
            tokio::task::yield_now().await;
        }
    }
    outlet.flush(tally).await?;
    progress.made(tally);
    Ok(())
}
