//! The second step's form: a card, looked at and forgotten.

use std::fmt;

use maud::{Markup, html};
use serde::Deserialize;

use super::{Faults, fault_id, field, steps, summary};
use crate::basket::Line;
use crate::routes::{Action, Page};
use crate::says::Step;
use crate::store::sessions::Session;

/// What was filled in. It is checked for its form alone and dropped with the request:
/// never stored, logged, shown again or put into an event.
#[derive(Deserialize)]
pub struct Card {
    #[serde(default)]
    holder: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    expiry: String,
    #[serde(default)]
    code: String,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Card(…)")
    }
}

impl Card {
    /// Whether it has the form of a card, or what is wrong.
    pub fn check(&self, now_ms: u64) -> Result<(), Faults> {
        let digits = |text: &str| {
            let plain: String = text
                .chars()
                .filter(|letter| !" -".contains(*letter))
                .collect();
            plain
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then_some(plain.len())
        };
        let rules = [
            (
                "holder",
                !self.holder.trim().is_empty(),
                "Write the name on the card, or any name.",
            ),
            (
                "card",
                matches!(digits(&self.card), Some(12..=19)),
                "A card number has 12 to 19 digits. Any will do: 4242 4242 4242 4242.",
            ),
            (
                "expiry",
                !expired(&self.expiry, now_ms),
                "Month and year to come, such as 12/34.",
            ),
            (
                "code",
                matches!(digits(&self.code), Some(3 | 4)),
                "Three or four digits: 123 is fine.",
            ),
        ];
        let faults: Faults = rules
            .into_iter()
            .filter(|(_, good, _)| !good)
            .map(|(name, _, what)| (name, what))
            .collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }
}

/// Whether a month (`MM/YY`) is over, or no month.
fn expired(expiry: &str, now_ms: u64) -> bool {
    let parts = expiry.split_once('/').and_then(|(month, year)| {
        let month: u64 = month.trim().parse().ok()?;
        let year: u64 = year.trim().parse().ok()?;
        let whole = if year < 100 { 2000 + year } else { year };
        ((1..=12).contains(&month) && (2000..2100).contains(&whole)).then_some((month, whole))
    });
    // A twelfth of a mean year is near enough for a card that pays nothing.
    const MONTH_MS: u64 = 2_629_746_000;
    let months_now = now_ms / MONTH_MS;
    parts.is_none_or(|(month, year)| (year - 1970) * 12 + month < months_now)
}

/// The page's content. Fields come back empty: a card is not written into a page.
pub(super) fn main(session: &Session, lines: &[Line<'_>], faults: &Faults) -> Markup {
    let fields = [
        ("holder", "Name on the card", "cc-name", "text", ""),
        (
            "card",
            "Card number",
            "cc-number",
            "numeric",
            "4242 4242 4242 4242",
        ),
        ("expiry", "Good until (MM/YY)", "cc-exp", "numeric", "12/34"),
        ("code", "Security code", "cc-csc", "numeric", "123"),
    ];
    let address = &session.address;
    html! {
        main #main tabindex="-1" {
            div.heading { h1 { "Payment" } (steps(Step::Payment)) }
            div.till {
                form.sheet-form.pay method="post" action=(Action::Pay.path()) novalidate autocomplete="off" {
                    p.note #card-note {
                        "Do not use a real card. Any number of the right length works; nothing is charged, and nothing of it is kept or tracked."
                    }
                    @for (name, label, fill, mode, example) in fields {
                        (field(faults, name, label, html! {
                            input id=(name) name=(name) autocomplete=(fill) inputmode=(mode) required
                                placeholder=(example) data-clickstream-ignore
                                aria-invalid=[fault_id(faults, name).map(|_| "true")]
                                aria-describedby=(fault_id(faults, name).unwrap_or_else(|| "card-note".to_owned()));
                        }))
                    }
                    button.button type="submit" { "Pay and order" }
                }
                div {
                    (summary(lines, session.shipping))
                    section.sum aria-labelledby="goes" {
                        h2 #goes { "Goes to" }
                        p { (address.name) br; (address.street) br; (address.postcode) " " (address.city) }
                        p { a href=(Page::Delivery.path()) { "Change" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24.
    const NOW_MS: u64 = 1_795_500_000_000;

    fn faults(holder: &str, card: &str, expiry: &str, code: &str) -> Vec<&'static str> {
        let card = Card {
            holder: holder.to_owned(),
            card: card.to_owned(),
            expiry: expiry.to_owned(),
            code: code.to_owned(),
        };
        let faults = card.check(NOW_MS).err().unwrap_or_default();
        faults.into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn any_card_of_the_right_form_will_do() {
        assert_eq!(
            faults("A", "4242 4242-4242 4242", "12/34", "123"),
            Vec::<&str>::new()
        );
        assert_eq!(
            faults("A", "123456789012", "1/2027", "1234"),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        assert_eq!(
            faults(" ", "4242", "13/34", "12x"),
            ["holder", "card", "expiry", "code"]
        );
        assert_eq!(faults("A", "4242424242424242", "10/20", "123"), ["expiry"]);
        assert_eq!(faults("A", "4242424242424242", "12-34", "123"), ["expiry"]);
    }

    #[test]
    fn a_card_is_never_printed() {
        let card = Card {
            holder: "Ada".into(),
            card: "4242".into(),
            expiry: String::new(),
            code: String::new(),
        };
        assert_eq!(format!("{card:?}"), "Card(…)");
    }
}
