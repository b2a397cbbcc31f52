//! What can be done on a page, as a script in it finds, and which of it is chosen.

use std::time::Duration;

use fantoccini::Client;
use fantoccini::elements::{Element, ElementRef};
use fantoccini::error::CmdError;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::Value;

/// How much likelier something in the page's main part is chosen than something around it,
/// which is there on every page.
const MAIN: u32 = 4;

/// A page as a visitor could use it.
#[derive(Debug, Default, Deserialize)]
pub struct Page {
    /// What can be done.
    pub found: Vec<Choice>,
    /// Words on it.
    pub words: Vec<String>,
    /// Whose page it is.
    pub origin: String,
}

/// Something to do.
#[derive(Clone, Debug, Deserialize)]
pub struct Choice {
    /// With what.
    pub element: Handle,
    /// What it is.
    pub kind: Kind,
    /// What it has in common with others of its sort, such as the books of a shelf.
    pub sort: String,
    /// What it says.
    pub text: String,
    /// Where a link leads.
    pub href: Option<String>,
    /// Whether it is in the page's main part.
    pub main: bool,
    /// The empty fields of the form that it sends.
    pub fields: Vec<Field>,
    /// How many options a list has.
    pub options: usize,
}

/// What something to do is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A link within the site.
    Link,
    /// A button, or what acts as one.
    Button,
    /// A button that sends a form.
    Submit,
    /// A box to tick, one of several to choose.
    Choice,
    /// A list to choose from.
    Select,
}

/// A form's field.
#[derive(Clone, Debug, Deserialize)]
pub struct Field {
    /// The field.
    pub element: Handle,
    /// Its type, or `choice`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What browsers may fill in.
    pub autocomplete: String,
    /// The most characters it takes; below 0 any number.
    pub longest: i32,
}

/// An element on a page, by the driver's name for it.
#[derive(Clone, Debug, Deserialize)]
pub struct Handle {
    #[serde(rename = "element-6066-11e4-a52e-4f735466cecf")]
    name: String,
}

impl Handle {
    /// The element to act on.
    #[must_use]
    pub fn on(&self, client: &Client) -> Element {
        Element::from_element_id(client.clone(), ElementRef::from(self.name.clone()))
    }
}

/// Which document is open where, once it is complete.
const AT_REST: &str = "return document.readyState === 'complete' \
    ? [performance.timeOrigin, location.href] : null";

/// Between two looks at whether a page is at rest.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// After so many looks a page is taken as it is: some load for ever.
const LOOKS: usize = 100;

impl Page {
    /// Looks at the page that is open, once it has come to rest: a click may lead on after
    /// the driver has called it done, and what was seen before that is stale.
    ///
    /// # Errors
    /// What the driver says.
    pub async fn look(client: &Client) -> Result<Self, CmdError> {
        let mut before = Value::Null;
        for _ in 0..LOOKS {
            let now = client.execute(AT_REST, Vec::new()).await?;
            if !now.is_null() && now == before {
                break;
            }
            before = now;
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let found = client.execute(include_str!("page.js"), Vec::new()).await?;
        Ok(serde_json::from_value(found)?)
    }

    /// Takes one of the choices out, by chance: first a sort, then one of it. So the one
    /// button beside a shelf of forty books is pressed at times.
    pub fn choose(&mut self, random: &mut ChaCha8Rng) -> Option<Choice> {
        // In the page's order, so that the same page and seed choose the same.
        let mut sorts: Vec<(&str, u32)> = Vec::new();
        for choice in &self.found {
            if !sorts.iter().any(|(sort, _)| *sort == choice.sort) {
                sorts.push((&choice.sort, if choice.main { MAIN } else { 1 }));
            }
        }
        let total: u32 = sorts.iter().map(|(_, weight)| weight).sum();
        if total == 0 {
            return None;
        }
        let mut left = random.random_range(0..total);
        let (sort, _) = sorts.into_iter().find(|(_, weight)| {
            let here = left < *weight;
            left = left.saturating_sub(*weight);
            here
        })?;
        let of_the_sort: Vec<usize> = (0..self.found.len())
            .filter(|at| {
                self.found
                    .get(*at)
                    .is_some_and(|choice| choice.sort == sort)
            })
            .collect();
        let at = of_the_sort.get(random.random_range(0..of_the_sort.len()))?;
        Some(self.found.remove(*at))
    }
}

impl Choice {
    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        let kind = match self.kind {
            Kind::Link => "link",
            Kind::Button => "button",
            Kind::Submit => "form",
            Kind::Choice => "choice",
            Kind::Select => "list",
        };
        match &self.href {
            Some(href) => format!("{kind} \u{201c}{}\u{201d} to {href}", self.text),
            None => format!("{kind} \u{201c}{}\u{201d}", self.text),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// The name under which a WebDriver writes an element.
    const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

    /// A page with things of these sorts; those that begin with `m` are in its main part.
    fn page(sorts: &[&str]) -> Page {
        let found: Vec<_> = sorts
            .iter()
            .enumerate()
            .map(|(number, sort)| {
                serde_json::json!({
                    "element": { ELEMENT: number.to_string() },
                    "kind": "link", "sort": sort, "text": "a", "href": "/",
                    "main": sort.starts_with('m'), "fields": [], "options": 0,
                })
            })
            .collect();
        serde_json::from_value(serde_json::json!({ "found": found, "words": [], "origin": "o" }))
            .unwrap()
    }

    #[test]
    fn every_sort_is_chosen_at_times_the_main_part_oftener_and_each_of_a_sort_evenly() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut times = [0_u32; 6];
        for _ in 0..9_000 {
            let mut page = page(&["m-shelf", "m-shelf", "m-shelf", "m-button", "nav", "nav"]);
            let choice = page.choose(&mut random).unwrap();
            times[choice.element.name.parse::<usize>().unwrap()] += 1;
        }
        // Of nine shares, four each for the main part's sorts and one for what is around it.
        for (number, expected) in [1_333, 1_333, 1_333, 4_000, 500, 500]
            .into_iter()
            .enumerate()
        {
            assert!(times[number].abs_diff(expected) < expected / 5, "{times:?}");
        }
    }

    #[test]
    fn what_was_taken_is_not_chosen_again_and_then_nothing_is_left() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut page = page(&["m", "nav", "m"]);
        let mut names: Vec<_> = std::iter::from_fn(|| page.choose(&mut random))
            .map(|choice| choice.element.name)
            .collect();
        names.sort();
        assert_eq!(names, ["0", "1", "2"]);
    }
}
