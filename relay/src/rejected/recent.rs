//! The events that were refused last, in memory, for who watches. Bounded: the older make room.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::Refused;

/// Most events.
const ITEMS: usize = 256;
/// Most bytes of them.
const BYTES: usize = 1 << 20;

/// The last ones, numbered from 1.
#[derive(Debug, Default)]
pub struct Recent {
    noted: AtomicU64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    items: VecDeque<(u64, Arc<Refused>)>,
    bytes: usize,
}

impl Recent {
    /// Remembers them; of a large batch only the last.
    pub(super) fn note(&self, refused: &[Refused]) {
        if refused.is_empty() {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.noted.load(Relaxed) + 1;
        let mut room = BYTES;
        let fits = |refused: &&Refused| {
            let left = room.checked_sub(refused.bytes());
            room = left.unwrap_or(0);
            left.is_some()
        };
        let fit = refused.iter().rev().take(ITEMS).take_while(fits).count();
        let from = refused.len() - fit;
        for (number, refused) in (first..).zip(refused).skip(from) {
            held.bytes += refused.bytes();
            held.items.push_back((number, Arc::new(refused.clone())));
        }
        while held.items.len() > ITEMS || held.bytes > BYTES {
            let Some((_, oldest)) = held.items.pop_front() else {
                break;
            };
            held.bytes -= oldest.bytes();
        }
        self.noted.fetch_add(refused.len() as u64, Relaxed);
    }

    /// How many were ever refused.
    #[must_use]
    pub fn noted(&self) -> u64 {
        self.noted.load(Relaxed)
    }

    /// Those after the `seen`th that are still held, oldest first.
    #[must_use]
    pub fn after(&self, seen: u64) -> Vec<(u64, Arc<Refused>)> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let new = held.items.iter().filter(|(number, _)| *number > seen);
        new.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(index: usize, bytes: usize) -> Refused {
        Refused {
            received_at_ms: 0,
            source: "shop".to_owned(),
            sent_at: None,
            index,
            message_id: None,
            code: "too_deep",
            reason: String::new(),
            raw: Some(vec![b'x'; bytes]),
            length: None,
        }
    }

    fn numbers(recent: &Recent, seen: u64) -> Vec<u64> {
        let found = recent.after(seen).into_iter();
        found.map(|(number, _)| number).collect()
    }

    #[test]
    fn the_last_are_held_under_their_numbers() {
        let recent = Recent::default();
        recent.note(&[]);
        recent.note(&[refused(0, 1), refused(1, 1)]);
        recent.note(&[refused(0, 1)]);
        assert_eq!(numbers(&recent, 0), [1, 2, 3]);
        assert_eq!(numbers(&recent, 2), [3]);
        let many: Vec<Refused> = (0..1000).map(|index| refused(index, 1)).collect();
        recent.note(&many);
        assert_eq!(recent.noted(), 1003);
        assert_eq!(numbers(&recent, 0), (748..=1003).collect::<Vec<u64>>());
        assert_eq!(recent.after(1002)[0].1.index, 999);
    }

    #[test]
    fn bytes_are_bounded() {
        let recent = Recent::default();
        for _ in 0..100 {
            recent.note(&[refused(0, 32 << 10), refused(1, 32 << 10)]);
        }
        let held = numbers(&recent, 0);
        assert!((25..32).contains(&held.len()), "{}", held.len());
        assert_eq!(held.last(), Some(&200));
        // One that is larger than all the room costs the older ones nothing.
        recent.note(&[refused(0, 2 << 20)]);
        assert_eq!(numbers(&recent, 0), held);
        assert_eq!(recent.noted(), 201);
    }
}
