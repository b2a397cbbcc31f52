//! What a site does not want said of its elements.

use std::borrow::Cow;

use clickstream_event::text::joined;

use crate::element::Element;

/// Whether anything is masked.
const MASKS: bool = cfg!(feature = "masks");

/// The attribute that masks an element and what is in it.
const MASKED: &str = "[data-clickstream-mask]";

/// What is masked: the element is told of, its words and where it leads are not.
#[derive(Debug)]
pub struct Masks {
    selector: Cow<'static, str>,
    /// No element says anything (`data-text="none"`).
    silent: bool,
}

impl Masks {
    /// `selector` is `data-mask`; one that is no selector masks everything.
    pub fn new(selector: Option<String>, text: Option<String>) -> Self {
        Self {
            selector: match selector {
                Some(more) => joined(&[MASKED, ",", &more]).into(),
                None => MASKED.into(),
            },
            silent: text.is_some_and(|text| text == "none"),
        }
    }

    /// Whether nothing is said in the words of pages at all.
    pub const fn silent(&self) -> bool {
        MASKS && self.silent
    }

    /// Whether the element or one around it is masked.
    pub fn around(&self, element: &Element) -> bool {
        MASKS && element.is_within(&self.selector).unwrap_or(true)
    }

    /// Whether the element itself is masked.
    pub fn on(&self, element: &Element) -> bool {
        MASKS && element.is(&self.selector).unwrap_or(true)
    }
}
