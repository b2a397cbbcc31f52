//! One moment of a journey as the line that the tracker would send for it.

use clickstream_demo_site::catalogue::Catalogue;
use clickstream_demo_site::routes::Page;
use clickstream_event::action::{
    ELEMENT_CLICKED, Element, ElementClicked, Input, Navigation, PageViewed,
};
use clickstream_event::context::{self, Automation, Context, Library, Screen, Session};
use clickstream_event::event::Event;
use clickstream_event::kind::EventType;
use clickstream_event::time::Timestamp;
use clickstream_event::{id, write};
use serde_json::json;

use crate::journey::{Click, Happening, Moment};
use crate::visitor::Visitor;

/// A value that JSON cannot hold.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// The event or what the tracker says by itself.
    #[error("an event cannot be written as JSON: {0}")]
    Event(#[from] write::Refused),
    /// What a site says.
    #[error("an event's properties cannot be written as JSON: {0}")]
    Properties(#[from] serde_json::Error),
}

/// Everything about an event that is neither the visitor nor what happened.
#[derive(Clone, Copy, Debug)]
pub struct Composer<'a> {
    /// The site's address, without a slash at its end.
    pub site: &'a str,
    /// What sets two runs' ids apart.
    pub run: &'a str,
    /// Which event of the run.
    pub number: u64,
    /// When it happens.
    pub at: Timestamp,
    /// Leave out both ids.
    pub without_ids: bool,
}

impl Composer<'_> {
    /// The line.
    pub fn line(
        &self,
        visitor: &Visitor,
        shop: &Catalogue,
        moment: &Moment,
    ) -> Result<String, Unwritable> {
        let url = self.address(&moment.page);
        let referrer = moment
            .referrer
            .as_ref()
            .map(|page| self.address(page))
            .unwrap_or_default();
        let title = moment.page.title(shop);
        let page = context::Page::at(&url, &title, &referrer);
        let session = id::message_id(u64::from(moment.visit), &visitor.anonymous_id, self.run, 0);
        let (width, height, density) = visitor.device.screen;
        let context = Context {
            library: Library {
                name: "clickstream-bot",
                version: env!("CARGO_PKG_VERSION"),
            },
            page: Some(page),
            user_agent: Some(visitor.device.user_agent),
            locale: Some(visitor.place.locale),
            timezone: Some(visitor.place.timezone),
            screen: Some(Screen {
                width,
                height,
                density: f64::from(density),
            }),
            session: Some(Session {
                id: &session,
                index: moment.visit,
                event: moment.event,
            }),
            campaign: None,
            more: None,
            automation: Automation {
                webdriver: false,
                synthetic: true,
            },
        };
        let (kind, name, details) = match &moment.happening {
            Happening::Viewed(view) => {
                let navigation = if view.pushed {
                    Navigation::Push
                } else {
                    Navigation::Load
                };
                let viewed = PageViewed::new(&page, Some(navigation));
                (EventType::Page, None, write::object(&viewed)?)
            }
            Happening::Clicked(click) => (
                EventType::Track,
                Some(ELEMENT_CLICKED),
                self.clicked(click, visitor)?,
            ),
            Happening::Said(said) => (
                EventType::Track,
                Some(said.event.as_str()),
                serde_json::to_string(&said.properties)?,
            ),
            Happening::Identified => {
                let reader = shop
                    .reader(visitor.number)
                    .map(|reader| reader.name.clone());
                let name = reader.unwrap_or_else(|| format!("Reader {}", visitor.number));
                (
                    EventType::Identify,
                    None,
                    json!({ "name": name }).to_string(),
                )
            }
        };
        let at = self.at.to_string();
        let message_id = self.message_id(visitor);
        let user_id = visitor.number.to_string();
        let mut event = Event::new(kind, &message_id, &at, &context);
        event.event = name;
        event.details = Some(&details);
        if !self.without_ids {
            event.user_id = Some(&user_id);
            event.anonymous_id = Some(&visitor.anonymous_id);
        }
        Ok(write::line(&event)?)
    }

    /// The event's id: no other event of this run has its number, and no other run its name.
    pub fn message_id(&self, visitor: &Visitor) -> String {
        let at_ms = u64::try_from(self.at.ms()).unwrap_or(0);
        id::message_id(at_ms, &visitor.anonymous_id, self.run, self.number)
    }

    fn address(&self, page: &Page) -> String {
        format!("{}{}", self.site, page.path())
    }

    fn clicked(&self, click: &Click, visitor: &Visitor) -> Result<String, Unwritable> {
        let (width, height, _) = visitor.device.screen;
        // Somewhere on the screen; the event's number is as good as chance.
        let spread = |size: i32, step: u64| {
            i32::try_from(self.number.wrapping_mul(step) % u64::from(size.unsigned_abs().max(1)))
                .unwrap_or(0)
        };
        let properties = ElementClicked {
            element: Element {
                tag: click.tag,
                id: None,
                classes: click.classes,
                text: Some(&click.text),
                href: click.href.as_deref(),
                path: click.path,
            },
            input: Input {
                kind: visitor.device.input,
                button: Some(0),
                x: Some(spread(width, 131)),
                y: Some(spread(height, 197)),
                trusted: None,
            },
        };
        let clicked = write::object(&properties)?;
        let marks = serde_json::to_string(&click.marks)?;
        Ok(write::joined(&clicked, &marks))
    }
}
