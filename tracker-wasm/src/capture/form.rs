//! Forms: started, submitted, abandoned. Names of fields, never their values.

use clickstream_event::action::{Form, FormFilled};
use js_sys::Array;
use wasm_bindgen::JsCast;

use crate::{
    element::{self, Element},
    js,
    redact::redacted,
};

/// Fields that are told of a form, at most.
const FIELDS: usize = 50;

/// The forms of a page that somebody has begun to fill in.
#[derive(Debug)]
pub struct Forms {
    begun: Vec<Begun>,
    /// Query parameters that are left out of `action`.
    redact: String,
}

/// A form as it is told of.
#[derive(Debug)]
pub struct Begun {
    form: Element,
    id: Option<String>,
    name: Option<String>,
    action: Option<String>,
    fields: Vec<String>,
    /// When the first input was, in milliseconds since 1970.
    began: Option<f64>,
}

impl Forms {
    /// None yet; `redact` are query parameters that are left out of what is told.
    pub fn new(redact: String) -> Self {
        Self {
            begun: Vec::new(),
            redact,
        }
    }

    /// Something was put into a field; `path` is the event's. Gives the form if it was the first
    /// time.
    pub fn input(&mut self, path: &Array, now: f64) -> Option<&Begun> {
        let field = element::at(path, 0)?;
        let form = js::get(&field, "form");
        if !form.is_truthy() {
            return None;
        }
        let form: Element = form.unchecked_into();
        let known = self.begun.iter().position(|begun| begun.form == form);
        let at = known.unwrap_or_else(|| {
            self.begun.push(Begun::of(form, &self.redact));
            self.begun.len() - 1
        });
        let begun = self.begun.get_mut(at)?;
        begun.began.get_or_insert(now);
        let name = element::attribute(&field, "name").or_else(|| element::attribute(&field, "id"));
        if let Some(name) = name.filter(|name| !begun.fields.contains(name))
            && begun.fields.len() < FIELDS
        {
            begun.fields.push(name);
        }
        known.is_none().then_some(begun)
    }

    /// A form was submitted: it is told of, and no longer begun.
    pub fn submit(&mut self, path: &Array) -> Option<Begun> {
        let form = element::at(path, 0)?;
        let known = self.begun.iter().position(|begun| begun.form == form);
        Some(match known {
            Some(at) => self.begun.swap_remove(at),
            None => Begun::of(form, &self.redact),
        })
    }

    /// The page is left: the forms that were begun and not submitted.
    pub fn abandon(&mut self) -> Vec<Begun> {
        std::mem::take(&mut self.begun)
    }
}

impl Begun {
    fn of(form: Element, redact: &str) -> Self {
        let action = element::attribute(&form, "action");
        Self {
            id: element::attribute(&form, "id"),
            name: element::attribute(&form, "name"),
            action: action.map(|action| redacted(&action, redact).unwrap_or(action)),
            form,
            fields: Vec::new(),
            began: None,
        }
    }

    /// The form as an event has it.
    pub fn filled(&self, now: f64) -> FormFilled<'_> {
        FormFilled {
            form: Form {
                id: self.id.as_deref(),
                name: self.name.as_deref(),
                action: self.action.as_deref(),
            },
            fields: &self.fields,
            duration_ms: self.began.map(|began| (now - began) as u32),
        }
    }
}
