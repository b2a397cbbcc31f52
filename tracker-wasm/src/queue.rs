//! Lines that wait to be sent, oldest first, within a bound of bytes.

/// An event that is finished: nothing changes it any more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// Its message id.
    pub id: String,
    /// Its JSON.
    pub json: String,
}

/// The queue. Over its bound the newest is refused, so that what was first to happen is
/// first to arrive, and what is refused is counted.
#[derive(Debug)]
pub struct Queue {
    lines: Vec<Line>,
    bytes: usize,
    bound: usize,
    refused: u32,
}

impl Queue {
    /// An empty queue of at most `bound` bytes of JSON.
    #[must_use]
    pub const fn new(bound: usize) -> Self {
        Self {
            lines: Vec::new(),
            bytes: 0,
            bound,
            refused: 0,
        }
    }

    /// Takes a line, if there is room.
    ///
    /// # Errors
    /// The line itself, when there is none.
    pub fn push(&mut self, line: Line) -> Result<(), Line> {
        if self.bytes + line.json.len() > self.bound {
            self.refused += 1;
            return Err(line);
        }
        self.bytes += line.json.len();
        self.lines.push(line);
        Ok(())
    }

    /// The oldest lines: at most `count`, and no more than `bytes` of JSON with a comma each;
    /// the first always, however large.
    pub fn take(&mut self, count: usize, bytes: usize) -> Vec<Line> {
        let (mut taken, mut left, mut size) = (Vec::new(), Vec::new(), 0);
        for line in std::mem::take(&mut self.lines) {
            size += line.json.len() + 1;
            let fits = taken.len() < count && (size <= bytes || taken.is_empty());
            if fits && left.is_empty() {
                self.bytes -= line.json.len();
                taken.push(line);
            } else {
                left.push(line);
            }
        }
        self.lines = left;
        taken
    }

    /// Gives lines back to where they were taken from. They had their room once and get it
    /// again, also when others have come meanwhile.
    pub fn give_back(&mut self, mut lines: Vec<Line>) {
        for line in &lines {
            self.bytes += line.json.len();
        }
        lines.append(&mut self.lines);
        self.lines = lines;
    }

    /// How many lines wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many lines found no room.
    #[must_use]
    pub const fn refused(&self) -> u32 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(number: usize, size: usize) -> Line {
        Line {
            id: number.to_string(),
            json: "x".repeat(size),
        }
    }

    #[test]
    fn over_the_bound_the_newest_is_refused_and_counted() {
        let mut queue = Queue::new(10);
        assert!(queue.push(line(1, 6)).is_ok());
        assert_eq!(queue.push(line(2, 5)), Err(line(2, 5)));
        assert!(queue.push(line(3, 4)).is_ok());
        assert_eq!((queue.len(), queue.refused()), (2, 1));
    }

    #[test]
    fn a_line_larger_than_a_batch_goes_alone() {
        let mut queue = Queue::new(100);
        queue.push(line(1, 50)).unwrap();
        queue.push(line(2, 1)).unwrap();
        assert_eq!(queue.take(9, 10), [line(1, 50)]);
        assert_eq!(queue.take(9, 10), [line(2, 1)]);
        assert!(queue.is_empty());
    }

    proptest! {
        /// Whatever is pushed, taken and given back: each line leaves once, in order, and the
        /// queue knows its size.
        #[test]
        fn nothing_is_lost_doubled_or_reordered(
            steps in proptest::collection::vec((0..3_u8, 0..5_usize, 0..40_usize), 0..60)
        ) {
            let mut queue = Queue::new(100);
            let (mut number, mut accepted, mut left) = (0, Vec::new(), Vec::new());
            for (what, count, size) in steps {
                match what {
                    0 => {
                        number += 1;
                        if queue.push(line(number, size)).is_ok() {
                            accepted.push(number.to_string());
                        }
                    }
                    1 => left.extend(queue.take(count, size).into_iter().map(|line| line.id)),
                    _ => {
                        let taken = queue.take(count, size);
                        prop_assert!(taken.len() <= count.max(1));
                        queue.give_back(taken);
                    }
                }
                prop_assert!(queue.bytes <= 100);
                prop_assert_eq!(queue.bytes, queue.lines.iter().map(|line| line.json.len()).sum::<usize>());
            }
            left.extend(queue.take(usize::MAX, usize::MAX).into_iter().map(|line| line.id));
            prop_assert_eq!(left, accepted);
        }
    }
}
