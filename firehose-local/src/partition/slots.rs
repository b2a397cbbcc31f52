//! Things that come and go, each found at its place without a search.

/// Things, each at a place of its own.
#[derive(Debug)]
pub(super) struct Slots<T> {
    list: Vec<Option<(u64, T)>>,
    /// Places in the list that nothing has.
    free: Vec<usize>,
    next: u64,
}

/// Where a thing is, or was: nothing else is ever found by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Counted from the first thing on: what came earlier has the lower one.
    number: u64,
    index: usize,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            free: Vec::new(),
            next: 0,
        }
    }
}

impl<T> Slots<T> {
    pub(super) fn len(&self) -> usize {
        self.list.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, thing: T) -> Place {
        let number = self.next;
        self.next += 1;
        let index = self.free.pop().unwrap_or_else(|| {
            self.list.push(None);
            self.list.len() - 1
        });
        if let Some(slot) = self.list.get_mut(index) {
            *slot = Some((number, thing));
        }
        Place { number, index }
    }

    pub(super) fn contains(&self, place: Place) -> bool {
        let slot = self.list.get(place.index);
        matches!(slot, Some(Some((number, _))) if *number == place.number)
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut T> {
        match self.list.get_mut(place.index)? {
            Some((number, thing)) if *number == place.number => Some(thing),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<T> {
        let slot = self.list.get_mut(place.index)?;
        let (_, thing) = slot.take_if(|(number, _)| *number == place.number)?;
        self.free.push(place.index);
        Some(thing)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Place, &T)> {
        let filled = self.list.iter().enumerate();
        filled.filter_map(|(index, slot)| {
            let (number, thing) = slot.as_ref()?;
            let number = *number;
            Some((Place { number, index }, thing))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// Whatever comes and goes: what is there is found at its place, and what is gone is not,
        /// although its slot has another.
        #[test]
        fn a_place_is_one_things_for_ever(steps in prop::collection::vec(any::<Option<u8>>(), 0..80)) {
            let mut slots = Slots::default();
            let mut places: Vec<Place> = Vec::new();
            let mut there = HashMap::new();
            for step in steps {
                match step {
                    None => {
                        let thing = places.len();
                        places.push(slots.insert(thing));
                        there.insert(thing, ());
                    }
                    Some(chosen) if !places.is_empty() => {
                        let thing = usize::from(chosen) % places.len();
                        let gone = slots.remove(places[thing]);
                        prop_assert_eq!(gone.is_some(), there.remove(&thing).is_some());
                        prop_assert!(gone.is_none_or(|gone| gone == thing));
                    }
                    Some(_) => {}
                }
                prop_assert_eq!(slots.len(), there.len());
                prop_assert_eq!(slots.iter().count(), there.len());
                prop_assert!(slots.iter().all(|(place, thing)| places[*thing] == place));
                for (thing, place) in places.iter().enumerate() {
                    let is_there = there.contains_key(&thing);
                    prop_assert_eq!(slots.contains(*place), is_there);
                    prop_assert_eq!(slots.get_mut(*place).copied(), is_there.then_some(thing));
                }
            }
            prop_assert!(places.is_sorted(), "the earlier has the lower place");
        }
    }
}
