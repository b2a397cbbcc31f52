//! How fast a document was: the Web Vitals by the definitions of web.dev. No browser in here.
//!
//! Measured until the page is hidden or left for the first time, which on a telephone is the last
//! moment that a page is sure to have.

use clickstream_event::observed::WebVitals;

/// The slowest interactions that are remembered: with one passed over for each fifty, those of a page
/// with five hundred.
const SLOWEST: usize = 10;

/// Shifts are of one window when less than this lies between two, in milliseconds.
const GAP: f64 = 1000.0;
/// And less than this between the first and the last.
const WINDOW: f64 = 5000.0;

/// What a browser has measured.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    /// Its `entryType`.
    pub kind: &'a str,
    /// Its name: of a paint, which one.
    pub name: &'a str,
    /// When it began, in milliseconds from the navigation.
    pub start: f64,
    /// How long it took, in milliseconds.
    pub duration: f64,
    /// How much was shifted, and how far.
    pub value: f64,
    /// Somebody had just done something, which may shift what it likes.
    pub expected: bool,
    /// Which interaction it belongs to; 0: none.
    pub interaction: f64,
}

/// What a browser knows at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// When the server's answer began; 0: unknown.
    pub response: f64,
    /// When a page that was drawn in advance was shown; else 0.
    pub activation: f64,
    /// How many interactions there were; 0: it does not say.
    pub interactions: f64,
    /// It measures shifts.
    pub shifts: bool,
}

/// What was measured of a document so far.
#[derive(Debug)]
pub struct Vitals {
    told: bool,
    /// When it was first hidden: what is drawn later was not waited for.
    hidden: f64,
    contentful: Option<f64>,
    largest: Vec<f64>,
    window: Shifts,
    worst: f64,
    slowest: Vec<(f64, f64)>,
    /// The least and the greatest number of an interaction; they grow by seven.
    numbers: Option<(f64, f64)>,
}

#[derive(Debug, Default)]
struct Shifts {
    began: f64,
    last: f64,
    sum: f64,
}

impl Vitals {
    /// Nothing yet, of a page that was visible when this began, or not.
    #[must_use]
    pub fn new(visible: bool) -> Self {
        Self {
            told: false,
            hidden: if visible { f64::INFINITY } else { 0.0 },
            contentful: None,
            largest: Vec::new(),
            window: Shifts::default(),
            worst: 0.0,
            slowest: Vec::new(),
            numbers: None,
        }
    }

    /// Takes a measurement up; they come in the order of each kind.
    pub fn take(&mut self, entry: &Entry<'_>) {
        match entry.kind {
            "visibility-state" if entry.name == "hidden" => {
                self.hidden = self.hidden.min(entry.start);
            }
            "paint" if entry.name == "first-contentful-paint" => {
                self.contentful = Some(entry.start);
            }
            "largest-contentful-paint" => self.largest.push(entry.start),
            "layout-shift" if !entry.expected => self.shifted(entry.start, entry.value),
            "event" | "first-input" if entry.interaction > 0.0 => {
                self.pressed(entry.interaction, entry.duration);
            }
            _ => {}
        }
    }

    fn shifted(&mut self, at: f64, by: f64) {
        let window = &mut self.window;
        if window.sum > 0.0 && at - window.last < GAP && at - window.began < WINDOW {
            window.sum += by;
        } else {
            (window.began, window.sum) = (at, by);
        }
        window.last = at;
        self.worst = self.worst.max(window.sum);
    }

    /// Each event of an interaction is measured; the slowest of them is the interaction's.
    fn pressed(&mut self, interaction: f64, took: f64) {
        let (least, greatest) = self.numbers.unwrap_or((interaction, interaction));
        self.numbers = Some((least.min(interaction), greatest.max(interaction)));
        let slowest = &mut self.slowest;
        let known = slowest.iter().position(|(id, _)| *id == interaction);
        let before = known.map_or(0.0, |at| slowest.remove(at).1);
        let took = took.max(before);
        let at = slowest.iter().position(|(_, other)| *other < took);
        slowest.insert(at.unwrap_or(slowest.len()), (interaction, took));
        slowest.truncate(SLOWEST);
    }

