//! Delivery streams out of Terraform's files, where Terraform has not been: variables, locals,
//! and what a stream refers to. Not all of Terraform: what cannot be resolved is named.

mod evaluate;
mod references;

use super::RESOURCE;
use super::shown::Found;
use evaluate::Evaluator;
use hcl::{Block, Body, Expression, Value};
use std::collections::BTreeMap;

/// Why files make no stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// Not HCL.
    #[error("{file} is not HCL: {cause}")]
    Syntax {
        /// Which file.
        file: String,
        /// Where and why.
        cause: String,
    },
    /// Something that only Terraform knows.
    #[error(
        "{what} is not known here: {why}. `terraform plan -out=plan` knows it, and the plan can be given instead"
    )]
    Unresolved {
        /// A reference, a function, a kind of block.
        what: String,
        /// Why.
        why: String,
    },
}

/// What files say, before anything is evaluated.
#[derive(Debug, Default)]
pub struct Files {
    /// With their defaults.
    variables: BTreeMap<String, Option<Expression>>,
    /// Values given from outside.
    given: BTreeMap<String, Value>,
    locals: BTreeMap<String, Expression>,
    /// By type and name, as references write them: `aws_s3_bucket.raw`, `data.aws_region.current`.
    resources: BTreeMap<String, Body>,
}

impl Files {
    /// Takes a `.tf` file.
    ///
    /// # Errors
    /// Where it is not HCL.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), FilesError> {
        for block in parse(file, text)?.into_blocks() {
            let labels: Vec<&str> = block.labels.iter().map(|label| label.as_str()).collect();
            match (block.identifier.as_str(), &labels[..]) {
                ("variable", [name]) => {
                    let default = argument(&block.body, "default").cloned();
                    self.variables.insert((*name).to_owned(), default);
                }
                ("locals", []) => {
                    let attributes = block.body.into_attributes();
                    self.locals
                        .extend(attributes.map(|local| (local.key.to_string(), local.expr)));
                }
                ("resource", [kind, name]) => {
                    self.resources.insert(format!("{kind}.{name}"), block.body);
                }
                ("data", [kind, name]) => {
                    self.resources
                        .insert(format!("data.{kind}.{name}"), block.body);
                }
                ("module", [name]) => {
                    // Its streams cannot be seen from here.
                    self.resources.insert(format!("module.{name}"), block.body);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a `.tfvars` file.
    ///
    /// # Errors
    /// Where it is not HCL, or refers to something.
    pub fn add_values(&mut self, file: &str, text: &str) -> Result<(), FilesError> {
        let nothing = Self::default();
        for attribute in parse(file, text)?.into_attributes() {
            let value = Evaluator::new(&nothing).value(&attribute.expr)?;
            self.given.insert(attribute.key.to_string(), value);
        }
        Ok(())
    }

    /// Sets a variable, as `-var NAME=VALUE` does.
    pub fn set(&mut self, name: &str, value: &str) {
        self.given.insert(name.to_owned(), Value::from(value));
    }

    /// Every delivery stream.
    ///
    /// # Errors
    /// The first thing that is needed and not known.
    pub fn streams(&self) -> Result<Vec<Found>, FilesError> {
        let mut found = Vec::new();
        for (address, body) in &self.resources {
            if address.split('.').next() == Some(RESOURCE) {
                let values = Evaluator::new(self).resource(address, body)?;
                found.push(Found {
                    address: address.clone(),
                    values,
                });
            }
        }
        let module = self
            .resources
            .keys()
            .find(|name| name.starts_with("module."));
        match module {
            Some(module) if found.is_empty() => Err(unresolved(module, "it is a module")),
            _ => Ok(found),
        }
    }
}

fn parse(file: &str, text: &str) -> Result<Body, FilesError> {
    hcl::parse(text).map_err(|error| FilesError::Syntax {
        file: file.to_owned(),
        cause: error.to_string(),
    })
}

fn argument<'a>(body: &'a Body, name: &str) -> Option<&'a Expression> {
    let mut attributes = body.attributes();
    Some(&attributes.find(|attribute| attribute.key() == name)?.expr)
}

fn unresolved(what: &str, why: impl Into<String>) -> FilesError {
    FilesError::Unresolved {
        what: what.to_owned(),
        why: why.into(),
    }
}

/// A block's first label, for a message.
fn label(block: &Block) -> &str {
    block.labels.first().map_or("", |label| label.as_str())
}

#[cfg(test)]
mod tests;
