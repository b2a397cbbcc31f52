//! The calls that a site makes, in the words of the Segment spec.

use clickstream_event::{action::PageViewed, context::Page, kind::EventType, write};
use js_sys::{JSON, Object};
use wasm_bindgen::JsCast;

use super::{Draft, Tracker};
use crate::{signal::Signal, words::call};

impl Tracker {
    /// A call by its name. The loader has sorted the arguments: two texts, message id and
    /// time in the list, the details as JSON.
    pub(super) fn called(&mut self, name: &str, signal: &Signal) {
        let text = |at| {
            signal
                .list
                .get(at)
                .as_string()
                .filter(|text| !text.is_empty())
        };
        let (first, second) = (text(0), text(1));
        let (first, second) = (first.as_deref(), second.as_deref());
        let mut details = signal.subject.as_string();
        if name == call::PAGE {
            details = Some(self.page_details(signal, details.as_deref()));
        }
        let (message_id, timestamp) = (text(2), text(3));
        let mut draft = Draft {
            details: details.as_deref(),
            message_id: message_id.as_deref(),
            timestamp: timestamp.as_deref(),
            ..Draft::default()
        };
        let anonymous;
        let kind = match name {
            call::TRACK => {
                draft.event = first;
                EventType::Track
            }
            // page(name) or page(category, name).
            call::PAGE => {
                draft.name = second.or(first);
                draft.category = second.and(first);
                EventType::Page
            }
            call::IDENTIFY => {
                if let Some(user) = first {
                    self.identity.claim(user);
                }
                EventType::Identify
            }
            call::GROUP => {
                draft.group_id = first;
                EventType::Group
            }
            call::ALIAS => {
                anonymous = self
                    .identity
                    .user()
                    .unwrap_or(self.identity.anonymous())
                    .to_owned();
                draft.user_id = first;
                draft.previous_id = second.or(Some(&anonymous));
                EventType::Alias
            }
            call::RESET => {
                self.identity.reset();
                self.outbox.transport.envelope.user_token = None;
                self.forget = true;
                return;
            }
            call::CONSENT if cfg!(feature = "consent") => {
                if let Some(categories) = signal.subject.as_string() {
                    self.decide(categories, signal.time);
                }
                return;
            }
            call::FORGET => return self.forget_all(signal.time),
            call::DEBUG => return self.outbox.transport.watch(),
            call::FLUSH => return self.outbox.transport.flush(),
            call::SET_USER_TOKEN => {
                self.outbox.transport.envelope.user_token = first.map(str::to_owned);
                return;
            }
            _ => return,
        };
        self.record_at(kind, &draft, signal);
    }

    /// A page's own properties, and over them what the site says of it.
    fn page_details(&self, signal: &Signal, given: Option<&str>) -> String {
        let page = Page::at(&signal.url, &signal.title, self.pages.referrer());
        let own = write::object(&PageViewed::new(&page, None)).unwrap_or_default();
        let parsed = |text: &str| JSON::parse(text).ok()?.dyn_into::<Object>().ok();
        let both = parsed(&own).zip(given.and_then(parsed));
        let both =
            both.and_then(|(own, given)| JSON::stringify(&Object::assign(&own, &given)).ok());
        both.map_or(own, String::from)
    }
}
