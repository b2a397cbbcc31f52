//! The files of refused events: numbered, bounded together, the oldest deleted first.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Config;

/// The files share the bound, so that deleting the oldest costs an eighth of what is kept.
const FILES: u64 = 8;

/// The numbered files, the last of them open.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    file_size: u64,
    /// Made with its first line, so that starts without rejections push nothing out.
    current: Option<fs_err::File>,
    written: u64,
    number: u64,
}

impl Files {
    /// Goes on behind what earlier runs left.
    pub(super) fn open(config: &Config) -> io::Result<Self> {
        Ok(Self {
            dir: config.dir.clone(),
            file_size: (config.size / FILES).max(1),
            // Every run writes files of its own: a torn last line of a killed one stays there.
            current: None,
            written: 0,
            number: numbers(&config.dir)?.into_iter().max().unwrap_or(0),
        })
    }

    /// The most bytes that a line may have.
    pub(super) fn longest(&self) -> u64 {
        self.file_size
    }

    /// Writes one line, which must not be longer than that: a file is never larger.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        let full = self.written > 0 && self.written + length > self.file_size;
        let mut file = match self.current.take() {
            Some(file) if !full => file,
            _ => {
                let file = fs_err::File::create(path(&self.dir, self.number + 1))?;
                self.number += 1;
                self.written = 0;
                self.delete_old()?;
                file
            }
        };
        file.write_all(line)?;
        self.written += length;
        self.current = Some(file);
        Ok(())
    }

    fn delete_old(&mut self) -> io::Result<()> {
        for number in numbers(&self.dir)? {
            if number + FILES <= self.number {
                fs_err::remove_file(path(&self.dir, number))?;
            }
        }
        Ok(())
    }
}

pub(super) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("rejected-{number:08}.jsonl"))
}

pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs_err::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("rejected-")?.strip_suffix(".jsonl"))
            .and_then(|number| number.parse::<u64>().ok());
        numbers.extend(number);
    }
    Ok(numbers)
}
