//! The AWS provider's published schema, read from the committed file, and what is walked by it.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

use crate::message;
use crate::value::Value;

/// Facts of hashicorp/aws 6.69.1; see this crate's README.
const PUBLISHED: &str = include_str!("../aws-6.69.1.schema.json");

/// Everything the provider serves.
#[derive(Debug, Deserialize)]
pub struct Published {
    pub provider: Block,
    pub resource: BTreeMap<String, Block>,
    pub data: BTreeMap<String, Block>,
}

/// What may stand in a block.
#[derive(Debug, Deserialize)]
pub struct Block {
    pub attributes: BTreeMap<String, Attribute>,
    pub block_types: BTreeMap<String, Nested>,
}

/// One argument.
#[derive(Debug, Deserialize)]
pub struct Attribute {
    /// In Terraform's JSON form: `"string"`, `["set","string"]`.
    pub r#type: serde_json::Value,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub computed: bool,
}

/// A block in a block.
#[derive(Debug, Deserialize)]
pub struct Nested {
    pub block: Block,
    pub nesting_mode: Mode,
    #[serde(default)]
    pub min_items: i64,
    #[serde(default)]
    pub max_items: i64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Single,
    List,
    Set,
    Map,
}

impl Published {
    /// Reads the committed file.
    pub fn read() -> anyhow::Result<Self> {
        serde_json::from_str(PUBLISHED).context("the committed schema")
    }

    /// As Terraform asks for it.
    pub fn message(&self) -> message::GetProviderSchemaResponse {
        let all = |blocks: &BTreeMap<String, Block>| {
            let blocks = blocks.iter();
            blocks
                .map(|(name, block)| (name.clone(), block.schema()))
                .collect()
        };
        message::GetProviderSchemaResponse {
            provider: Some(self.provider.schema()),
            resource_schemas: all(&self.resource),
            data_source_schemas: all(&self.data),
        }
    }
}

impl Block {
    fn schema(&self) -> message::Schema {
        message::Schema {
            version: 0,
            block: Some(self.message()),
        }
    }

    fn message(&self) -> message::Block {
        let attribute = |(name, attribute): (&String, &Attribute)| message::Attribute {
            name: name.clone(),
            r#type: attribute.r#type.to_string().into_bytes(),
            required: attribute.required,
            optional: attribute.optional,
            computed: attribute.computed,
        };
        let nested = |(name, nested): (&String, &Nested)| message::NestedBlock {
            type_name: name.clone(),
            block: Some(nested.block.message()),
            nesting: match nested.nesting_mode {
                Mode::Single => message::Nesting::Single,
                Mode::List => message::Nesting::List,
                Mode::Set => message::Nesting::Set,
                Mode::Map => message::Nesting::Map,
            }
            .into(),
            min_items: nested.min_items,
            max_items: nested.max_items,
        };
        message::Block {
            version: 0,
            attributes: self.attributes.iter().map(attribute).collect(),
            block_types: self.block_types.iter().map(nested).collect(),
        }
    }

    /// Visits every attribute of a value, at every depth: its name, what the schema says of it,
    /// and its value, which may be replaced.
    pub fn each(&self, value: &mut Value, visit: &mut dyn FnMut(&str, &Attribute, &mut Value)) {
        let Value::Map(map) = value else { return };
        for (name, attribute) in &self.attributes {
            visit(
                name,
                attribute,
                map.entry(name.clone()).or_insert(Value::Null),
            );
        }
        for (name, nested) in &self.block_types {
            match map.get_mut(name) {
                Some(Value::List(items)) => {
                    for item in items {
                        nested.block.each(item, visit);
                    }
                }
                Some(one @ Value::Map(_)) => nested.block.each(one, visit),
                _ => {}
            }
        }
    }
}
