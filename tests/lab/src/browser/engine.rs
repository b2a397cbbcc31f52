//! What draws the pages, and what cannot be asked of it.

/// What draws the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, through chromedriver.
    Chromium,
    /// Firefox ESR, by WebDriver BiDi.
    Firefox,
    /// WebKitGTK's `MiniBrowser`, through `WebKitWebDriver`.
    WebKit,
}

impl Engine {
    /// Whether its driver presses other buttons than the first: `WebKitWebDriver` lets the first
    /// one go whichever it has pressed, and the page hears a click of that.
    #[must_use]
    pub fn presses_all_buttons(self) -> bool {
        self != Self::WebKit
    }

    /// Whether it keeps anything from one start to the next: WebKitGTK, driven, does not.
    #[must_use]
    pub fn keeps_a_profile(self) -> bool {
        self != Self::WebKit
    }
}
