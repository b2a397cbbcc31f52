//! Thousands of random histories: nothing acknowledged is lost, nothing is doubled.

use std::thread;

use crate::history::{Sum, run};

const HISTORIES: u64 = 10_000;

/// `CLICKSTREAM_HISTORIES` asks for more (or, with a failing seed in
/// `CLICKSTREAM_HISTORY`, for exactly that one).
#[allow(
    clippy::disallowed_methods,
    reason = "`cargo xtask soak` sets the size of this test by these variables"
)]
fn seeds() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("CLICKSTREAM_HISTORY") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CLICKSTREAM_HISTORIES").unwrap_or(HISTORIES),
    }
}

#[test]
fn complaint_45_rudder_server_709_no_history_loses_or_doubles_an_event() {
    let seeds = seeds();
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let sums: Vec<Sum> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let mine = seeds.clone().skip(worker).step_by(threads);
                scope.spawn(move || mine.map(check).collect::<Vec<_>>())
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a history failed, see above"))
            .collect()
    });
    let total = |of: fn(&Sum) -> u64| sums.iter().map(of).sum::<u64>();
    println!(
        "{} histories: {} acknowledged, {} delivered, {} crashes, {} failed deliveries, {} refused for good",
        sums.len(),
        total(|sum| sum.acknowledged as u64),
        total(|sum| sum.delivered),
        total(|sum| sum.crashes),
        total(|sum| sum.failures),
        total(|sum| sum.refused as u64),
    );
    // The histories must have something to say.
    if sums.len() > 100 {
        assert!(total(|sum| sum.acknowledged as u64) > 5 * sums.len() as u64);
        assert!(total(|sum| sum.crashes) > sums.len() as u64);
        assert!(total(|sum| sum.failures) > 0 && total(|sum| sum.refused as u64) > 0);
    }
}

fn check(seed: u64) -> Sum {
    match run(seed, None) {
        Ok(sum) => sum,
        Err((found, trace)) => panic!(
            "{}\nhistory {seed}: {found:?}; again with CLICKSTREAM_HISTORY={seed} cargo test -p clickstream-relay --test disk histories",
            trace.join("\n")
        ),
    }
}
