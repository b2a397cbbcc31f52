//! Shapes of the service's model as values: what a request's JSON may hold, and the model's
//! words for what it may not. Nothing is ignored: a member that the model does not have is
//! refused by name, as is one that this crate does not build.

use super::error::ApiError;
use serde_json::{Map, Value};
use std::fmt::Write;

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    /// An object with these members and no others.
    Structure(&'static [Member]),
    /// A list of one shape, of so many entries.
    List(&'static Shape, usize, usize),
    /// A text: fewest and most characters, and its pattern with who checks it.
    Text(usize, usize, Option<Pattern>),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from one to another.
    Number(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// AWS takes it, this crate does not: refused by its name and with this advice.
    NotBuilt(&'static str),
}

/// A pattern as the model writes it, and the function that knows it.
pub type Pattern = (&'static str, fn(&str) -> bool);

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it may be.
    pub shape: &'static Shape,
}

/// A member that must be there.
pub const fn must(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        required: true,
        shape,
    }
}

/// A member that may be there.
pub const fn may(name: &'static str, shape: &'static Shape) -> Member {
    Member {
        name,
        required: false,
        shape,
    }
}

/// Holds a request to its shape: all that breaks a constraint is told at once, as AWS does.
///
/// # Errors
/// `SerializationException` for another type or an unknown member, else `ValidationException`.
pub fn check(shape: &Shape, value: &Value) -> Result<(), ApiError> {
    let mut found = Violations::default();
    found.walk(shape, value, &mut String::new())?;
    found.into_result()
}

/// Holds one text to its shape.
///
/// # Errors
/// `ValidationException`.
pub fn check_text(shape: &Shape, text: &str, path: &str) -> Result<(), ApiError> {
    let mut found = Violations::default();
    if let Shape::Text(least, most, pattern) = shape {
        found.text(text, (*least, *most), pattern.as_ref(), path);
    }
    found.into_result()
}

/// Refuses what AWS takes and this crate does not build.
///
/// # Errors
/// `InvalidArgumentException` with the member's path.
pub fn refuse_not_built(shape: &Shape, value: &Value) -> Result<(), ApiError> {
    not_built(shape, value, &mut String::new())
}

fn not_built(shape: &Shape, value: &Value, path: &mut String) -> Result<(), ApiError> {
    match (shape, value) {
        (_, Value::Null) => Ok(()),
        (Shape::NotBuilt(advice), _) => Err(ApiError::not_built(path, advice)),
        (Shape::Structure(members), Value::Object(object)) => {
            for member in *members {
                let Some(value) = object.get(member.name) else {
                    continue;
                };
                let length = enter(path, member.name);
                not_built(member.shape, value, path)?;
                path.truncate(length);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Appends a member's name as the service writes paths: with a small first letter.
fn enter(path: &mut String, name: &str) -> usize {
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    let mut letters = name.chars();
    path.extend(letters.next().map(|first| first.to_ascii_lowercase()));
    path.push_str(letters.as_str());
    length
}

#[derive(Default)]
struct Violations(Vec<String>);

impl Violations {
    fn into_result(self) -> Result<(), ApiError> {
        match self.0.len() {
            0 => Ok(()),
            count => Err(ApiError::violations(count, &self.0.join("; "))),
        }
    }

    fn add(&mut self, path: &str, constraint: &str) {
        self.0.push(format!(
            "Value at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }

    fn walk(&mut self, shape: &Shape, value: &Value, path: &mut String) -> Result<(), ApiError> {
        match (shape, value) {
            (Shape::NotBuilt(_), _) => {}
            (Shape::Structure(members), Value::Object(object)) => {
                self.members(members, object, path)?;
            }
            (Shape::List(of, least, most), Value::Array(values)) => {
                self.length(values.len(), *least, *most, path);
                for (number, value) in values.iter().enumerate().take(*most) {
                    let length = path.len();
                    let _ = write!(path, ".{}.member", number + 1);
                    self.walk(of, value, path)?;
                    path.truncate(length);
                }
            }
            (Shape::Text(least, most, pattern), Value::String(text)) => {
                self.text(text, (*least, *most), pattern.as_ref(), path);
            }
            (Shape::OneOf(words), Value::String(text)) => {
                if !words.contains(&text.as_str()) {
                    let set = words.join(", ");
                    self.add(
                        path,
                        &format!("Member must satisfy enum value set: [{set}]"),
                    );
                }
            }
            (Shape::Number(least, most), Value::Number(number)) => {
                let Some(number) = number.as_i64() else {
                    return Err(ApiError::wrong_type(path, "an Integer"));
                };
                if number < *least {
                    let words = format!("Member must have value greater than or equal to {least}");
                    self.add(path, &words);
                }
                if number > *most {
                    let words = format!("Member must have value less than or equal to {most}");
                    self.add(path, &words);
                }
            }
            (Shape::Boolean, Value::Bool(_)) => {}
            (shape, _) => return Err(ApiError::wrong_type(path, shape.type_name())),
        }
        Ok(())
    }

    fn members(
        &mut self,
        members: &[Member],
        object: &Map<String, Value>,
        path: &mut String,
    ) -> Result<(), ApiError> {
        if let Some(unknown) = object
            .keys()
            .find(|name| members.iter().all(|member| member.name != name.as_str()))
        {
            let length = enter(path, unknown);
            let error = ApiError::unknown_member(path);
            path.truncate(length);
            return Err(error);
        }
        for member in members {
            let length = enter(path, member.name);
            match object.get(member.name) {
                None | Some(Value::Null) if member.required => {
                    self.add(path, "Member must not be null");
                }
                None | Some(Value::Null) => {}
                Some(value) => self.walk(member.shape, value, path)?,
            }
            path.truncate(length);
        }
        Ok(())
    }

    fn length(&mut self, length: usize, least: usize, most: usize, path: &str) {
        if length < least {
            let words = format!("Member must have length greater than or equal to {least}");
            self.add(path, &words);
        }
        if length > most {
            let words = format!("Member must have length less than or equal to {most}");
            self.add(path, &words);
        }
    }

    fn text(
        &mut self,
        text: &str,
        (least, most): (usize, usize),
        pattern: Option<&Pattern>,
        path: &str,
    ) {
        self.length(text.chars().count(), least, most, path);
        if let Some((pattern, holds)) = pattern
            && !holds(text)
        {
            let words = format!("Member must satisfy regular expression pattern: {pattern}");
            self.add(path, &words);
        }
    }
}

impl Shape {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Structure(_) | Self::NotBuilt(_) => "a Structure",
            Self::List(..) => "a List",
            Self::Text(..) | Self::OneOf(_) => "a String",
            Self::Number(..) => "an Integer",
            Self::Boolean => "a Boolean",
        }
    }
}
