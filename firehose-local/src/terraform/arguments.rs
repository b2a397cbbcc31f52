//! The arguments of one block: each is taken by name and type, and what nobody took is refused.

use super::ResourceError;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A block whose arguments are being read.
#[derive(Debug)]
pub struct Arguments<'a> {
    /// Where the block is, with a dot behind it unless it is the resource itself.
    place: String,
    members: &'a Map<String, Value>,
    taken: BTreeSet<&'static str>,
}

impl<'a> Arguments<'a> {
    /// The arguments of a block at a path, which is empty for the resource itself.
    pub fn new(path: &str, block: &'a Value) -> Result<Self, ResourceError> {
        let members = block.as_object().ok_or_else(|| ResourceError::Value {
            path: path.to_owned(),
            wanted: "a block",
        })?;
        Ok(Self {
            place: match path {
                "" => String::new(),
                path => format!("{path}."),
            },
            members,
            taken: BTreeSet::new(),
        })
    }

    /// An argument's full path.
    pub fn path(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }

    fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.insert(name);
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, wanted: &'static str) -> ResourceError {
        ResourceError::Value {
            path: self.path(name),
            wanted,
        }
    }

    /// Arguments that change nothing here.
    pub fn pass_over(&mut self, names: &[&'static str]) {
        self.taken.extend(names);
    }

    /// Text, if it is there.
    pub fn text(&mut self, name: &'static str) -> Result<Option<String>, ResourceError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(name, "text")),
        }
    }

    /// Text that must be there.
    pub fn required_text(&mut self, name: &'static str) -> Result<String, ResourceError> {
        self.text(name)?
            .ok_or_else(|| ResourceError::Missing(self.path(name)))
    }

    /// A whole number, written as one or as text, as Terraform takes both.
    pub fn whole(&mut self, name: &'static str) -> Result<Option<u32>, ResourceError> {
        let number = match self.take(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(name, "a whole number")),
        }
    }

    /// True or false, if it is there.
    pub fn yes(&mut self, name: &'static str) -> Result<Option<bool>, ResourceError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            Some(Value::String(text)) if text == "true" => Ok(Some(true)),
            Some(Value::String(text)) if text == "false" => Ok(Some(false)),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    /// An argument that is refused unless it says what it would without being there.
    pub fn only_default(&mut self, name: &'static str, default: &str) -> Result<(), ResourceError> {
        match self.text(name)? {
            Some(text) if text != default && !text.is_empty() => {
                Err(ResourceError::NotBuilt(self.path(name)))
            }
            _ => Ok(()),
        }
    }

    /// The blocks of a name, in their order.
    pub fn blocks(&mut self, name: &'static str) -> Result<Vec<Arguments<'a>>, ResourceError> {
        let path = self.path(name);
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(blocks)) => blocks
                .iter()
                .map(|block| Arguments::new(&path, block))
                .collect(),
            Some(block) => Ok(vec![Arguments::new(&path, block)?]),
        }
    }

    /// The one block of a name, if it is there.
    pub fn block(&mut self, name: &'static str) -> Result<Option<Arguments<'a>>, ResourceError> {
        let mut blocks = self.blocks(name)?;
        match blocks.len() {
            0 | 1 => Ok(blocks.pop()),
            _ => Err(self.wrong(name, "one block")),
        }
    }

    /// Refuses what was not taken and says something.
    pub fn finish(self) -> Result<(), ResourceError> {
        let says_nothing = |value: &Value| match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        let left = self
            .members
            .iter()
            .find(|(name, value)| !self.taken.contains(name.as_str()) && !says_nothing(value));
        match left {
            Some((name, _)) => Err(ResourceError::NotBuilt(self.path(name))),
            None => Ok(()),
        }
    }
}
