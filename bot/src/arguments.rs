//! What the command line says, and whether it can be done.

use clap::Parser;
use clickstream_event::time::Timestamp;
use thiserror::Error;
use url::Url;

use crate::pace::Pace;

mod value;

use value::{address, destination, number, time};

/// The bookstore and the relay of `cargo xtask demo`.
pub const DEMO: &str = "http://127.0.0.1:8080/";
/// The demo's server key: it may claim user ids. Known only on loopback.
pub const DEMO_KEY: &str = "demo-server-key";
/// Seconds that a visitor in a browser pauses at most when nothing is said.
const BROWSING_PAUSE: f64 = 2.0;
/// A day: whoever means more has mistaken the unit.
const LONGEST_PAUSE: f64 = 86_400.0;

/// Visitors for a clickstream: in a headless browser, or as plain events.
///
/// `clickstream-bot 10 2` browses the demo's bookstore in Chromium: ten actions, a random
/// pause of up to two seconds before each. `clickstream-bot 10 2 --to stdout` prints the
/// events of such visits instead, one JSON object a line. Without COUNT it goes on until
/// it is stopped (Ctrl-C).
#[derive(Clone, Debug, Parser)]
#[command(name = "clickstream-bot", version, allow_negative_numbers = true)]
pub struct Arguments {
    /// How many actions, or with --direct or --to how many events; none means until stopped.
    #[arg(value_name = "COUNT", value_parser = number::<i64>("a whole number of 1 or more, such as 10"))]
    pub count: Option<i64>,

    /// Longest pause before each, in seconds: drawn anew between 0 and this, fractions
    /// allowed, 0 for none. Left out, 2 in a browser, 0 for events.
    #[arg(value_name = "PAUSE_SECONDS", value_parser = number::<f64>("a number of seconds, such as 2 or 0.5"))]
    pub pause: Option<f64>,

    /// The site to browse; for events, the site they say they happened on.
    #[arg(long, value_name = "URL", default_value = DEMO, value_parser = address)]
    pub url: Url,

    /// Visitors that browse side by side, each with cookies and storage of its own, in one
    /// Chromium. COUNT is what they do together.
    #[arg(long, value_name = "N", default_value = "1", value_parser = number::<u32>("a whole number of 1 or more, such as 5"))]
    pub visitors: u32,

    /// Make the events that browsing makes, without a browser, and send them.
    #[arg(long)]
    pub direct: bool,

    /// Events a second, evenly (for --direct and --to; instead of PAUSE_SECONDS).
    #[arg(long, value_name = "N", value_parser = number::<f64>("a number of events a second, such as 50"))]
    pub rate: Option<f64>,

    /// Users whose events are made: ids 1 to N, drawn evenly.
    #[arg(long, value_name = "N", default_value = "100", value_parser = number::<u32>("a whole number from 1 to 4294967295, such as 100"))]
    pub users: u32,

    /// Makes the same choices again. Left out, a new one is drawn and told at the end.
    #[arg(long, value_name = "N", value_parser = number::<u64>("a whole number from 0 to 18446744073709551615, such as 7"))]
    pub seed: Option<u64>,

    /// When the first event happens, such as 2026-01-02T03:04:05Z (for --direct and --to);
    /// left out, now, or 2026-01-01T00:00:00Z with --to stdout and --seed.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub start: Option<Timestamp>,

    /// The relay's write key, a server key; the demo's by itself on loopback.
    #[arg(
        long,
        value_name = "KEY",
        env = "CLICKSTREAM_BOT_WRITE_KEY",
        hide_env_values = true
    )]
    pub write_key: Option<String>,

    /// Print the status of the answer to each send, on a line of its own.
    #[arg(long)]
    pub print_status: bool,

    /// Let so many of the COUNT events lack both ids, so that the stream cannot place them.
    #[arg(long, value_name = "N", default_value = "0", value_parser = number::<u64>("a whole number of events, such as 3"))]
    pub without_user_id: u64,

    /// Where events go: stdout, or a relay's URL (left out, the relay at --url).
    #[arg(long, value_name = "stdout|URL", value_parser = destination)]
    pub to: Option<Destination>,

    /// Print no events while sending them.
    #[arg(long)]
    pub quiet: bool,

    /// Seconds that a relay may take nothing, or not answer, before the bot gives up.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = number::<f64>("a number of seconds, such as 60"))]
    pub patience: f64,

    /// Chromium's program; left out, it is looked for.
    #[arg(long, value_name = "FILE")]
    pub chromium: Option<std::path::PathBuf>,

    /// Chromium's driver, of the same version; left out, it is looked for.
    #[arg(long, value_name = "FILE")]
    pub chromedriver: Option<std::path::PathBuf>,
}

