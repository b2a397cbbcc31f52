//! `clickstream-relay replay`: what was rejected, failed or exported is sent to a relay again.
//!
//! A line of an input becomes an event of the wire ([`input`], [`wire`]); events go in batches
//! ([`send`]), each of which is answered for before its place in the file is remembered
//! ([`resume`]). An event keeps its messageId, and one without gets one made from its bytes:
//! the relay's window of duplicates makes a second replay harmless.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use self::files::{Line, Lines};
use self::resume::Resume;
use self::send::{Post, SendError, Sender};
use super::https::Trust;

pub mod files;
pub mod http;
pub mod input;
pub mod members;
pub mod resume;
pub mod send;
pub mod wire;

/// Bytes of events in one request, below what a browser's key may send.
const BATCH_BYTES: usize = 400 << 10;

/// Arguments of `replay`.
#[derive(Args, Debug, Clone)]
pub struct Replay {
    /// Files, or folders of files: `rejected/` of a spool, error objects of the stream
    /// (`clickstream-errors/`), exports by `spool export`; plain or gzip
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The relay, such as http://127.0.0.1:8081, or with https where it has a certificate
    #[arg(long, value_name = "URL", required_unless_present = "dry_run")]
    pub to: Option<String>,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: Trust,
    /// Its write key; events keep their user id only with a key of kind server
    #[arg(
        long,
        value_name = "KEY",
        env = "CLICKSTREAM_REPLAY_KEY",
        hide_env_values = true,
        required_unless_present = "dry_run"
    )]
    pub write_key: Option<String>,
    /// Say what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Remember in this file how far each input is sent, and go on from there
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,
    /// Most events in a request
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=2500))]
    pub batch_events: u64,
    /// Send the user ids that rejected events claim, too: only where their senders were servers of
    /// yours, since a browser can claim anything
    #[arg(long)]
    pub believe_claims: bool,
}

