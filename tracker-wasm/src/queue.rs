//! The lines of this page that the relay has not answered for, oldest first, and where else
//! each of them is.

/// An event that is finished: nothing changes it any more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Unique, and in the order of time: when it was recorded, then the page's nonce.
    pub key: String,
    /// Its JSON.
    pub json: String,
}

/// Where a line is beside this page's memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Nowhere yet.
    Fresh,
    /// On its way into the database.
    Writing,
    /// In the database: this page may forget it.
    Kept,
    /// Nowhere, and it stays so: the database did not take it.
    Memory,
}

/// A line that waits.
#[derive(Debug)]
pub struct Held {
    /// The line.
    pub line: Line,
    /// Where else it is.
    pub place: Place,
    /// It is in a request that has no answer yet.
    pub away: bool,
    /// A beacon took it; nobody will say what became of it.
    pub given: bool,
    /// It is also in what an earlier page left.
    pub left: bool,
}

impl Held {
    /// Whether a request may take it from here.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.away && matches!(self.place, Place::Kept | Place::Memory)
    }

    /// Whether it is lost when the process ends.
    #[must_use]
    pub fn unsaved(&self) -> bool {
        self.place != Place::Kept && !self.left
    }
}

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    held: Vec<Held>,
    bytes: usize,
}

impl Queue {
    /// Takes a line; `left` says that it is also in what an earlier page left.
    pub fn push(&mut self, line: Line, place: Place, left: bool) {
        self.bytes += line.json.len();
        self.held.push(Held {
            line,
            place,
            away: false,
            given: false,
            left,
        });
    }

    /// What waits here, in bytes of JSON.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// All of them, to change where they are.
    pub fn each(&mut self) -> std::slice::IterMut<'_, Held> {
        self.held.iter_mut()
    }

    /// Copies of the lines that `wanted` says, oldest first.
    #[must_use]
    pub fn lines(&self, wanted: &dyn Fn(&Held) -> bool) -> Vec<Line> {
        let mut lines = Vec::new();
        for held in &self.held {
            if wanted(held) {
                lines.push(held.line.clone());
            }
        }
        lines
    }

    /// Keeps those that `keep` says. One copy of it for all who call: every byte is a page's.
    pub fn retain(&mut self, keep: &mut dyn FnMut(&Held) -> bool) {
        let mut bytes = 0;
        self.held.retain(|held| {
            let kept = keep(held);
            bytes += if kept { held.line.json.len() } else { 0 };
            kept
        });
        self.bytes = bytes;
    }

    /// Forgets the oldest of those that the database has, until no more than `bytes` are here or
    /// only others are left.
    pub fn shrink(&mut self, bytes: usize) {
        let mut over = self.bytes.saturating_sub(bytes);
        if over > 0 {
            self.retain(&mut |held| {
                let goes = over > 0 && held.place == Place::Kept && !held.away;
                over = over.saturating_sub(if goes { held.line.json.len() } else { 0 });
                !goes
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(places: &[Place]) -> Queue {
        let mut queue = Queue::default();
        for (number, place) in places.iter().enumerate() {
            let line = Line {
                key: number.to_string(),
                json: "x".repeat(10),
            };
            queue.push(line, *place, false);
        }
        queue
    }

    fn keys(queue: &Queue) -> Vec<&str> {
        let each = queue.held().iter();
        each.map(|held| held.line.key.as_str()).collect()
    }

    #[test]
    fn only_what_the_database_has_is_forgotten_for_room_and_the_oldest_first() {
        let mut queue = queue(&[Place::Kept, Place::Fresh, Place::Kept, Place::Kept]);
        queue.shrink(25);
        assert_eq!((keys(&queue), queue.bytes()), (vec!["1", "3"], 20));
        queue.shrink(0);
        assert_eq!((keys(&queue), queue.bytes()), (vec!["1"], 10));
    }

    #[test]
    fn what_is_under_way_is_not_forgotten() {
        let mut queue = queue(&[Place::Kept, Place::Kept]);
        queue.each().next().unwrap().away = true;
        queue.shrink(0);
        assert_eq!(keys(&queue), ["0"]);
    }
}
