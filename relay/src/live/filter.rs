//! What a watcher asks for, as query parameters: where to begin, what to see, when to end.

use http::Uri;

use super::item::{Id, Item};

/// The types an event can have.
const TYPES: [&str; 6] = ["identify", "track", "page", "screen", "group", "alias"];

/// Most events that a watcher may begin with.
const MOST_LAST: usize = 1000;

/// Which ends of an event to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable, whether delivered or not.
    Stored,
    /// Delivered: an event is shown when it has arrived.
    Delivered,
    /// Rejected.
    Rejected,
}

/// Where a watcher begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With what comes.
    #[default]
    Now,
    /// With so many that came last and pass the filter.
    Last(usize),
    /// With the first after this one.
    After(Id),
}

/// What a watcher sees: events that match all that is given, in one of its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    users: Vec<String>,
    types: Vec<String>,
    names: Vec<String>,
    sources: Vec<String>,
    /// None is all.
    pub outcome: Option<Outcome>,
}

/// A watcher's wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Where it begins.
    pub start: Start,
    /// What it sees.
    pub filter: Filter,
    /// After so many events the stream ends.
    pub limit: Option<u64>,
}

/// Why a query cannot be followed, in words for who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// A name that is none.
    #[error(
        "the parameter {0:?} is not known; there are after, last, limit, user, type, name, source and \
         outcome"
    )]
    Unknown(String),
    /// A value that is none.
    #[error("{0}={1:?} cannot be read; {2}")]
    Value(&'static str, String, &'static str),
    /// No query at all.
    #[error("the query cannot be read; write name=value, joined by &")]
    Form,
}

impl Query {
    /// Reads the query of `uri`. `last_event_id` is what a client that lost its stream saw last; it
    /// wins over the query, because the client sends the same query again.
    ///
    /// # Errors
    /// Which parameter cannot be followed.
    pub fn read(uri: &Uri, last_event_id: Option<&str>) -> Result<Self, QueryError> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let mut query = Self::default();
        for (name, value) in pairs.map_err(|_| QueryError::Form)?.0 {
            query.take(&name, value)?;
        }
        if let Some(id) = last_event_id.and_then(|id| id.parse().ok()) {
            query.start = Start::After(id);
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), QueryError> {
        let filter = &mut self.filter;
        match name {
            // Looked at where it is decided who may watch.
            "token" => {}
            // As a form sends what was left empty.
            _ if value.is_empty() => {}
            "after" => {
                let id = value.parse();
                let id = id.map_err(|_| {
                    QueryError::Value("after", value, "give an event's id, or 0 for all")
                })?;
                self.start = Start::After(id);
            }
            "last" => {
                let count: usize = number("last", value)?;
                self.start = Start::Last(count.min(MOST_LAST));
            }
            "limit" => match number("limit", value)? {
                0 => {
                    let why = "give 1 or more";
                    return Err(QueryError::Value("limit", "0".to_owned(), why));
                }
                limit => self.limit = Some(limit),
            },
            "user" => filter.users.push(value),
            "name" => filter.names.push(value.to_lowercase()),
            "source" => filter.sources.push(value),
            "type" if TYPES.contains(&&*value) => filter.types.push(value),
            "type" => {
                let types = "there are identify, track, page, screen, group and alias";
                return Err(QueryError::Value("type", value, types));
            }
            "outcome" => {
                filter.outcome = Some(match &*value {
                    "stored" => Outcome::Stored,
                    "delivered" => Outcome::Delivered,
                    "rejected" => Outcome::Rejected,
                    _ => {
                        let outcomes = "there are stored, delivered and rejected";
                        return Err(QueryError::Value("outcome", value, outcomes));
                    }
                });
            }
            _ => return Err(QueryError::Unknown(name.to_owned())),
        }
        Ok(())
    }
}

fn number<T: std::str::FromStr>(name: &'static str, value: String) -> Result<T, QueryError> {
    let number = value.parse();
    number.map_err(|_| QueryError::Value(name, value, "give a number"))
}

impl Filter {
    /// Whether a watcher sees `item`.
    #[must_use]
    pub fn shows(&self, item: &Item) -> bool {
        let one_of = |wanted: &[String], found: Option<&String>| {
            wanted.is_empty() || found.is_some_and(|found| wanted.contains(found))
        };
        let summary = &item.summary;
        let outcome = match self.outcome {
            None => true,
            Some(Outcome::Rejected) => item.rejection.is_some(),
            Some(Outcome::Stored | Outcome::Delivered) => item.rejection.is_none(),
        };
        outcome
            && one_of(&self.users, summary.user.as_ref())
            && one_of(&self.types, summary.kind.as_ref())
            && one_of(&self.sources, summary.source.as_ref())
            && (self.names.is_empty()
                || summary.name.as_ref().is_some_and(|name| {
                    let name = name.to_lowercase();
                    self.names.iter().any(|wanted| name.contains(wanted))
                }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::item::Summary;

    fn read(query: &str) -> Result<Query, QueryError> {
        Query::read(&format!("/live/events?{query}").parse().unwrap(), None)
    }

    fn item(kind: &str, name: &str, user: &str) -> Item {
        Item {
            id: Id::default(),
            received_at: 0,
            durable_at: None,
            summary: Summary {
                kind: Some(kind.to_owned()),
                name: Some(name.to_owned()),
                user: Some(user.to_owned()),
                message_id: None,
                source: Some("shop".to_owned()),
            },
            line: None,
            rejection: None,
        }
    }

    #[test]
    fn parameters_narrow_and_a_repeated_one_widens() {
        let shown = |query: &str| {
            let filter = read(query).unwrap().filter;
            let items = [
                item("track", "Order Completed", "45"),
                item("page", "/", "45"),
                item("track", "Product Viewed", "90"),
            ];
            items.map(|item| filter.shows(&item))
        };
        assert_eq!(shown(""), [true, true, true]);
        assert_eq!(shown("user=45"), [true, true, false]);
        assert_eq!(shown("user=45&type=track"), [true, false, false]);
        assert_eq!(shown("user=45&user=90&type=track"), [true, false, true]);
        assert_eq!(shown("name=order+comp"), [true, false, false]);
        assert_eq!(shown("source=other"), [false, false, false]);
        assert_eq!(shown("outcome=stored"), [true, true, true]);
        assert_eq!(shown("outcome=rejected"), [false, false, false]);
        assert_eq!(shown("user=&type="), [true, true, true]);
    }

    #[test]
    fn the_start_is_the_last_event_seen_else_what_the_query_says() {
        let uri: Uri = "/live/events?after=3".parse().unwrap();
        let start = |last: Option<&str>| Query::read(&uri, last).unwrap().start;
        let after = |id: &str| Start::After(id.parse().unwrap());
        assert_eq!(start(None), after("3"));
        assert_eq!(start(Some("7.1")), after("7.1"));
        assert_eq!(start(Some("garbage")), after("3"));
        assert_eq!(read("last=9999").unwrap().start, Start::Last(MOST_LAST));
        assert_eq!(read("").unwrap().start, Start::Now);
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        for (query, word) in [
            ("afer=1", "\"afer\" is not known"),
            ("after=x", "give an event's id"),
            ("type=click", "identify, track"),
            ("outcome=failed", "stored, delivered and rejected"),
            ("limit=0", "1 or more"),
            ("last=-1", "give a number"),
        ] {
            let error = read(query).unwrap_err().to_string();
            assert!(error.contains(word), "{query}: {error}");
        }
    }
}
