//! `cargo xtask size`: what a page loads, and what it pays for.

use std::{collections::BTreeMap, io::Write};

use anyhow::{Context, Result};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

use crate::{
    build, command,
    wasm::{self, Edition},
};

/// The most that a page may have to load: a line for each edition, a number of brotli bytes and its
/// name, and below them what it is about.
const BUDGET: &str = "tracker-wasm/budget.txt";

/// Prints the bytes of what a page loads and what each subject costs.
///
/// The totals are exact; a cost is its share of the module's code, in the module's brotli
/// bytes, because nothing compresses alone as it does among the rest.
///
/// # Errors
/// When the tracker does not build.
pub fn size() -> Result<()> {
    let core = wasm::tracker(Edition::Core)?;
    let tracker = build::tracker()?;
    let full = wasm::tracker(Edition::Full)?;
    let mut out = std::io::stdout().lock();
    for (edition, tracker) in [
        (Edition::Core, &core),
        (Edition::Everything, &tracker),
        (Edition::Full, &full),
    ] {
        writeln!(out, "{:<23}     raw   brotli", edition.name())?;
        for name in edition.loaded() {
            let raw = bytes(tracker, name)?;
            let packed = bytes(tracker, &format!("{name}.br"))?;
            writeln!(out, "  {name:<21} {raw:>7}  {packed:>7}")?;
        }
        for (what, number) in [
            ("together", loaded(edition, tracker)?),
            ("budget", budget(edition)?),
        ] {
            writeln!(out, "  {what:<21} {:>7}  {number:>7}", "")?;
        }
    }

    let module = bytes(&tracker, "clickstream.wasm.br")?;
    let mut costs: Vec<(String, usize)> = subjects(&wasm::named_module()?)?.into_iter().collect();
    let code: usize = costs.iter().map(|(_, bytes)| bytes).sum();
    for (_, bytes) in &mut costs {
        *bytes = *bytes * module / code.max(1);
    }
    let loader = wasm::loader_size()?;
    costs.push(("loader.js".to_owned(), loader));
    costs.push((
        "wasm-bindgen's glue (JavaScript)".to_owned(),
        bytes(&tracker, "clickstream.js.br")?.saturating_sub(loader),
    ));
    costs.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    writeln!(out, "\nwhat for, in brotli bytes (shares of the code)")?;
    for (subject, bytes) in &costs {
        writeln!(out, "  {bytes:>7}  {subject}")?;
    }
    Ok(())
}

/// Checks that a page loads no more than the budget allows. Gives why there is nothing to
/// check where the tools are missing that make the files as small as they are served.
///
/// # Errors
/// When the tracker has grown beyond its budget, or does not build.
pub fn check() -> Result<Option<String>> {
    for edition in [Edition::Core, Edition::Everything, Edition::Full] {
        let tracker = wasm::tracker(edition)?;
        if tracker.unoptimised.is_some() {
            return Ok(tracker.unoptimised);
        }
        within(edition, loaded(edition, &tracker)?, budget(edition)?)?;
    }
    Ok(None)
}

fn within(edition: Edition, loaded: usize, budget: usize) -> Result<()> {
    anyhow::ensure!(
        loaded <= budget,
        "a page loads {loaded} bytes of tracker ({}) and {BUDGET} allows {budget}: \
         `cargo xtask size` says what for; raise the budget in the change that is worth it",
        edition.name()
    );
    Ok(())
}

/// What a page loads, and nothing else of the tracker's files.
fn loaded(edition: Edition, tracker: &wasm::Tracker) -> Result<usize> {
    let each = edition
        .loaded()
        .map(|name| bytes(tracker, &format!("{name}.br")));
    each.into_iter().sum()
}

fn budget(edition: Edition) -> Result<usize> {
    let text = fs_err::read_to_string(command::root().join(BUDGET))?;
    let name = edition.name();
    let mut lines = text.lines().map(|line| line.split_once(' '));
    let line = lines.find_map(|line| line.filter(|(_, named)| *named == name));
    let number = line.and_then(|(number, _)| number.parse().ok());
    number.with_context(|| format!("{BUDGET} needs a line with a number of bytes and `{name}`"))
}

fn bytes(tracker: &wasm::Tracker, name: &str) -> Result<usize> {
    let file = fs_err::metadata(tracker.dir.join(name))?;
    usize::try_from(file.len()).context("a file too large to be true")
}

/// The bytes of a module's functions and texts by the subject that they belong to.
fn subjects(module: &[u8]) -> Result<BTreeMap<String, usize>> {
    let mut subjects = BTreeMap::new();
    let mut bodies = Vec::new();
    let mut imported = 0;
    let mut names = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload.context("the module is no wasm")? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().len()),
            Payload::DataSection(data) => {
                subjects.insert("texts and tables".to_owned(), data.range().len());
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Name(subsections) = section.as_known() else {
                    continue;
                };
                for subsection in subsections {
                    if let Name::Function(functions) = subsection? {
                        for naming in functions {
                            let naming = naming?;
                            names.insert(naming.index, naming.name.to_owned());
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (index, bytes) in (imported..).zip(bodies) {
        let name = names.get(&index).map_or("", String::as_str);
        *subjects.entry(subject(name)).or_default() += bytes;
    }
    Ok(subjects)
}

/// The subject of a function: its crate; of the tracker's own, the module too.
fn subject(name: &str) -> String {
    // `<T as Trait>::method` is the subject of `T`, a reference of what it refers to.
    let path = name.trim_start_matches(['<', '&', '[', '*', '(']);
    let path = path.trim_start_matches("mut ").trim_start_matches("dyn ");
    let mut parts = path.split("::").map(|part| {
        let end = part.find(|c: char| !c.is_alphanumeric() && c != '_');
        part.get(..end.unwrap_or(part.len())).unwrap_or(part)
    });
    match (parts.next().unwrap_or_default(), parts.next()) {
        ("clickstream_tracker", Some(module)) => format!("tracker: {module}"),
        ("", _) => "without a name".to_owned(),
        (known, Some(_)) => known.to_owned(),
        (runtime, None) if runtime.starts_with("__") => "wasm-bindgen's runtime".to_owned(),
        (symbol, None) => symbol.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Edition, budget, subject, within};

    #[test]
    fn complaint_13_a_byte_over_the_budget_fails() {
        for edition in [Edition::Core, Edition::Everything, Edition::Full] {
            let budget = budget(edition).unwrap();
            assert!(within(edition, budget, budget).is_ok());
            assert!(within(edition, budget + 1, budget).is_err());
        }
    }

    #[test]
    fn a_function_belongs_to_its_crate_and_ours_to_its_module() {
        for (name, belongs) in [
            (
                "clickstream_tracker::transport::Transport::leave",
                "tracker: transport",
            ),
            (
                "clickstream_tracker::signal::enter::{{closure}}",
                "tracker: signal",
            ),
            (
                "<clickstream_event::write::Lean as serde_json::ser::Formatter>::write_f64",
                "clickstream_event",
            ),
            ("<&mut W as core::fmt::Write>::write_char", "W"),
            ("core::fmt::Formatter::pad_integral", "core"),
            ("__wbindgen_malloc", "wasm-bindgen's runtime"),
            ("memcpy", "memcpy"),
            ("", "without a name"),
        ] {
            assert_eq!(subject(name), belongs);
        }
    }
}
