//! Expressions evaluated: each reference is resolved first, then the expression as a whole.

use super::references::{self, References};
use super::{Files, FilesError, argument, label, unresolved};
use crate::config::{PartitionBy, StreamConfig};
use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};
use hcl::{Body, Expression, Map, Value};

/// Arguments and blocks that change nothing about where a record goes: not evaluated, since
/// they refer to what only AWS knows.
const PASSED_OVER: [&str; 9] = [
    "role_arn",
    "kms_key_arn",
    "tags",
    "depends_on",
    "provider",
    "lifecycle",
    "timeouts",
    "server_side_encryption",
    "provisioner",
];

/// What evaluates, with what is being evaluated: a thing that refers to itself has no value.
#[derive(Debug)]
pub struct Evaluator<'a> {
    files: &'a Files,
    open: Vec<String>,
}

impl<'a> Evaluator<'a> {
    /// Over these files.
    pub fn new(files: &'a Files) -> Self {
        Self {
            files,
            open: Vec::new(),
        }
    }

    /// A resource's values, as `terraform show -json` has them.
    ///
    /// # Errors
    /// What is not known here, by name.
    pub fn resource(
        &mut self,
        address: &str,
        body: &Body,
    ) -> Result<serde_json::Value, FilesError> {
        for name in ["count", "for_each"] {
            if argument(body, name).is_some() {
                return Err(unresolved(address, format!("it has a {name}")));
            }
        }
        self.block(address, body)
    }

    fn block(&mut self, path: &str, body: &Body) -> Result<serde_json::Value, FilesError> {
        let mut members = serde_json::Map::new();
        for attribute in body.attributes() {
            let name = attribute.key();
            if !PASSED_OVER.contains(&name) {
                let value = self.value(&attribute.expr)?;
                let value = serde_json::to_value(value)
                    .map_err(|error| unresolved(&format!("{path}.{name}"), error.to_string()))?;
                members.insert(name.to_owned(), value);
            }
        }
        for block in body.blocks() {
            let name = block.identifier();
            let inner = format!("{path}.{name}");
            if name == "dynamic" {
                let what = format!("{inner} {}", label(block));
                return Err(unresolved(
                    &what,
                    "blocks are only read as they are written",
                ));
            }
            if PASSED_OVER.contains(&name) {
                continue;
            }
            let value = self.block(&inner, block.body())?;
            let blocks = members
                .entry(name)
                .or_insert_with(|| Vec::<serde_json::Value>::new().into());
            match blocks.as_array_mut() {
                Some(blocks) => blocks.push(value),
                None => return Err(unresolved(&inner, "it is an argument and a block")),
            }
        }
        Ok(members.into())
    }

    /// An expression's value.
    ///
    /// # Errors
    /// What is not known here, by name.
    pub fn value(&mut self, expression: &Expression) -> Result<Value, FilesError> {
        let mut context = functions();
        for (root, value) in self.scope(references::of(expression)?)? {
            context.declare_var(root, value);
        }
        expression
            .evaluate(&context)
            .map_err(|error| unresolved(&expression.to_string(), error.to_string()))
    }

    /// The values of references, as the nested objects in which expressions find them.
    fn scope(&mut self, references: References) -> Result<Map<String, Value>, FilesError> {
        let mut scope = Map::new();
        for names in references {
            let value = self.reference(&names)?;
            put(&mut scope, &names, value);
        }
        Ok(scope)
    }

    fn reference(&mut self, names: &[String]) -> Result<Value, FilesError> {
        let spelled = names.join(".");
        if self.open.contains(&spelled) {
            return Err(unresolved(&spelled, "it refers to itself"));
        }
        self.open.push(spelled.clone());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let value = match names[..] {
            ["var", name] => self.variable(name),
            ["local", name] => match self.files.locals.get(name) {
                Some(expression) => self.value(expression),
                None => Err(unresolved(&spelled, "there is no such local value")),
            },
            ["data", kind, _, attribute] => match known_to_everybody(kind, attribute) {
                Some(value) => Ok(value.into()),
                None => Err(unresolved(&spelled, "only AWS knows it")),
            },
            [kind, name, attribute] => self.attribute(kind, name, attribute),
            _ => Err(unresolved(&spelled, "only Terraform knows it")),
        };
        self.open.pop();
        value
    }

