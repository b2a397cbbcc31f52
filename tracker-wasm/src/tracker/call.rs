//! The calls that a site makes, in the words of the Segment spec.

use clickstream_event::kind::EventType;

use super::{Draft, Tracker};
use crate::signal::Signal;

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
        let details = signal.subject.as_string();
        let mut draft = Draft {
            details: details.as_deref(),
            message_id: text(2),
            timestamp: text(3),
            ..Draft::default()
        };
        let anonymous;
        let kind = match name {
            "track" => {
                draft.event = first;
                EventType::Track
            }
            // page(name) or page(category, name).
            "page" => {
                draft.name = second.or(first);
                draft.category = second.and(first);
                EventType::Page
            }
            "identify" => {
                if let Some(user) = first {
                    self.identity.claim(user);
                }
                EventType::Identify
            }
            "group" => {
                draft.group_id = first;
                EventType::Group
            }
            "alias" => {
                anonymous = self
                    .identity
                    .user()
                    .unwrap_or(self.identity.anonymous())
                    .to_owned();
                draft.user_id = first;
                draft.previous_id = second.or(Some(&anonymous));
                EventType::Alias
            }
            "reset" => {
                self.identity.reset();
                self.outbox.transport.envelope.user_token = None;
                self.forget = true;
                return;
            }
            "flush" => return self.outbox.transport.flush(),
            "setUserToken" => {
                self.outbox.transport.envelope.user_token = first.map(str::to_owned);
                return;
            }
            _ => return,
        };
        self.record_at(kind, &draft, signal);
    }
}
