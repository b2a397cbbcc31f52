//! A JSON object whose members stay as they were written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object as they were written, in order; a name may come twice.
#[derive(Debug)]
pub struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads an object.
    #[must_use]
    pub fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// Writes the object.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut json = vec![b'{'];
        for (name, value) in &self.0 {
            if json.len() > 1 {
                json.push(b',');
            }
            json.extend(quoted(name).into_bytes());
            json.push(b':');
            json.extend(value.get().bytes());
        }
        json.push(b'}');
        json
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(there, _)| there == name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(there, _)| there == name)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Whether a member of this name is a number without a sign.
    pub(super) fn is_number(&self, name: &str) -> bool {
        let mut named = self.0.iter().filter(|(there, _)| there == name);
        named.any(|(_, value)| {
            value
                .get()
                .starts_with(|first: char| first.is_ascii_digit())
        })
    }

    pub(super) fn remove(&mut self, names: &[&str]) {
        self.0.retain(|(there, _)| !names.contains(&there.as_str()));
    }

    pub(super) fn set(&mut self, name: &str, text: &str) {
        self.remove(&[name]);
        if let Ok(value) = RawValue::from_string(quoted(text)) {
            self.0.push((name.to_owned(), value));
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
