//! Where an event happened: what the page says once, and the page itself at each event.

use clickstream_event::context::{Automation, Context, Library, Page, Screen};

use crate::settings::Host;

/// What does not change while a page lives.
#[derive(Debug)]
pub struct Environment {
    user_agent: Option<String>,
    locale: Option<String>,
    timezone: Option<String>,
    screen: Screen,
    webdriver: bool,
}

impl Environment {
    /// Reads it, once: a time zone alone costs more than a click may.
    pub fn read(host: &Host) -> Self {
        Self {
            user_agent: host.text("userAgent"),
            locale: host.text("locale"),
            timezone: host.text("timezone"),
            screen: Screen {
                width: host.number("width") as i32,
                height: host.number("height") as i32,
                density: host.number("density"),
            },
            webdriver: host.is("webdriver"),
        }
    }

    /// The context of an event on `page`.
    pub fn context<'a>(&'a self, page: Page<'a>) -> Context<'a> {
        Context {
            library: Library {
                name: "clickstream-tracker",
                version: env!("CARGO_PKG_VERSION"),
            },
            page: Some(page),
            user_agent: self.user_agent.as_deref(),
            locale: self.locale.as_deref(),
            timezone: self.timezone.as_deref(),
            screen: Some(self.screen),
            session: None,
            campaign: None,
            more: None,
            automation: Automation {
                webdriver: self.webdriver,
                synthetic: false,
            },
        }
    }
}
