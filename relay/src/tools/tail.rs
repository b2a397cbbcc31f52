//! `clickstream-relay tail`: the live view for terminals and pipes. It reads a relay's stream, a line
//! an event, and goes on where it was when the relay was away.

use std::io::{self, Read, Write};
use std::time::Duration;

use clap::Args;

use self::client::{ClientError, Place};
use self::said::Reader;
use self::show::Show;
use super::https::Trust;
use crate::config::secret::Secret;

pub mod client;
pub mod said;
pub mod show;

/// Arguments of `tail`.
#[derive(Args, Clone, Debug)]
pub struct Tail {
    /// The relay, or the link to its live view that it prints at its start, token and all
    #[arg(
        long,
        value_name = "URL",
        env = "CLICKSTREAM_TAIL_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8081"
    )]
    pub url: String,
    /// Whom to believe.
    #[command(flatten)]
    pub trust: Trust,
    /// The relay's token, where it is not in the link
    #[arg(
        long,
        value_name = "TOKEN",
        env = "CLICKSTREAM_METRICS_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<Secret>,
    /// Begin with the last N events
    #[arg(long, value_name = "N", conflicts_with = "after")]
    pub last: Option<usize>,
    /// Begin after the event with this id; 0 is the oldest that the relay still shows
    #[arg(long, value_name = "ID")]
    pub after: Option<String>,
    /// End after N events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// This user's events alone; may be repeated, as may the next three
    #[arg(long, value_name = "ID")]
    pub user: Vec<String>,
    /// Events of this type: track, page, screen, identify, group or alias
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Vec<String>,
    /// Events whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub name: Vec<String>,
    /// Events of this source
    #[arg(long, value_name = "NAME")]
    pub source: Vec<String>,
    /// stored, rejected, or delivered: an event is shown when it has been delivered
    #[arg(long, value_name = "OUTCOME")]
    pub outcome: Option<String>,
    /// A JSON object an event, for pipes; `line` in it is the event as the lake has it
    #[arg(long)]
    pub json: bool,
}

/// Why there is nothing to read any more.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// The relay cannot be read from.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Between two tries to reach a relay that was there before.
const PAUSE: Duration = Duration::from_secs(1);

/// How far it is.
#[derive(Debug, Default)]
struct State {
    /// Events left to its limit.
    left: Option<u64>,
    /// The last event's id.
    last: Option<String>,
    /// The relay was there once.
    reached: bool,
}

impl Tail {
    /// Reads until the limit is reached or nobody reads `out`. Words about the stream itself go to
    /// `words`. Blocks.
    ///
    /// # Errors
    /// When the relay cannot be reached at first, or refuses.
    pub fn run(
        &self,
        color: bool,
        out: &mut impl Write,
        words: &mut impl Write,
    ) -> Result<(), TailError> {
        let place = Place::new(self)?;
        let show = Show::new(self.json, color);
        let mut state = State {
            left: self.limit,
            ..State::default()
        };
        let mut away = false;
        loop {
            match follow(&place, show, &mut state, out) {
                Err(TailError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(());
                }
                Err(TailError::Client(error)) if state.reached && error.is_passing() => {
                    if !away {
                        writeln!(words, "{error}; trying again")?;
                    }
                    away = true;
                }
                Err(error) => return Err(error),
                Ok(()) if state.left == Some(0) => return Ok(()),
                Ok(()) => {
                    writeln!(words, "the relay ended the stream; trying again")?;
                    away = true;
                }
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// One stream, to its end.
fn follow(
    place: &Place,
    show: Show,
    state: &mut State,
    out: &mut impl Write,
) -> Result<(), TailError> {
    let mut stream = place.open(state.left, state.last.as_deref())?;
    state.reached = true;
    let mut reader = Reader::default();
    let mut bytes = vec![0; 64 << 10];
    loop {
        let length = match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) => return Err(place.away(&error).into()),
        };
        for said in reader.take(bytes.get(..length).unwrap_or_default()) {
            if let Some(line) = show.line(&said) {
                writeln!(out, "{line}")?;
            }
            if said.kind.is_empty() {
                state.last = Some(said.id);
                state.left = state.left.map(|left| left.saturating_sub(1));
            }
        }
        out.flush()?;
    }
}
