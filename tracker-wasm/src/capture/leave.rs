//! The end of a page view: how long it was looked at, and how far down. No browser in here.
//!
//! Engaged is a page that is visible and has the focus. That changes by events, so nothing is
//! asked again and again, and nobody has to move a mouse (snowplow-javascript-tracker#1056).

use clickstream_event::action::PageLeft;

/// The view that is being looked at.
#[derive(Debug, Default)]
pub struct Visit {
    /// Address, title and referrer of the view; `None` before the first and after the last.
    page: Option<[String; 3]>,
    began: f64,
    visible: bool,
    focused: bool,
    /// Since when it is engaged, if it is.
    since: Option<f64>,
    engaged: f64,
    /// How far down was seen, and how high the page was when it was last looked at, in pixels.
    bottom: f64,
    height: f64,
}

impl Visit {
    /// A view begins. Times are milliseconds since 1970.
    pub fn begin(&mut self, page: [&str; 3], now: f64) {
        let [url, title, referrer] = page;
        self.page = Some([url.to_owned(), title.to_owned(), referrer.to_owned()]);
        self.began = now;
        self.engaged = 0.0;
        self.since = None;
        self.turn(now);
    }

    /// The page was shown or hidden.
    pub fn seen(&mut self, visible: bool, now: f64) {
        self.visible = visible;
        self.turn(now);
    }

    /// The page got or lost the focus.
    pub fn focused(&mut self, focused: bool, now: f64) {
        self.focused = focused;
        self.turn(now);
    }

    /// The window's lower edge is `bottom` pixels down a page of that `height`.
    pub const fn scrolled(&mut self, bottom: f64, height: f64) {
        self.bottom = self.bottom.max(bottom);
        self.height = height;
    }

    /// The view ends: what is told of it, once.
    pub fn end(&mut self, now: f64) -> Option<([String; 3], PageLeft)> {
        let page = self.page.take()?;
        self.count(now);
        let percent = self.bottom * 100.0 / self.height.max(1.0);
        // What is seen from now on belongs to the next view, also before that begins.
        (self.bottom, self.height) = (0.0, 0.0);
        let left = PageLeft {
            duration_ms: (now - self.began) as u32,
            engaged_ms: self.engaged as u32,
            scroll_percent: percent.min(100.0) as u32,
        };
        Some((page, left))
    }

    fn turn(&mut self, now: f64) {
        self.count(now);
        if self.visible && self.focused {
            self.since = Some(now);
        }
    }

    fn count(&mut self, now: f64) {
        if let Some(since) = self.since.take() {
            // A clock that was set back takes nothing away.
            self.engaged += (now - since).max(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Visit {
        let mut visit = Visit::default();
        visit.seen(true, 0.0);
        visit.focused(true, 0.0);
        visit.begin(["u", "t", "r"], 1000.0);
        visit
    }

    #[test]
    fn complaint_32_engaged_is_visible_and_focused_without_any_movement() {
        let mut visit = begun();
        visit.focused(false, 1500.0); // 500
        visit.seen(false, 1600.0);
        visit.focused(true, 1700.0);
        visit.seen(true, 2000.0);
        visit.seen(true, 2100.0); // said twice
        let (page, left) = visit.end(2400.0).unwrap(); // 400
        assert_eq!(page, ["u", "t", "r"]);
        assert_eq!((left.duration_ms, left.engaged_ms), (1400, 900));
        assert_eq!(visit.end(2500.0), None, "told once");
    }

    #[test]
    fn each_view_is_counted_by_itself() {
        let mut visit = begun();
        visit.scrolled(900.0, 1000.0);
        visit.end(2000.0);
        visit.begin(["v", "", ""], 2000.0);
        visit.scrolled(300.0, 1200.0);
        let (_, left) = visit.end(2250.0).unwrap();
        assert_eq!((left.engaged_ms, left.scroll_percent), (250, 25));
    }

    #[test]
    fn the_depth_is_what_was_seen_of_the_page_as_it_became() {
        let mut visit = begun();
        visit.scrolled(800.0, 800.0);
        visit.scrolled(1200.0, 3200.0);
        visit.scrolled(800.0, 3200.0);
        assert_eq!(visit.end(1001.0).unwrap().1.scroll_percent, 37);
        let mut short = begun();
        short.scrolled(900.0, 400.0);
        assert_eq!(short.end(1001.0).unwrap().1.scroll_percent, 100);
        assert_eq!(begun().end(1001.0).unwrap().1.scroll_percent, 0);
    }

    #[test]
    fn a_clock_that_is_set_back_takes_nothing_away() {
        let mut visit = begun();
        visit.seen(false, 500.0);
        let (_, left) = visit.end(400.0).unwrap();
        assert_eq!((left.duration_ms, left.engaged_ms), (0, 0));
    }
}