/// Where `--to` points.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Destination {
    /// One event a line on standard output.
    Stdout,
    /// A relay.
    Relay(Url),
}

/// What to do, checked.
#[derive(Clone, Debug)]
pub enum Plan {
    /// In a browser.
    Browse(Browse),
    /// As events.
    Direct(Direct),
}

/// Actions in a browser.
#[derive(Clone, Debug)]
pub struct Browse {
    /// The site.
    pub url: Url,
    /// Actions of all visitors together; none means until stopped.
    pub count: Option<u64>,
    /// The pause before each action of a visitor.
    pub pace: Pace,
    /// Visitors side by side.
    pub visitors: u32,
    /// Chromium's program, if not the one that is found.
    pub chromium: Option<std::path::PathBuf>,
    /// Its driver, if not the one that is found.
    pub chromedriver: Option<std::path::PathBuf>,
}

/// Events without a browser.
#[derive(Clone, Debug)]
pub struct Direct {
    /// The site the events say they happened on.
    pub site: Url,
    /// Where they go.
    pub to: Destination,
    /// The relay's key; empty for standard output.
    pub write_key: String,
    /// How many; none means until stopped.
    pub count: Option<u64>,
    /// The pause before each.
    pub pace: Pace,
    /// Ids 1 to this.
    pub users: u32,
    /// So many lack both ids.
    pub without_user_id: u64,
    /// When the first happens, if not now.
    pub start: Option<Timestamp>,
    /// Whether events are printed while they are sent.
    pub print_events: bool,
    /// Whether each answer's status is printed.
    pub print_status: bool,
    /// How long a relay may be away.
    pub patience: std::time::Duration,
}

/// Why the arguments cannot be done, and what to say instead.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Impossible {
    /// COUNT below 1.
    #[error("COUNT is {0}: give 1 or more, or leave it out to go on until stopped")]
    Count(i64),
    /// A pause that is no pause.
    #[error("PAUSE_SECONDS is {0}: give a number of seconds from 0 (no pause) to 86400")]
    Pause(f64),
    /// A rate that is no rate.
    #[error("--rate is {0}: give a number of events a second above 0")]
    Rate(f64),
    /// Two paces.
    #[error("PAUSE_SECONDS and --rate both set the pace: give one of them")]
    TwoPaces,
    /// Nobody.
    #[error("{0} is 0: give 1 or more, such as {0} 5")]
    Nobody(&'static str),
    /// More wrong events than events.
    #[error("--without-user-id {wrong} is more than COUNT {count}: give at most COUNT")]
    TooManyWrong {
        /// Asked for.
        wrong: u64,
        /// Of so many.
        count: u64,
    },
    /// Wrong events out of endless ones.
    #[error("--without-user-id {0} needs COUNT: say how many events there are in all")]
    WrongWithoutCount(u64),
    /// A flag for events, in a browser.
    #[error("{0} is for events: add --direct, or --to stdout to see them only")]
    NeedsDirect(&'static str),
    /// A flag for the browser, without one.
    #[error("{0} is for browsing: leave out --direct and --to")]
    NeedsBrowser(&'static str),
    /// A scheme that the bot does not speak.
    #[error(
        "{0} cannot be reached: the bot speaks plain HTTP, so give an address that begins with http://"
    )]
    Scheme(Url),
    /// No key for a relay elsewhere.
    #[error(
        "{0} is not on this machine, so its key is not the demo's: give --write-key, a server key of that relay (--write-key server:SOURCE:KEY there)"
    )]
    NoKey(Url),
    /// A key that cannot be one.
    #[error("--write-key is empty: give a server key of the relay")]
    EmptyKey,
    /// No patience.
    #[error("--patience is {0}: give a number of seconds from 0 to 86400")]
    Patience(f64),
}

