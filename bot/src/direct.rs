//! Plays journeys as events, without a browser: what the tracker and the shop would say.

use std::collections::HashMap;

use clickstream_demo_site::catalogue::Catalogue;
use clickstream_event::time::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::journey::Journey;
use crate::mistake::Mistakes;
use crate::visitor::Visitor;

mod compose;
pub mod run;

pub use compose::Unwritable;

/// All users, each on a journey of their own; those not met yet cost nothing.
#[derive(Debug)]
pub struct Crowd<'shop> {
    shop: &'shop Catalogue,
    site: String,
    seed: u64,
    run: String,
    users: u32,
    random: ChaCha8Rng,
    mistakes: Mistakes,
    met: HashMap<u32, (Visitor, Journey<'shop>)>,
    number: u64,
}

/// What a crowd is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The site's address, without a slash at its end.
    pub site: String,
    /// Makes the same people do the same.
    pub seed: u64,
    /// What sets two runs' events apart.
    pub run: String,
    /// Ids 1 to this.
    pub users: u32,
    /// Events that lack both ids.
    pub mistakes: Mistakes,
}

/// One event, ready to go.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its line of JSON.
    pub line: String,
    /// Whether it lacks both ids.
    pub without_ids: bool,
}

impl<'shop> Crowd<'shop> {
    /// Nobody has come yet.
    #[must_use]
    pub fn new(shop: &'shop Catalogue, settings: Settings) -> Self {
        Self {
            shop,
            site: settings.site,
            seed: settings.seed,
            run: settings.run,
            users: settings.users,
            // Stream 0 is the crowd's own; a visitor's is their number and one more.
            random: ChaCha8Rng::seed_from_u64(settings.seed),
            mistakes: settings.mistakes,
            met: HashMap::new(),
            number: 0,
        }
    }

    /// The next event of a user drawn evenly.
    ///
    /// # Errors
    /// When a value cannot be written as JSON, which none of the shop's is.
    pub fn next_event(&mut self, at: Timestamp) -> Result<Made, Unwritable> {
        let user = self.random.random_range(1..=self.users);
        let without_ids = self.mistakes.without_ids();
        let (visitor, journey) = self.met.entry(user).or_insert_with(|| {
            let (visitor, random) = Visitor::new(self.seed, user);
            let journey = Journey::new(self.shop, user, random);
            (visitor, journey)
        });
        self.number += 1;
        let line = compose::Composer {
            site: &self.site,
            run: &self.run,
            number: self.number,
            at,
            without_ids,
        }
        .line(visitor, self.shop, &journey.next_moment())?;
        Ok(Made { line, without_ids })
    }

    /// How many different users have come.
    #[must_use]
    pub fn met(&self) -> usize {
        self.met.len()
    }

    /// Events made.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests;
