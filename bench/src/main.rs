//! Comparisons in one run: ours and its peer in turns, medians and ratios, never a figure
//! from another day or machine.

mod bot;
mod compact;
mod lake;
mod load;
mod machine;
mod process;
mod relay;
mod report;
mod syncs;
mod table;
mod tracker;
mod yardstick;

use std::time::Duration;

use anyhow::Context as _;

const HELP: &str = "\
Compares in one run, ours and a peer in turns; prints medians and their ratio.

  cargo xtask bench [relay] [yardsticks] [lake] [compact] [bot] [tracker]
                    [--rounds 5] [--seconds 4] [--partitions N]

  relay  durable requests a second against a bare axum handler that only reads the body:
         so many rounds of so many seconds; writes its table to bench/README.md
  yardsticks  the same bodies into PostgreSQL (one insert a batch) and nginx's access log
  lake   delivery to files, divided by user, against writing the same bytes, and the API against
         moto's server: so many rounds; writes its table to bench/README.md. --partitions 5000:
         only its rows with so many, printed and not written
  compact  a query by DuckDB before and after `lake compact`; writes its table to bench/README.md
  bot    events a second to a pipe against building each with serde_json
  tracker  what a page pays at start-up and for 1,000 clicks, in Chromium: nothing, ours, and others'
         trackers from npm; writes its table to bench/README.md. Its size: cargo xtask size
";

fn main() -> anyhow::Result<()> {
    let (mut names, mut rounds, mut seconds, mut partitions) = (Vec::new(), 5, 4, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let number = |text: Option<String>| -> anyhow::Result<u32> {
            let number = text.and_then(|text| text.parse().ok());
            number
                .filter(|number| *number > 0)
                .with_context(|| format!("{argument} wants a whole number above 0"))
        };
        match argument.as_str() {
            "--rounds" => rounds = number(arguments.next())?,
            "--seconds" => seconds = number(arguments.next())?,
            "--partitions" => partitions = Some(number(arguments.next())? as usize),
            // The peer of the relay runs as a process of its own, as the relay does.
            "bare" => return relay::bare(),
            // Each measurement of the lake too, so that its memory is its own.
            lake::WORD => return lake::case(&arguments.collect::<Vec<_>>()),
            "relay" | "yardsticks" | "lake" | "compact" | "bot" | "tracker" => names.push(argument),
            other => {
                eprint!("{HELP}");
                anyhow::bail!("there is no comparison {other:?}");
            }
        }
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    machine::describe();
    if wanted("relay") {
        relay::run(rounds as usize, Duration::from_secs(seconds.into()))?;
    }
    if wanted("yardsticks") {
        yardstick::run(rounds as usize, Duration::from_secs(seconds.into()))?;
    }
    if wanted("lake") {
        lake::run(rounds as usize, partitions)?;
    }
    if wanted("compact") {
        compact::run(rounds as usize)?;
    }
    if wanted("bot") {
        bot::run()?;
    }
    if wanted("tracker") {
        tracker::run()?;
    }
    Ok(())
}
