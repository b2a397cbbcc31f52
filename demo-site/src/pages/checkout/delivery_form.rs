//! The first step's form: name, address, way of delivery.

use maud::{Markup, html};
use serde::Deserialize;

use super::{Faults, fault_id, field, steps, summary};
use crate::basket::{Line, Shipping};
use crate::catalogue::Pence;
use crate::routes::Action;
use crate::says::Step;
use crate::store::sessions::{Address, Session};

/// The longest line of an address, in characters.
const LONGEST: usize = 120;

/// What was filled in.
#[derive(Debug, Deserialize)]
pub struct Delivery {
    #[serde(default)]
    name: String,
    #[serde(default)]
    street: String,
    #[serde(default)]
    city: String,
    #[serde(default)]
    postcode: String,
    #[serde(default)]
    shipping: String,
}

impl Delivery {
    /// As it was filled in last time.
    pub fn of(session: &Session) -> Self {
        let address = session.address.clone();
        Self {
            name: address.name,
            street: address.street,
            city: address.city,
            postcode: address.postcode,
            shipping: session.shipping.slug().to_owned(),
        }
    }

    /// The address, or what is wrong with it.
    pub fn check(&self) -> Result<(Address, Shipping), Faults> {
        let fields = [
            ("name", &self.name, "Whose door shall we knock at?"),
            ("street", &self.street, "Which street and number?"),
            ("city", &self.city, "Which town?"),
            (
                "postcode",
                &self.postcode,
                "Which postcode? Invented ones are fine.",
            ),
        ];
        let fits = |text: &str| {
            let length = text.trim().chars().count();
            (1..=LONGEST).contains(&length)
        };
        let faults: Faults = fields
            .iter()
            .filter(|(_, text, _)| !fits(text))
            .map(|(name, _, what)| (*name, *what))
            .collect();
        let address = Address {
            name: self.name.trim().to_owned(),
            street: self.street.trim().to_owned(),
            city: self.city.trim().to_owned(),
            postcode: self.postcode.trim().to_owned(),
        };
        match Shipping::from_slug(&self.shipping) {
            Some(shipping) if faults.is_empty() => Ok((address, shipping)),
            Some(_) => Err(faults),
            None => Err([faults, vec![("shipping", "Choose how it shall travel.")]].concat()),
        }
    }

    fn shipping(&self) -> Shipping {
        Shipping::from_slug(&self.shipping).unwrap_or_default()
    }
}

/// The page's content.
pub(super) fn main(form: &Delivery, lines: &[Line<'_>], faults: &Faults) -> Markup {
    let subtotal = lines
        .iter()
        .map(|line| line.book.price.times(line.quantity))
        .sum();
    let texts = [
        ("name", "Name", &form.name, "name"),
        (
            "street",
            "Street and number",
            &form.street,
            "street-address",
        ),
        ("city", "Town", &form.city, "address-level2"),
        ("postcode", "Postcode", &form.postcode, "postal-code"),
    ];
    html! {
        main #main tabindex="-1" {
            div.heading { h1 { "Where to?" } (steps(Step::Delivery)) }
            div.till {
                form.sheet-form method="post" action=(Action::Delivery.path()) novalidate {
                    @for (name, label, value, fill) in texts {
                        (field(faults, name, label, html! {
                            input id=(name) name=(name) value=(value) autocomplete=(fill) required
                                maxlength=(LONGEST)
                                aria-invalid=[fault_id(faults, name).map(|_| "true")]
                                aria-describedby=[fault_id(faults, name)];
                        }))
                    }
                    fieldset {
                        legend { "How shall it travel?" }
                        @for way in Shipping::ALL {
                            label.choice {
                                input type="radio" name="shipping" value=(way.slug()) checked[way == form.shipping()];
                                span {
                                    (way.name()) " ("
                                    @match way.price(subtotal) {
                                        Pence(0) => "free",
                                        price => { (price) }
                                    }
                                    ")"
                                }
                            }
                        }
                        @if let Some((_, what)) = faults.iter().find(|(name, _)| *name == "shipping") {
                            p.fault { (what) }
                        }
                    }
                    button.button type="submit" { "On to payment" }
                }
                (summary(lines, form.shipping()))
            }
        }
    }
}
