//! The lake's folder as a reader sees it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::wait;

/// A lake's folder.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

/// One line of the lake and the object that holds it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The object's key, below `raw/`.
    pub key: String,
    /// The line.
    pub json: Value,
}

impl Line {
    /// The value of `userId=…` in its key.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        self.key
            .split('/')
            .find_map(|part| part.strip_prefix("userId="))
    }

    /// The event's messageId.
    #[must_use]
    pub fn id(&self) -> &str {
        self.json["messageId"].as_str().unwrap_or_default()
    }

    /// `page`, `track Element Clicked`, …
    #[must_use]
    pub fn name(&self) -> String {
        let kind = self.json["type"].as_str().unwrap_or_default();
        match self.json["event"].as_str() {
            Some(event) => format!("{kind} {event}"),
            None => kind.to_owned(),
        }
    }
}

impl Lake {
    /// The lake in a folder, there yet or not.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keys of all objects below `raw/`, sorted.
    ///
    /// # Errors
    /// Where a folder cannot be read.
    pub fn keys(&self) -> anyhow::Result<Vec<String>> {
        let raw = self.root.join("raw");
        let mut keys = Vec::new();
        let mut folders = vec![raw.clone()];
        while let Some(folder) = folders.pop() {
            if !folder.exists() {
                continue;
            }
            for entry in fs_err::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let key = path.strip_prefix(&raw)?.to_string_lossy().into_owned();
                    keys.push(key);
                }
            }
        }
        keys.sort();
        Ok(keys)
    }

    /// Every line below a prefix of keys.
    ///
    /// # Errors
    /// Where an object cannot be read or a line is no JSON object.
    pub fn lines_under(&self, prefix: &str) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        for key in self.keys()? {
            if !key.starts_with(prefix) {
                continue;
            }
            let text = fs_err::read_to_string(self.root.join("raw").join(&key))?;
            anyhow::ensure!(text.ends_with('\n'), "{key} does not end in a newline");
            for line in text.lines() {
                let json: Value =
                    serde_json::from_str(line).with_context(|| format!("{key}: {line}"))?;
                anyhow::ensure!(json.is_object(), "{key}: not an object: {line}");
                lines.push(Line {
                    key: key.clone(),
                    json,
                });
            }
        }
        Ok(lines)
    }

    /// Every delivered event.
    ///
    /// # Errors
    /// As [`Lake::lines_under`].
    pub fn events(&self) -> anyhow::Result<Vec<Line>> {
        self.lines_under("clickstream/")
    }

    /// Every line under the error prefix.
    ///
    /// # Errors
    /// As [`Lake::lines_under`].
    pub fn errors(&self) -> anyhow::Result<Vec<Line>> {
        self.lines_under("clickstream-errors/")
    }

    /// The log's lines.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn log(&self) -> anyhow::Result<Vec<Value>> {
        let path = self
            .root
            .join("log/aws/kinesisfirehose/clickstream/ClickStreamLogStream.jsonl");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = fs_err::read_to_string(path)?;
        text.lines()
            .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
            .collect()
    }

    /// Waits until the delivered events are as `enough` wants them.
    ///
    /// # Errors
    /// After the deadline, with what was there.
    pub fn wait_for(
        &self,
        what: &str,
        enough: impl Fn(&[Line]) -> bool,
    ) -> anyhow::Result<Vec<Line>> {
        wait::until(what, || match self.events() {
            Ok(lines) if enough(&lines) => Ok(lines),
            Ok(lines) => Err(format!(
                "{} events: {:?}",
                lines.len(),
                lines.iter().map(Line::name).collect::<Vec<_>>()
            )),
            Err(error) => Err(format!("{error:#}")),
        })
    }
}

/// Checks what holds for every lake of ours: each event under its own user, none twice.
///
/// # Errors
/// The first event that is not so.
pub fn check_books(lines: &[Line]) -> anyhow::Result<()> {
    let mut seen = std::collections::HashSet::new();
    for line in lines {
        anyhow::ensure!(
            line.json["userId"].as_str() == line.folder(),
            "an event of {} lies under {}",
            line.json["userId"],
            line.key
        );
        anyhow::ensure!(
            seen.insert((line.json["relay"]["source"].clone(), line.id().to_owned())),
            "{} is in the lake twice",
            line.id()
        );
    }
    Ok(())
}