/// Why a replay ended before all was sent.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// An input.
    #[error("cannot read {}: {error}; what was sent before is not sent twice if you start again", .path.display())]
    Input {
        /// Which.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// The relay.
    #[error("{0}; start the same command again later: the relay drops what it has already")]
    Send(#[from] SendError),
    /// The file that remembers.
    #[error("{0}")]
    Resume(#[from] resume::ResumeError),
    /// `--to` is nothing to send to.
    #[error(transparent)]
    Address(#[from] http::AddressError),
    /// The summary could not be written.
    #[error("the summary cannot be written: {0}")]
    Output(io::Error),
}

/// What became of all that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sum {
    /// Events sent and taken.
    pub new: u64,
    /// Events that the relay held already.
    pub held: u64,
    /// Events that the relay rejected (again), by the rule's name.
    pub rejected: BTreeMap<String, u64>,
    /// Lines or parts of lines that hold no event that can be sent, by the reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Events that a dry run would have sent.
    pub would_send: u64,
}

impl Sum {
    /// Whether every event is with the relay now.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rejected.is_empty() && self.skipped.is_empty()
    }

    fn write(&self, dry_run: bool, out: &mut dyn Write) -> io::Result<()> {
        match dry_run {
            true => writeln!(out, "{} events would be sent", self.would_send)?,
            false => writeln!(
                out,
                "{} events taken, {} held by the relay already, {} rejected",
                self.new,
                self.held,
                self.rejected.values().sum::<u64>()
            )?,
        }
        for (rule, count) in &self.rejected {
            writeln!(out, "{count:>8} rejected: {rule}")?;
        }
        for (reason, count) in &self.skipped {
            writeln!(out, "{count:>8} not sent: {reason}")?;
        }
        out.flush()
    }
}

impl Replay {
    /// Reads all inputs, sends them, writes the summary to `out`. `read` hears how many bytes of
    /// how many are done. Whether every event is with the relay now.
    ///
    /// # Errors
    /// When an input cannot be read, or the relay does not take events.
    pub fn run(
        &self,
        out: &mut dyn Write,
        read: &mut dyn FnMut(u64, u64),
    ) -> Result<bool, ReplayError> {
        let mut post = match (&self.to, &self.write_key) {
            (Some(to), Some(key)) if !self.dry_run => Some(http::Relay::new(to, key, &self.trust)?),
            _ => None,
        };
        let post = post.as_mut().map(|post| post as &mut dyn Post);
        let sum = self.run_with(post, &mut std::thread::sleep, read)?;
        sum.write(self.dry_run, out).map_err(ReplayError::Output)?;
        Ok(sum.is_whole())
    }

    /// As [`Replay::run`], with what posts and what waits given; without the first it is a dry
    /// run.
    ///
    /// # Errors
    /// As [`Replay::run`].
    pub fn run_with(
        &self,
        post: Option<&mut dyn Post>,
        pause: &mut dyn FnMut(std::time::Duration),
        read: &mut dyn FnMut(u64, u64),
    ) -> Result<Sum, ReplayError> {
        let failed = |path: &PathBuf| {
            let path = path.clone();
            move |error| ReplayError::Input { path, error }
        };
        let mut inputs = Vec::new();
        for path in &self.inputs {
            inputs.extend(files::below(path).map_err(failed(path))?);
        }
        let total = inputs.iter().map(|(_, length)| length).sum();
        let mut resume = Resume::open(self.resume.as_deref())?;
        let mut sender = post.map(|post| Sender::new(post, pause));
        let mut sum = Sum::default();
        let mut before = 0;
        for (path, length) in &inputs {
            let start = resume.offset(path);
            let mut lines = Lines::open(path, start).map_err(failed(path))?;
            let mut batch = Batch::default();
            while let Some(line) = lines.read().map_err(failed(path))? {
                self.take(&line, &mut batch, &mut sum);
                if batch.is_full(self.batch_events) {
                    batch.deliver(sender.as_mut(), &mut sum)?;
                    if sender.is_some() {
                        resume.done(path, line.end)?;
                    }
                    read(before + line.end.min(*length), total);
                }
            }
            batch.deliver(sender.as_mut(), &mut sum)?;
            if sender.is_some() {
                resume.done(path, lines.end())?;
            }
            before += length;
            read(before, total);
        }
        Ok(sum)
    }

    fn take(&self, line: &Line, batch: &mut Batch, sum: &mut Sum) {
        for found in input::events(&line.bytes) {
            match found.and_then(|event| wire::event(event, self.believe_claims)) {
                Ok(event) => {
                    batch.bytes += event.len();
                    batch.events.push(event);
                }
                Err(reason) => *sum.skipped.entry(reason).or_default() += 1,
            }
        }
    }
}

/// Events on their way.
#[derive(Debug, Default)]
struct Batch {
    events: Vec<Vec<u8>>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self, most: u64) -> bool {
        self.events.len() as u64 >= most || self.bytes >= BATCH_BYTES
    }

    fn deliver(&mut self, sender: Option<&mut Sender<'_>>, sum: &mut Sum) -> Result<(), SendError> {
        let batch = std::mem::take(self);
        match sender {
            None => sum.would_send += batch.events.len() as u64,
            Some(sender) => {
                // A line may have brought more than a request takes.
                for events in pieces(&batch.events) {
                    sender.send(events, sum)?;
                }
            }
        }
        Ok(())
    }
}

/// The events in stretches that a request takes.
fn pieces(events: &[Vec<u8>]) -> Vec<&[Vec<u8>]> {
    let mut pieces = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        let full = bytes + event.len() > BATCH_BYTES || at - start >= 2500;
        if full && at > start {
            pieces.push(&events[start..at]);
            (start, bytes) = (at, 0);
        }
        bytes += event.len();
    }
    if start < events.len() {
        pieces.push(&events[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests;
