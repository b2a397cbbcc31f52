//! Comparisons in one run: ours and its peer in turns, medians and ratios, never a figure
//! from another day or machine.

mod bot;
mod lake;
mod load;
mod machine;
mod relay;
mod table;

const HELP: &str = "\
Compares in one run, ours and a peer in turns; prints medians and their ratio.

  cargo xtask bench [relay] [lake] [bot]

  relay  durable requests a second against a bare axum handler that only reads the body
  lake   partitioning a stream's lines against copying them
  bot    events a second to a pipe against building each with serde_json

The tracker's comparison is its size: cargo xtask size.
";

fn main() -> anyhow::Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    // The peer of the relay runs as a process of its own, as the relay does.
    if names == ["bare"] {
        return relay::bare();
    }
    let all = names.is_empty();
    for name in &names {
        if !["relay", "lake", "bot"].contains(&name.as_str()) {
            eprint!("{HELP}");
            anyhow::bail!("there is no comparison {name:?}");
        }
    }
    let wanted = |name: &str| all || names.iter().any(|wanted| wanted == name);
    machine::describe();
    if wanted("relay") {
        relay::run()?;
    }
    if wanted("lake") {
        lake::run()?;
    }
    if wanted("bot") {
        bot::run()?;
    }
    Ok(())
}