    /// The document was hidden or left: what is told of it, once.
    pub fn end(&mut self, known: &Known) -> Option<WebVitals> {
        if std::mem::replace(&mut self.told, true) {
            return None;
        }
        let since = |start: f64| (start - known.activation).max(0.0) as u32;
        let seen = |start: &f64| *start < self.hidden;
        let largest = self.largest.iter().copied().rfind(seen);
        let counted = self
            .numbers
            .map_or(0.0, |(least, greatest)| (greatest - least) / 7.0 + 1.0);
        let count = known.interactions.max(counted);
        let passed = (count / 50.0) as usize;
        let last = self.slowest.len().saturating_sub(1);
        let slow = self.slowest.get(passed.min(last));
        Some(WebVitals {
            lcp_ms: largest.map(since),
            inp_ms: slow.map(|(_, took)| *took as u32),
            cls: known.shifts.then_some(self.worst),
            fcp_ms: self.contentful.filter(seen).map(since),
            ttfb_ms: (known.response > 0.0).then(|| since(known.response)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: &'static str, start: f64) -> Entry<'static> {
        let name = "first-contentful-paint";
        Entry {
            kind,
            name,
            start,
            ..Entry::default()
        }
    }

    fn shift(start: f64, value: f64) -> Entry<'static> {
        Entry {
            value,
            ..entry("layout-shift", start)
        }
    }

    fn press(interaction: f64, duration: f64) -> Entry<'static> {
        Entry {
            interaction,
            duration,
            ..entry("event", 0.0)
        }
    }

    fn of(entries: &[Entry<'_>], known: &Known) -> WebVitals {
        let mut vitals = Vitals::new(true);
        for entry in entries {
            vitals.take(entry);
        }
        let told = vitals.end(known).unwrap();
        assert_eq!(vitals.end(known), None, "told once");
        told
    }

    #[test]
    fn times_count_from_the_navigation_or_from_when_the_page_was_shown() {
        let entries = [
            entry("paint", 120.6),
            entry("largest-contentful-paint", 130.0),
            entry("largest-contentful-paint", 900.0),
        ];
        let known = Known {
            response: 80.0,
            ..Known::default()
        };
        let told = of(&entries, &known);
        assert_eq!(told.fcp_ms, Some(120));
        assert_eq!((told.lcp_ms, told.ttfb_ms), (Some(900), Some(80)));
        assert_eq!((told.cls, told.inp_ms), (None, None));
        let shown = Known {
            activation: 500.0,
            ..known
        };
        let told = of(&entries, &shown);
        assert_eq!(
            (told.fcp_ms, told.lcp_ms, told.ttfb_ms),
            (Some(0), Some(400), Some(0))
        );
    }

    #[test]
    fn what_is_drawn_after_the_page_was_hidden_was_not_waited_for() {
        let hidden = Entry {
            name: "hidden",
            ..entry("visibility-state", 200.0)
        };
        let entries = [
            hidden,
            entry("paint", 250.0),
            entry("largest-contentful-paint", 150.0),
            entry("largest-contentful-paint", 300.0),
        ];
        let told = of(&entries, &Known::default());
        assert_eq!((told.fcp_ms, told.lcp_ms), (None, Some(150)));
        let mut unseen = Vitals::new(false);
        unseen.take(&entry("paint", 1.0));
        assert_eq!(unseen.end(&Known::default()).unwrap().fcp_ms, None);
    }

    #[test]
    fn the_worst_window_of_shifts_counts_and_none_that_somebody_made() {
        let measured = Known {
            shifts: true,
            ..Known::default()
        };
        let cls = |shifts: &[Entry<'_>]| of(shifts, &measured).cls.unwrap();
        assert_eq!(cls(&[]), 0.0);
        let expected = Entry {
            expected: true,
            ..shift(10.0, 0.5)
        };
        let two = [
            shift(0.0, 0.25),
            expected,
            shift(900.0, 0.25),
            shift(2000.0, 0.125),
        ];
        assert_eq!(cls(&two), 0.5, "a second without one ends a window");
        // Every 900 ms: the window ends after five seconds.
        let long: Vec<_> = (0..8).map(|n| shift(f64::from(n) * 900.0, 0.125)).collect();
        assert_eq!(cls(&long), 6.0 * 0.125);
    }

    #[test]
    fn of_fifty_interactions_the_slowest_is_passed_over() {
        let inp = |entries: &[Entry<'_>], interactions| {
            let known = Known {
                interactions,
                ..Known::default()
            };
            of(entries, &known).inp_ms
        };
        assert_eq!(inp(&[], 3.0), None);
        assert_eq!(inp(&[press(0.0, 300.0)], 1.0), None, "of no interaction");
        let some = [press(7.0, 64.0), press(14.0, 200.0), press(14.0, 88.0)];
        assert_eq!(inp(&some, 49.0), Some(200));
        assert_eq!(inp(&some, 50.0), Some(64));
        assert_eq!(inp(&some, 500.0), Some(64), "no slower one is known");
        // Without a count the numbers say how many there were.
        let far = [press(7.0, 64.0), press(7.0 + 49.0 * 7.0, 200.0)];
        assert_eq!(inp(&far, 0.0), Some(64));
        let many: Vec<_> = (1..=60)
            .map(|n| press(f64::from(n), f64::from(n) * 10.0))
            .collect();
        assert_eq!(inp(&many, 120.0), Some(580));
    }
}
