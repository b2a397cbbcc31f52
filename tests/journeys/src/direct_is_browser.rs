//! What the bot makes without a browser is what the tracker and the shop say in one: the same
//! names, and of each the same members.

use std::collections::{BTreeMap, BTreeSet};

use clickstream_lab::bot;
use clickstream_lab::shop::Shop;
use serde_json::Value;

/// The members of an event by their paths, with the kind of value; numbers are numbers.
fn members(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                members(value, &format!("{path}.{name}"), into);
            }
        }
        Value::Array(list) => {
            for value in list {
                members(value, &format!("{path}[]"), into);
            }
        }
        Value::String(_) => drop(into.insert(format!("{path}: text"))),
        Value::Number(_) => drop(into.insert(format!("{path}: number"))),
        Value::Bool(_) => drop(into.insert(format!("{path}: truth"))),
        Value::Null => drop(into.insert(format!("{path}: null"))),
    }
}

/// What all events of a name have, and what any of them has.
#[derive(Debug, Default)]
struct Shape {
    always: BTreeSet<String>,
    ever: BTreeSet<String>,
    events: usize,
}

impl Shape {
    fn add(&mut self, event: &Value) {
        let mut found = BTreeSet::new();
        for part in ["context", "properties"] {
            members(&event[part], part, &mut found);
        }
        // Who made it differs, and so it should.
        found.retain(|member| {
            !member.starts_with("context.automation") && !member.starts_with("context.session")
        });
        self.always = if self.events == 0 {
            found.clone()
        } else {
            self.always.intersection(&found).cloned().collect()
        };
        self.ever.extend(found);
        self.events += 1;
    }
}

#[test]
fn direct_events_have_the_members_of_a_browsers() -> anyhow::Result<()> {
    let shop = Shop::start(&[])?;
    let url = shop.url.as_str();
    for words in [
        &["40", "0", "--seed", "4", "--visitors", "2", "--url", url][..],
        &[
            "4000", "0", "--seed", "4", "--direct", "--quiet", "--url", url,
        ][..],
    ] {
        let run = bot::run(words)?;
        anyhow::ensure!(run.status == 0, "{}", run.error);
    }
    let is_synthetic =
        |line: &clickstream_lab::lake::Line| line.json["relay"]["traffic"] == "synthetic";
    let lines = shop.lake.wait_for("4,000 direct events", |lines| {
        lines.iter().filter(|line| is_synthetic(line)).count() == 4_000
    })?;

    let mut shapes = BTreeMap::<String, [Shape; 2]>::new();
    for line in &lines {
        let [browser, direct] = shapes.entry(line.name()).or_default();
        let shape = if is_synthetic(line) { direct } else { browser };
        shape.add(&line.json);
    }
    let mut compared = BTreeSet::new();
    for (name, [browser, direct]) in &shapes {
        assert!(
            browser.events == 0 || direct.events > 0,
            "no direct event is a {name}"
        );
        // One or two may not show all that such an event can have.
        if browser.events < 3 {
            continue;
        }
        let missing: Vec<_> = browser.always.difference(&direct.ever).collect();
        assert!(
            missing.is_empty(),
            "{name} in a browser always has {missing:?}"
        );
        let invented: Vec<_> = direct.always.difference(&browser.ever).collect();
        assert!(
            invented.is_empty(),
            "no {name} in a browser has {invented:?}"
        );
        compared.insert(name.as_str());
    }
    for name in ["page", "track Element Clicked", "track Product Viewed"] {
        assert!(compared.contains(name), "{name} is not among {compared:?}");
    }
    Ok(())
}
