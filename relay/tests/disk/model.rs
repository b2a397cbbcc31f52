//! What must hold, whatever happened: every acknowledged event is in the lake once, every
//! other event at most once, and nothing else is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a history proved wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counterexample {
    /// An acknowledged event is not in the lake.
    Lost(String),
    /// An event is in the lake twice.
    Doubled(String),
    /// The system no longer works although nothing is wrong with the disk any more.
    Stuck(String),
    /// The lake holds something that is no line of ours.
    Garbled(String),
    /// An object has other bytes than before, or is gone.
    Changed(String),
    /// A file of ids is damaged.
    Damaged,
    /// The books do not balance.
    Books(String),
}

/// Events by number.
#[derive(Debug, Default)]
pub struct Model {
    lines: BTreeMap<u64, String>,
    acknowledged: BTreeSet<u64>,
}

impl Model {
    /// A new event; returns its number and line.
    pub fn event(&mut self, user: Option<u32>) -> (u64, String) {
        let number = self.lines.len() as u64;
        let line = match user {
            Some(user) => format!(
                "{{\"messageId\":\"{number}\",\"userId\":\"{user}\",\"userBucket\":\"00{user}\"}}"
            ),
            None => format!("{{\"messageId\":\"{number}\"}}"),
        };
        self.lines.insert(number, line.clone());
        (number, line)
    }

    pub fn line(&self, number: u64) -> &str {
        &self.lines[&number]
    }

    pub fn acknowledge(&mut self, number: u64) {
        self.acknowledged.insert(number);
    }

    pub fn is_acknowledged(&self, number: u64) -> bool {
        self.acknowledged.contains(&number)
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Acknowledged events, from one of them on.
    pub fn acknowledged_from(&self, from: usize) -> impl Iterator<Item = u64> {
        self.acknowledged.iter().copied().skip(from)
    }

    /// Compares with the lake; returns how many lines are there.
    pub fn check(&self, raw: &BTreeMap<PathBuf, Vec<u8>>) -> Result<u64, Counterexample> {
        let lines = lines(raw)?;
        let mut times: BTreeMap<&str, u64> = BTreeMap::new();
        for line in &lines {
            *times.entry(line).or_default() += 1;
        }
        for (number, line) in &self.lines {
            match times.remove(line.as_str()) {
                None if self.acknowledged.contains(number) => {
                    return Err(Counterexample::Lost(line.clone()));
                }
                None | Some(1) => {}
                Some(_) => return Err(Counterexample::Doubled(line.clone())),
            }
        }
        match times.keys().next() {
            Some(line) => Err(Counterexample::Garbled((*line).to_owned())),
            None => Ok(lines.len() as u64),
        }
    }
}

/// All lines of the lake; of a failed record, the record.
fn lines(raw: &BTreeMap<PathBuf, Vec<u8>>) -> Result<Vec<String>, Counterexample> {
    let mut all = Vec::new();
    for (path, bytes) in raw {
        let garbled = || {
            let text = String::from_utf8_lossy(bytes);
            let end: String = text.chars().rev().take(40).collect();
            Counterexample::Garbled(format!("{} ends (backwards) in {end:?}", path.display()))
        };
        let text = String::from_utf8(bytes.clone()).map_err(|_| garbled())?;
        let failed = path.to_string_lossy().contains("clickstream-errors/");
        for line in text.lines() {
            if !failed && !lies_under_its_own(path, line) {
                return Err(Counterexample::Garbled(format!(
                    "{line} in {}",
                    path.display()
                )));
            }
            all.push(match failed {
                false => line.to_owned(),
                true => raw_data(line).ok_or_else(garbled)?,
            });
        }
        if !text.ends_with('\n') {
            return Err(garbled());
        }
    }
    Ok(all)
}

/// Whether the folder's user or bucket is the line's.
fn lies_under_its_own(path: &Path, line: &str) -> bool {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
        return false;
    };
    path.iter().filter_map(|part| part.to_str()).any(|part| {
        part.split_once('=')
            .is_some_and(|(of, who)| value.get(of).and_then(|value| value.as_str()) == Some(who))
    })
}

fn raw_data(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    let bytes = STANDARD.decode(value.get("rawData")?.as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}
