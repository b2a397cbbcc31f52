//! Recent ids with their positions: a table of fixed size with open addressing.

use super::DuplicateKey;

/// A key's two halves and its position; no position: nothing.
type Slot = [u64; 3];

/// The table. It never grows: who fills it asks for room first.
#[derive(Debug)]
pub struct Recent {
    slots: Vec<Slot>,
    /// The upper bits of a key are its place.
    shift: u32,
    len: usize,
    most: usize,
}

impl Recent {
    /// A table of so many slots, a power of two; three quarters of them may be filled.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        let slots = slots.next_power_of_two().max(8);
        Self {
            slots: vec![[0; 3]; slots],
            shift: 64 - slots.ilog2(),
            len: 0,
            most: slots / 4 * 3,
        }
    }

    /// How many ids it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// So many more fit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.most - self.len
    }

    /// Whether more than half of what fits is there.
    #[must_use]
    pub fn half_full(&self) -> bool {
        self.len > self.most / 2
    }

    /// Bytes that it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.slots.len() * size_of::<Slot>()) as u64
    }

    /// The position of this id.
    #[must_use]
    pub fn position(&self, key: DuplicateKey) -> Option<u64> {
        let slot = self.slots[self.find(key)];
        (slot[2] != 0).then_some(slot[2])
    }

    /// Has the processor fetch the places of these ids, many at once: the table is larger than its
    /// caches, and a search that may go either way waits for each. Nothing changes.
    pub fn fetch(&self, keys: impl Iterator<Item = DuplicateKey>) {
        let met = keys.fold(0, |met, key| met ^ self.slots[self.place(key.0[0])][2]);
        std::hint::black_box(met);
    }

    /// Puts an id in, or gives it another position (above 0). False when there is no room.
    pub fn insert(&mut self, key: DuplicateKey, position: u64) -> bool {
        let at = self.find(key);
        if self.slots[at][2] == 0 {
            if self.len == self.most {
                return false;
            }
            self.len += 1;
        }
        self.slots[at] = [key.0[0], key.0[1], position];
        true
    }

    /// Takes an id out, if it has this position.
    pub fn remove(&mut self, key: DuplicateKey, position: u64) -> bool {
        let found = self.find(key);
        let is_it = self.slots[found][2] == position && position != 0;
        if is_it {
            self.take_out(found);
        }
        is_it
    }

    /// Takes an id out, if its position is below this one.
    pub fn remove_below(&mut self, key: DuplicateKey, until: u64) {
        let found = self.find(key);
        let position = self.slots[found][2];
        if position != 0 && position < until {
            self.take_out(found);
        }
    }

    /// Empties a slot and closes the gap, so that every id is still found from its place.
    fn take_out(&mut self, mut gap: usize) {
        let mask = self.slots.len() - 1;
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            if self.slots[at][2] == 0 {
                break;
            }
            // How far it stands from its place, and how far the gap does.
            let place = self.place(self.slots[at][0]);
            if (at.wrapping_sub(place) & mask) >= (at.wrapping_sub(gap) & mask) {
                self.slots[gap] = self.slots[at];
                gap = at;
            }
        }
        self.slots[gap] = [0; 3];
        self.len -= 1;
    }

    /// Where the key stands, or would. There is always an empty slot to stop at.
    fn find(&self, key: DuplicateKey) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.place(key.0[0]);
        loop {
            let slot = &self.slots[at];
            if slot[2] == 0 || (slot[0] == key.0[0] && slot[1] == key.0[1]) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    fn place(&self, half: u64) -> usize {
        usize::try_from(half >> self.shift).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Keys that crowd into few places, also into the last ones, from where they wrap.
    fn key(number: u64) -> DuplicateKey {
        DuplicateKey([u64::MAX - ((number % 5) << 59), number])
    }

    proptest! {
        #[test]
        fn it_does_what_a_map_does(steps in proptest::collection::vec((0..3, 0..12u64, 1..4u64), 0..200)) {
            let mut recent = Recent::new(16);
            let mut model = HashMap::new();
            for (what, number, position) in steps {
                match what {
                    0 => {
                        let fits = model.contains_key(&number) || model.len() < 12;
                        prop_assert_eq!(recent.insert(key(number), position), fits);
                        if fits {
                            model.insert(number, position);
                        }
                    }
                    1 => {
                        let there = model.get(&number) == Some(&position);
                        prop_assert_eq!(recent.remove(key(number), position), there);
                        if there {
                            model.remove(&number);
                        }
                    }
                    _ => {
                        recent.remove_below(key(number), position);
                        if model.get(&number).is_some_and(|found| *found < position) {
                            model.remove(&number);
                        }
                    }
                }
                prop_assert_eq!(recent.len(), model.len());
                for number in 0..12 {
                    prop_assert_eq!(recent.position(key(number)), model.get(&number).copied());
                }
            }
        }
    }

    #[test]
    fn a_full_table_takes_no_more_and_knows_what_it_has() {
        let mut recent = Recent::new(16);
        let taken = (0..16).filter(|n| recent.insert(key(*n), n + 1)).count();
        assert_eq!((taken, recent.room()), (12, 0));
        assert!((0..12).all(|n| recent.position(key(n)) == Some(n + 1)));
        assert!(recent.insert(key(3), 99), "another position needs no room");
    }
}
