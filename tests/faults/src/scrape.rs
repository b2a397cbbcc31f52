//! What a running relay says of itself, and what the system says of it.

use std::collections::BTreeMap;

use clickstream_lab::http;
use clickstream_lab::relay::Relay;

/// The operator's, of the relays that are scraped.
pub const TOKEN: &str = "operators-token";

/// Some of the relay's numbers at one moment.
#[derive(Clone, Debug)]
pub struct Scrape(BTreeMap<String, u64>);

impl Scrape {
    /// Asks for the page.
    pub fn of(relay: &Relay) -> anyhow::Result<Self> {
        let page = http::get(&format!("{}/metrics?token={TOKEN}", relay.url), &[])?;
        anyhow::ensure!(page.status == 200, "{page:?}");
        let numbers = page.body.lines().filter_map(|line| {
            let (name, value) = line.split_once(' ')?;
            let name = name.strip_prefix("clickstream_")?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(Self(numbers.collect()))
    }

    /// A number by its name without `clickstream_`.
    pub fn get(&self, name: &str) -> u64 {
        self.0[name]
    }

    /// As [`Scrape::get`], of a number that not every relay has.
    pub fn find(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// taken = delivered + waiting + rejected + duplicate + failed.
    pub fn balances(&self) -> bool {
        let sum: u64 = ["delivered", "rejected", "duplicate", "failed"]
            .iter()
            .map(|name| self.get(&format!("events_{name}_total")))
            .sum();
        self.get("events_taken_total") == sum + self.get("events_waiting")
    }
}

/// Resident memory, in MiB.
pub fn memory(relay: &Relay) -> anyhow::Result<u64> {
    let status = fs_err::read_to_string(format!("/proc/{}/status", relay.program.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next());
    Ok(kib.unwrap_or_default().parse::<u64>()? / 1024)
}
