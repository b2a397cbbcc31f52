//! Elements seen: half of one, or as much of it as fills half of the window, for a second. No browser in
//! here.

/// How long one has to be seen, in milliseconds.
pub const SEEN: f64 = 1000.0;

/// What of an element is within the window: parts of its own area, and of the window's height.
#[must_use]
pub fn enough(of_itself: f64, of_window: f64) -> bool {
    of_itself >= 0.5 || of_window >= 0.5
}

/// The elements that are in sight and not told of.
#[derive(Debug)]
pub struct Sights<T> {
    /// Each, and since when it is seen.
    inside: Vec<(T, f64)>,
    visible: bool,
}

impl<T: PartialEq> Sights<T> {
    /// None yet, of a page that is shown or hidden.
    #[must_use]
    pub const fn new(visible: bool) -> Self {
        Self {
            inside: Vec::new(),
            visible,
        }
    }

    /// An element came into sight, or went out of it.
    pub fn moved(&mut self, element: T, inside: bool, now: f64) {
        let known = self.inside.iter().position(|(known, _)| *known == element);
        match (known, inside) {
            (None, true) => self.inside.push((element, now)),
            (Some(at), false) => drop(self.inside.swap_remove(at)),
            _ => {}
        }
    }

    /// The page was shown or hidden; nobody sees what is on a hidden one.
    pub fn shown(&mut self, visible: bool, now: f64) {
        self.visible = visible;
        for (_, since) in &mut self.inside {
            *since = now;
        }
    }

    /// When one will have been seen, in milliseconds since 1970.
    #[must_use]
    pub fn due(&self) -> f64 {
        let each = self.inside.iter().map(|(_, since)| since + SEEN);
        each.filter(|_| self.visible).fold(f64::INFINITY, f64::min)
    }

    /// Those that have been seen by now.
    pub fn seen(&mut self, now: f64) -> Vec<T> {
        let (mut seen, mut rest) = (Vec::new(), Vec::new());
        for (element, since) in std::mem::take(&mut self.inside) {
            if self.visible && since + SEEN <= now {
                seen.push(element);
            } else {
                rest.push((element, since));
            }
        }
        self.inside = rest;
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_in_sight_without_a_gap_is_seen_once() {
        let mut sights = Sights::new(true);
        sights.moved("a", true, 0.0);
        sights.moved("b", true, 500.0);
        sights.moved("a", true, 600.0); // more of it
        assert_eq!(sights.due(), 1000.0);
        assert_eq!(sights.seen(999.0), [""; 0]);
        assert_eq!(sights.seen(1000.0), ["a"]);
        sights.moved("b", false, 1200.0);
        sights.moved("b", true, 1300.0);
        assert_eq!(sights.seen(2000.0), [""; 0]);
        assert_eq!(sights.seen(2300.0), ["b"]);
        assert_eq!(sights.due(), f64::INFINITY);
    }

    #[test]
    fn nobody_sees_a_hidden_page() {
        let mut sights = Sights::new(false);
        sights.moved("a", true, 0.0);
        assert_eq!(sights.due(), f64::INFINITY);
        assert_eq!(sights.seen(5000.0), [""; 0]);
        sights.shown(true, 5000.0);
        assert_eq!(sights.due(), 6000.0);
        sights.shown(false, 5900.0);
        sights.shown(true, 7000.0);
        assert_eq!(sights.seen(7999.0), [""; 0]);
        assert_eq!(sights.seen(8000.0), ["a"]);
    }

    #[test]
    fn of_what_is_higher_than_two_windows_half_a_window_is_enough() {
        assert!(enough(0.5, 0.01) && enough(0.1, 0.5));
        assert!(!enough(0.49, 0.49));
    }
}
