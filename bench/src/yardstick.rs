//! What people would write down events with otherwise, under the same load: yardsticks that anyone
//! can repeat, not peers with a goal.
//!
//! PostgreSQL is durable as the relay is; nginx is not, and shows what a line in a log costs.

mod nginx;
mod postgres;

use std::fmt::Write as _;
use std::time::Duration;

use crate::machine;
use crate::relay::{Figures, GOALS};
use crate::report::Report;

/// Runs both yardsticks and writes their table.
///
/// # Errors
/// Where PostgreSQL, nginx, `pgbench` or `wrk` is missing or fails.
pub fn run(rounds: usize, time: Duration) -> anyhow::Result<()> {
    let mut report = Report::begin("yardsticks", "Yardsticks of intake");
    let folder = machine::disk_folder()?;
    writeln!(
        report,
        "The same bodies into what is at hand elsewhere, {rounds} rounds of {} s, medians. \
         *PostgreSQL*: {}; one insert a batch into a `text` column without compression, prepared, \
         `synchronous_commit=on`, other settings as they come; load by pgbench, one thread, {} clients. \
         *nginx*: {}, one process, each body a line of its access log, nothing synced; load by wrk as \
         for the relay. Neither reads an event, tells a duplicate or knows a user.\n\n{}\n",
        time.as_secs(),
        postgres::version()?,
        crate::load::CONNECTIONS,
        nginx::version()?,
        machine::words(&folder)?,
    )?;
    report.line("| events a request | server | requests/s | events/s | CPU µs a request | p50 / p99 / p99.9 ms | peak MB | |");
    report.line("|---|---|---|---|---|---|---|---|");
    for (events, _) in GOALS {
        let (mut inserts, mut lines) = (Figures::default(), Figures::default());
        for _ in 0..rounds {
            postgres::round(&folder, events, time, &mut inserts)?;
            nginx::round(&folder, events, time, &mut lines)?;
        }
        report.line(&inserts.row(events, "PostgreSQL", "durable"));
        report.line(&lines.row(events, "nginx", "not durable"));
    }
    report.write()
}