    fn variable(&mut self, name: &str) -> Result<Value, FilesError> {
        if let Some(value) = self.files.given.get(name) {
            return Ok(value.clone());
        }
        match self.files.variables.get(name) {
            Some(Some(default)) => self.value(default),
            Some(None) => Err(unresolved(
                &format!("var.{name}"),
                "it has no default, and no value is given",
            )),
            None => Err(unresolved(
                &format!("var.{name}"),
                "there is no such variable",
            )),
        }
    }

    /// An attribute of another resource: an argument of it, or what follows from its name.
    fn attribute(&mut self, kind: &str, name: &str, attribute: &str) -> Result<Value, FilesError> {
        let address = format!("{kind}.{name}");
        let Some(body) = self.files.resources.get(&address) else {
            return Err(unresolved(&address, "there is no such resource"));
        };
        let named_by = match (kind, attribute) {
            ("aws_s3_bucket", "arn" | "id") => "bucket",
            ("aws_cloudwatch_log_group" | "aws_cloudwatch_log_stream", "id") => "name",
            _ => attribute,
        };
        let Some(expression) = argument(body, named_by) else {
            let what = format!("{address}.{attribute}");
            return Err(unresolved(&what, "only AWS knows it"));
        };
        let value = self.value(expression)?;
        Ok(match (kind, attribute, value.as_str()) {
            ("aws_s3_bucket", "arn", Some(bucket)) => format!("arn:aws:s3:::{bucket}").into(),
            _ => value,
        })
    }
}

/// Data that is the same for every stream here: the emulated account's.
fn known_to_everybody(kind: &str, attribute: &str) -> Option<String> {
    let local = StreamConfig::clickstream(PartitionBy::User);
    match (kind, attribute) {
        ("aws_caller_identity", "account_id" | "id") => Some(local.account),
        ("aws_region", "region" | "name" | "id") => Some(local.region),
        ("aws_partition", "partition" | "id") => Some("aws".into()),
        _ => None,
    }
}

/// Puts a value at the end of nested objects.
fn put(scope: &mut Map<String, Value>, names: &[String], value: Value) {
    match names {
        [] => {}
        [last] => {
            scope.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = scope
                .entry(first.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// The functions of Terraform that names and prefixes are made with; another one is refused by
/// its name.
fn functions() -> Context<'static> {
    let mut context = Context::new();
    let one = |func| FuncDef::builder().param(ParamType::String).build(func);
    context.declare_func("lower", one(|args| map(&args, |text| text.to_lowercase())));
    context.declare_func("upper", one(|args| map(&args, |text| text.to_uppercase())));
    context.declare_func(
        "trimspace",
        one(|args| map(&args, |text| text.trim().to_owned())),
    );
    let join = FuncDef::builder()
        .param(ParamType::String)
        .param(ParamType::array_of(ParamType::String))
        .build(|args| {
            let texts = args[1].as_array().into_iter().flatten();
            let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
            Ok(texts.join(text(&args, 0)).into())
        });
    context.declare_func("join", join);
    let replace = FuncDef::builder()
        .params([ParamType::String, ParamType::String, ParamType::String])
        .build(|args| {
            let pattern = text(&args, 1);
            if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') {
                return Err("patterns between slashes are not known here".into());
            }
            Ok(text(&args, 0).replace(pattern, text(&args, 2)).into())
        });
    context.declare_func("replace", replace);
    context
}

fn text(args: &FuncArgs, number: usize) -> &str {
    args[number].as_str().unwrap_or_default()
}

fn map(args: &FuncArgs, change: impl Fn(&str) -> String) -> Result<Value, String> {
    Ok(change(text(args, 0)).into())
}
