//! One event as a client makes it: the common fields of the Segment spec.

use serde::Serialize;

use crate::{context::Context, kind::EventType};

/// An event before it is a line.
///
/// Everything is borrowed: a page makes one at every click.
///
/// What the relay owns (`receivedAt`, `timestamp`, `userBucket`, `relay`) is not here: a
/// client cannot say it. `sentAt` belongs to the batch and is stamped at every attempt.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event<'a> {
    /// Which of the six calls.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// What somebody did (track): a noun and a verb in the past, "Order Completed".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'a str>,
    /// The page's or screen's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// The page's category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'a str>,
    /// Made once, when the event happens; the same at every attempt to send it.
    pub message_id: &'a str,
    /// Which browser, by the tracker's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<&'a str>,
    /// Whom the client claims it was; the relay decides whether to believe it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<&'a str>,
    /// The id that `userId` replaces (alias).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_id: Option<&'a str>,
    /// The group that somebody belongs to (group).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<&'a str>,
    /// When it happened, by the client's clock: `2026-01-02T03:04:05.006Z`.
    pub original_timestamp: &'a str,
    /// Where it happened.
    #[serde(skip)] // Written by `write::line`, as `details` are.
    pub context: &'a Context<'a>,
    /// The JSON text of an object, as [`crate::write::object`] or `JSON.stringify` makes it:
    /// `traits` of identify and group, `properties` of the others. It is text because a
    /// site's properties are of any shape, and reading them only to write them again would
    /// cost a page more than all the rest.
    #[serde(skip)]
    pub details: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// An event with what every event has; the rest is absent until set.
    #[must_use]
    pub const fn new(
        kind: EventType,
        message_id: &'a str,
        original_timestamp: &'a str,
        context: &'a Context<'a>,
    ) -> Self {
        Self {
            kind,
            event: None,
            name: None,
            category: None,
            message_id,
            anonymous_id: None,
            user_id: None,
            previous_id: None,
            group_id: None,
            original_timestamp,
            context,
            details: None,
        }
    }

    /// Under which name `details` are written.
    #[must_use]
    pub const fn details_name(&self) -> &'static str {
        match self.kind {
            EventType::Identify | EventType::Group => "traits",
            _ => "properties",
        }
    }
}
