//! Dead clicks: nothing of the page has changed a second after. No browser in here.

/// How long a page may take to answer, in milliseconds.
pub const ANSWERS: f64 = 1000.0;

/// The click that has had no answer yet.
#[derive(Debug, Default)]
pub struct Doubts {
    waiting: Option<Doubt>,
}

#[derive(Debug)]
struct Doubt {
    click: String,
    time: f64,
    url: String,
}

impl Doubts {
    /// Something was clicked at `url`, as the event of that message id tells. A click before it that had
    /// no answer yet is no longer asked about: who goes on clicking makes one dead click.
    pub fn clicked(&mut self, click: String, url: &str, now: f64) {
        self.waiting = Some(Doubt {
            click,
            time: now,
            url: url.to_owned(),
        });
    }

    /// Something of the page has changed.
    pub fn answered(&mut self) {
        self.waiting = None;
    }

    /// Whether a click waits.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.waiting.is_some()
    }

    /// When the click that waits is dead, in milliseconds since 1970.
    #[must_use]
    pub fn due(&self) -> f64 {
        self.waiting
            .as_ref()
            .map_or(f64::INFINITY, |doubt| doubt.time + ANSWERS)
    }

    /// The click that is dead by now, where the page is still at the same address. A page that was stopped
    /// meanwhile (by a dialog of the browser's) has had no chance to answer.
    pub fn dead(&mut self, url: &str, now: f64) -> Option<String> {
        let due = self.due();
        if now < due {
            return None;
        }
        let doubt = self.waiting.take()?;
        (doubt.url == url && now - due < ANSWERS).then_some(doubt.click)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_is_dead_when_nothing_has_answered_for_a_second() {
        let mut doubts = Doubts::default();
        assert_eq!(doubts.dead("u", 9e9), None);
        doubts.clicked("one".into(), "u", 100.0);
        assert_eq!(doubts.dead("u", 1099.0), None);
        assert!(doubts.any());
        assert_eq!(doubts.dead("u", 1100.0).as_deref(), Some("one"));
        assert_eq!(doubts.dead("u", 1100.0), None, "once");
        assert_eq!(doubts.due(), f64::INFINITY);
    }

    #[test]
    fn whatever_changes_is_an_answer() {
        let mut doubts = Doubts::default();
        doubts.clicked("one".into(), "u", 0.0);
        doubts.answered();
        assert_eq!(doubts.dead("u", 1000.0), None);
        doubts.clicked("two".into(), "u", 0.0);
        assert_eq!(doubts.dead("v", 1000.0), None, "another address");
        doubts.clicked("three".into(), "u", 0.0);
        assert_eq!(doubts.dead("u", 2000.0), None, "the page stood still");
    }

    #[test]
    fn who_goes_on_clicking_makes_one() {
        let mut doubts = Doubts::default();
        doubts.clicked("one".into(), "u", 0.0);
        doubts.clicked("two".into(), "u", 300.0);
        assert_eq!(doubts.dead("u", 1000.0), None);
        assert_eq!(doubts.dead("u", 1300.0).as_deref(), Some("two"));
    }
}
