//! A line of the lake as types, and the JSON Schema that is printed from them.
//!
//! Nothing here takes part in an event's way: lines are written by [`crate::line`]. These
//! types are what a reader may rely on, and the tests hold every line to them.

mod sent;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use sent::sent_schemas;

/// One event: one JSON object on one line.
///
/// Names are those of the Segment spec. Members that a client added and that are not listed
/// here are kept as they came.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "A line of the lake")]
pub struct LakeLine {
    /// What kind of call made it.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What somebody did (track): a noun and a verb in the past, such as `Order Completed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The page's or screen's name, where the site gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The page's category, where the site gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The event's id: no two events of a source share one, however often they were sent.
    pub message_id: String,
    /// Which browser or device, by its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_id: Option<String>,
    /// The id that `userId` replaces (alias).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_id: Option<String>,
    /// The group that somebody belongs to (group).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// Where it happened, as the client says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// What was done, seen or bought: any object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Map<String, Value>>,
    /// What is known of a user or group (identify, group): any object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traits: Option<Map<String, Value>>,
    /// When it happened, by the client's clock.
    #[schemars(extend("format" = "date-time"))]
    pub original_timestamp: String,
    /// When it was sent, by the client's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub sent_at: Option<String>,
    /// Whose it is, as the relay decided: a user, or `visitor-` and 32 hex digits. Absent
    /// only where a client gave no id at all; such lines lie under the error prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub user_id: Option<String>,
    /// Which of 128 groups of users: the first byte of SHA-256 of `userId`, mod 128.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^(0[0-9]{2}|1[01][0-9]|12[0-7])$"))]
    pub user_bucket: Option<String>,
    /// When the relay took it, by the relay's clock.
    #[schemars(extend("format" = "date-time"))]
    pub received_at: String,
    /// When it happened, the client's clock corrected by the relay's. Order and count by it.
    #[schemars(extend("format" = "date-time"))]
    pub timestamp: String,
    /// What the relay knows about it.
    pub relay: Relay,
    /// Whatever else a client sent.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// The six calls of the Segment spec.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Who somebody is.
    Identify,
    /// What somebody did.
    Track,
    /// A page seen.
    Page,
    /// An app's screen seen.
    Screen,
    /// Which group somebody belongs to.
    Group,
    /// Two ids of one person.
    Alias,
}

/// Where an event happened. A client may say more, and less.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The library that made the event: `name` and `version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<Map<String, Value>>,
    /// The page: `url`, `path`, `title`, `referrer`, `search`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<Map<String, Value>>,
    /// The browser, as it names itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The language, as `en-GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The time zone, as `Europe/London`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The screen: `width`, `height`, `density`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<Map<String, Value>>,
    /// Which visit, and which event of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// Which campaign led here: `name`, `source`, `medium`, `term`, `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<Map<String, Value>>,
    /// Signs that no person did it: `webdriver`, `synthetic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automation: Option<Map<String, Value>>,
    /// Whatever else a client said.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A visit. `index` and `event` put a visitor's events into one order and make gaps show.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Session {
    /// The visit's id.
    pub id: String,
    /// Which visit of this browser, from 1.
    pub index: u32,
    /// Which event of the visit, from 1.
    pub event: u32,
}

/// What the relay knows about an event; a client cannot say any of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Where it came from, as far as that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Who made it, as far as it shows.
    pub traffic: Traffic,
    /// Which site or server sent it: the write key's source.
    pub source: String,
    /// There when the client's clock cannot be believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// What the client said and the relay did not believe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Claimed>,
}

/// Who made an event.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Traffic {
    /// Nothing speaks against a person.
    Human,
    /// A driven browser, or input that no person made.
    Bot,
    /// No browser at all.
    Synthetic,
}

/// What is wrong with a client's clock.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Before 2000, ahead of the relay's, sent before it happened, or queued over 30 days.
    Suspect,
}

/// What a client said and was not believed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claimed {
    /// A user id without a right to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// A time that is not the one written, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_timestamp: Option<Value>,
}

/// The JSON Schema of a line, as `docs/lake.schema.json` has it.
#[must_use]
pub fn json_schema() -> Value {
    schemars::schema_for!(LakeLine).to_value()
}