impl Arguments {
    /// Checks what was said and decides what to do.
    ///
    /// # Errors
    /// The first thing that cannot be done, and what to say instead.
    pub fn plan(self) -> Result<Plan, Impossible> {
        let direct = self.direct || self.to.is_some();
        let count = match self.count {
            None => None,
            Some(count) => Some(
                u64::try_from(count)
                    .ok()
                    .filter(|c| *c > 0)
                    .ok_or(Impossible::Count(count))?,
            ),
        };
        let seconds = |value: f64| {
            (0.0..=LONGEST_PAUSE)
                .contains(&value)
                .then(|| std::time::Duration::from_secs_f64(value))
        };
        let pace = match (self.pause, self.rate) {
            (Some(_), Some(_)) => return Err(Impossible::TwoPaces),
            (None, Some(rate)) if rate.is_finite() && rate > 0.0 => Pace::Rate(rate),
            (None, Some(rate)) => return Err(Impossible::Rate(rate)),
            (pause, None) => {
                let pause = pause.unwrap_or(if direct { 0.0 } else { BROWSING_PAUSE });
                Pace::Pause(seconds(pause).ok_or(Impossible::Pause(pause))?)
            }
        };
        if self.users == 0 {
            return Err(Impossible::Nobody("--users"));
        }
        if direct {
            self.direct_plan(count, pace, seconds).map(Plan::Direct)
        } else {
            self.browse_plan(count, pace).map(Plan::Browse)
        }
    }

    fn browse_plan(self, count: Option<u64>, pace: Pace) -> Result<Browse, Impossible> {
        for (given, flag) in [
            (self.rate.is_some(), "--rate"),
            (self.start.is_some(), "--start"),
            (self.print_status, "--print-status"),
            (self.without_user_id > 0, "--without-user-id"),
        ] {
            if given {
                return Err(Impossible::NeedsDirect(flag));
            }
        }
        if self.visitors == 0 {
            return Err(Impossible::Nobody("--visitors"));
        }
        if !matches!(self.url.scheme(), "http" | "https") {
            return Err(Impossible::Scheme(self.url));
        }
        Ok(Browse {
            url: self.url,
            count,
            pace,
            visitors: self.visitors,
            chromium: self.chromium,
            chromedriver: self.chromedriver,
        })
    }

    fn direct_plan(
        self,
        count: Option<u64>,
        pace: Pace,
        seconds: impl Fn(f64) -> Option<std::time::Duration>,
    ) -> Result<Direct, Impossible> {
        if self.visitors != 1 {
            return Err(Impossible::NeedsBrowser("--visitors (events have --users)"));
        }
        match count {
            None if self.without_user_id > 0 => {
                return Err(Impossible::WrongWithoutCount(self.without_user_id));
            }
            Some(count) if self.without_user_id > count => {
                return Err(Impossible::TooManyWrong {
                    wrong: self.without_user_id,
                    count,
                });
            }
            _ => {}
        }
        let to = self
            .to
            .unwrap_or_else(|| Destination::Relay(self.url.clone()));
        let write_key = match &to {
            Destination::Stdout => String::new(),
            Destination::Relay(url) if url.scheme() != "http" || url.host().is_none() => {
                return Err(Impossible::Scheme(url.clone()));
            }
            Destination::Relay(url) => match self.write_key {
                Some(key) if key.is_empty() => return Err(Impossible::EmptyKey),
                Some(key) => key,
                None if is_loopback(url) => DEMO_KEY.to_owned(),
                None => return Err(Impossible::NoKey(url.clone())),
            },
        };
        let start = self.start.or_else(|| {
            // A trial run with a seed repeats to the byte, so its clock is fixed too.
            (to == Destination::Stdout && self.seed.is_some())
                .then(|| Timestamp::from_ms(1_767_225_600_000))
        });
        Ok(Direct {
            site: self.url,
            print_events: to == Destination::Stdout || !self.quiet,
            to,
            write_key,
            count,
            pace,
            users: self.users,
            without_user_id: self.without_user_id,
            start,
            print_status: self.print_status,
            patience: seconds(self.patience).ok_or(Impossible::Patience(self.patience))?,
        })
    }
}

/// Whether a URL points at this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
