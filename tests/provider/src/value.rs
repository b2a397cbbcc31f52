//! Terraform's values: JSON's, and "not known yet"; as MessagePack, in which Terraform sends them.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::Number;

/// One value of a configuration, a plan or a state. Sets are lists, objects are maps.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Known only after something else is applied.
    Unknown,
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// Reads a value; an empty one is null.
    pub fn read(mut bytes: &[u8]) -> anyhow::Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::Null);
        }
        Self::from_pack(rmpv::decode::read_value(&mut bytes).context("no MessagePack")?)
    }

    /// Writes it.
    pub fn write(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &self.to_pack())?;
        Ok(bytes)
    }

    fn from_pack(pack: rmpv::Value) -> anyhow::Result<Self> {
        Ok(match pack {
            rmpv::Value::Nil => Self::Null,
            rmpv::Value::Boolean(value) => Self::Bool(value),
            rmpv::Value::Integer(value) => match (value.as_i64(), value.as_u64()) {
                (Some(value), _) => Self::Number(value.into()),
                (_, Some(value)) => Self::Number(value.into()),
                _ => bail!("a whole number beyond 64 bits"),
            },
            rmpv::Value::F32(value) => Self::number(value.into()),
            rmpv::Value::F64(value) => Self::number(value),
            rmpv::Value::String(text) => {
                Self::Text(text.into_str().context("text that is not UTF-8")?)
            }
            rmpv::Value::Array(items) => {
                let items = items.into_iter().map(Self::from_pack);
                Self::List(items.collect::<anyhow::Result<_>>()?)
            }
            rmpv::Value::Map(members) => {
                let mut map = BTreeMap::new();
                for (name, value) in members {
                    let name = name.as_str().context("a name that is no text")?.to_owned();
                    map.insert(name, Self::from_pack(value)?);
                }
                Self::Map(map)
            }
            // Unknown, whether Terraform can narrow it down (type 12) or not (type 0).
            rmpv::Value::Ext(..) => Self::Unknown,
            rmpv::Value::Binary(_) => bail!("bytes where Terraform sends none"),
        })
    }

    fn number(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::Null, Self::Number)
    }

    fn to_pack(&self) -> rmpv::Value {
        match self {
            Self::Unknown => rmpv::Value::Ext(0, vec![0]),
            Self::Null => rmpv::Value::Nil,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => match (value.as_i64(), value.as_u64()) {
                (Some(value), _) => value.into(),
                (_, Some(value)) => value.into(),
                _ => value.as_f64().map_or(rmpv::Value::Nil, Into::into),
            },
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => rmpv::Value::Array(items.iter().map(Self::to_pack).collect()),
            Self::Map(map) => {
                let member =
                    |(name, value): (&String, &Self)| (name.as_str().into(), value.to_pack());
                rmpv::Value::Map(map.iter().map(member).collect())
            }
        }
    }

    /// The same as JSON; what is unknown becomes null and is counted.
    pub fn to_json(&self, unknown: &mut usize) -> serde_json::Value {
        match self {
            Self::Unknown => {
                *unknown += 1;
                serde_json::Value::Null
            }
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => serde_json::Value::Number(value.clone()),
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(|item| item.to_json(unknown)).collect(),
            Self::Map(map) => {
                let members = map.iter();
                members
                    .map(|(name, value)| (name.clone(), value.to_json(unknown)))
                    .collect()
            }
        }
    }

    /// A member of a map.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(name),
            _ => None,
        }
    }

    /// A member that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of a member that is a list or a set; none if it is anything else.
    pub fn items(&self, name: &str) -> &[Self] {
        match self.get(name) {
            Some(Self::List(items)) => items,
            _ => &[],
        }
    }

    /// The texts among the elements of a member.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let text = |item: &Self| match item {
            Self::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.items(name).iter().filter_map(text).collect()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let members = [
            ("unknown", Value::Unknown),
            ("null", Value::Null),
            ("bool", Value::Bool(true)),
            ("whole", Value::Number(64.into())),
            ("part", Value::number(0.5)),
            ("list", Value::List(vec!["a".into(), Value::Unknown])),
        ];
        let value = Value::Map(members.map(|(name, value)| (name.to_owned(), value)).into());
        assert_eq!(Value::read(&value.write().unwrap()).unwrap(), value);
        let mut unknown = 0;
        let json = value.to_json(&mut unknown);
        assert_eq!((unknown, &json["list"][0]), (2, &"a".into()));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        assert!(Value::read(&[0xc4, 0x01, 0x00]).is_err(), "bytes");
        assert!(
            Value::read(&[0x81, 0x01, 0x01]).is_err(),
            "a number as a name"
        );
        assert_eq!(Value::read(&[]).unwrap(), Value::Null);
    }
}
