//! How the files of message ids are.

use std::io;
use std::path::Path;

use crate::duplicate::id_file::{IdFile, positions};
use crate::spool::files::Files;
use crate::spool::header::SECTOR;
use crate::spool::part::{Part, State, part};
use crate::spool::salvage;

/// Reads every id file of a spool, and changes none.
pub fn look(files: &dyn Files, dir: &Path, spool_id: &[u8; 16]) -> io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for name in files.list(dir)? {
        let Some(between) = positions(&name.name) else {
            continue;
        };
        let path = dir.join(&name.name);
        let (state, holds) = match IdFile::open(files, &path, between, spool_id)? {
            Some(mut file) => {
                let count = file.head.count;
                match file.load(|_| ()) {
                    true => (State::Intact, format!("{count} message ids")),
                    false => (
                        State::Rotten,
                        format!(
                            "{count} message ids, some of them damaged: such events may be taken twice"
                        ),
                    ),
                }
            }
            None => {
                // The head is written last.
                let head = salvage::read(&*files.open(&path)?, 0, SECTOR)?;
                let blank = head.unreadable.is_empty() && head.bytes.iter().all(|byte| *byte == 0);
                match blank {
                    true => (
                        State::Torn,
                        "not finished: a start makes it again".to_owned(),
                    ),
                    false => (
                        State::Rotten,
                        "its head is damaged: events of its ids may be taken twice".to_owned(),
                    ),
                }
            }
        };
        parts.push(part(&path, state, holds));
    }
    Ok(parts)
}
