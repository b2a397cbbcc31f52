//! Chance: ids, random strings, and what goes wrong on purpose.

use crate::faults::{Drawn, Faults, Rates};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Two generators, so that faults are the same whatever else is drawn.
#[derive(Debug)]
pub(super) struct Dice {
    random: Mutex<ChaCha8Rng>,
    faults: Mutex<Faults>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Any state of a generator is as good as another.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dice {
    pub fn new(seed: [u8; 32], faults: Rates) -> Self {
        Self {
            random: Mutex::new(ChaCha8Rng::from_seed(seed)),
            faults: Mutex::new(Faults::new(faults)),
        }
    }

    pub fn call(&self) -> Drawn {
        lock(&self.faults).call()
    }

    pub fn takes_control(&self, operation: &str, region: &str, now: Duration) -> bool {
        lock(&self.faults).takes_control(operation, region, now)
    }

    pub fn rates(&self) -> Rates {
        lock(&self.faults).rates()
    }

    /// From now on by these rates, from the beginning of their seed.
    pub fn set(&self, rates: Rates) {
        *lock(&self.faults) = Faults::new(rates);
    }

    pub fn record_fails(&self) -> bool {
        lock(&self.faults).record_fails()
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        lock(&self.random).fill_bytes(&mut bytes);
        bytes
    }
}
