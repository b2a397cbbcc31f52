//! What a visitor has allowed: whether events are made, kept back or dropped, and whether anything
//! may be stored. No browser in here.

use clickstream_event::text::joined;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Consent {
    /// It is recorded.
    #[default]
    Granted,
    /// It waits in memory for the decision.
    Held,
    /// It is dropped: there is no decision, or the visitor has refused.
    Refused,
}

/// The decision of a visitor, as a site has told it: a JSON object of categories.
#[derive(Debug, Default)]
pub struct Decision {
    /// `{"analytics":true,"marketing":false}`; empty before there is one.
    pub categories: String,
    /// What happens before there is one.
    before: Consent,
}

impl Decision {
    /// `setting` is `data-consent`: `hold` or `drop` where a visitor has to be asked, anything else
    /// where nobody has to. `known` is the decision of before.
    #[must_use]
    pub fn open(setting: &str, known: Option<String>) -> Self {
        Self {
            categories: known.unwrap_or_default(),
            before: match setting {
                "hold" => Consent::Held,
                "drop" => Consent::Refused,
                _ => Consent::Granted,
            },
        }
    }

    /// Takes a decision, if it is one: it has to say something of `analytics`.
    pub fn take(&mut self, categories: String) -> bool {
        let before = std::mem::replace(&mut self.categories, categories);
        let decides = self.has("analytics", ":true") || self.has("analytics", ":false");
        if !decides {
            self.categories = before;
        }
        decides
    }

    /// What becomes of an event.
    #[must_use]
    pub fn state(&self) -> Consent {
        if !cfg!(feature = "consent") {
            return Consent::Granted;
        }
        match self.says("analytics") {
            Some(true) => Consent::Granted,
            Some(false) => Consent::Refused,
            None => self.before,
        }
    }

    /// Whether what led here may be kept as advertisements' networks name it; where a visitor has
    /// to be asked, only once that was allowed.
    #[must_use]
    pub fn marketing(&self) -> bool {
        self.says("marketing")
            .unwrap_or(self.before == Consent::Granted)
    }

    /// What is said of a category; a decision that does not name one leaves it refused.
    fn says(&self, category: &str) -> Option<bool> {
        (!self.categories.is_empty()).then(|| self.has(category, ":true"))
    }

    fn has(&self, category: &str, value: &str) -> bool {
        let wanted = joined(&["\"", category, "\"", value]);
        let (all, wanted) = (self.categories.as_bytes(), wanted.as_bytes());
        all.windows(wanted.len()).any(|part| part == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(setting: &str, known: Option<&str>) -> Consent {
        Decision::open(setting, known.map(str::to_owned)).state()
    }

    #[test]
    fn before_a_decision_the_site_s_setting_holds() {
        assert_eq!(state("", None), Consent::Granted);
        assert_eq!(state("hold", None), Consent::Held);
        assert_eq!(state("drop", None), Consent::Refused);
    }

    #[test]
    fn a_decision_holds_whatever_the_setting() {
        for setting in ["", "hold", "drop"] {
            let state = |known| state(setting, Some(known));
            assert_eq!(state(r#"{"analytics":true}"#), Consent::Granted);
            assert_eq!(
                state(r#"{"marketing":true,"analytics":true}"#),
                Consent::Granted
            );
            assert_eq!(state(r#"{"analytics":false}"#), Consent::Refused);
            assert_eq!(state(r#"{"marketing":true}"#), Consent::Refused);
            assert_eq!(state("{}"), Consent::Refused);
        }
    }

    #[test]
    fn what_says_nothing_of_analytics_is_no_decision() {
        let mut decision = Decision::open("hold", None);
        for other in [
            "[]",
            "{}",
            r#"{"marketing":true}"#,
            r#"{"analytics":"yes"}"#,
        ] {
            assert!(!decision.take(other.to_owned()), "{other}");
            assert_eq!(decision.state(), Consent::Held);
        }
        assert!(decision.take(r#"{"analytics":true}"#.to_owned()));
        assert!(!decision.take("{}".to_owned()));
        assert_eq!(decision.state(), Consent::Granted);
    }

    #[test]
    fn marketing_is_a_category_of_its_own() {
        let marketing = |known: &str| Decision::open("", Some(known.to_owned())).marketing();
        assert!(Decision::open("", None).marketing());
        assert!(!Decision::open("hold", None).marketing());
        assert!(marketing(r#"{"analytics":true,"marketing":true}"#));
        assert!(!marketing(r#"{"analytics":true,"marketing":false}"#));
        assert!(!marketing(r#"{"analytics":true}"#));
    }
}
