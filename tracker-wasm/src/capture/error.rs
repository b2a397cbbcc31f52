//! Errors of a page's scripts: the first few of each page are told, each once, the others counted. No
//! browser in here.

use std::mem::take;

use clickstream_event::{
    observed::{ErrorOccurred, ErrorsCounted},
    text::{cut, split},
    write,
};

use crate::redact::redacted;

/// Errors that are told of a page, at most.
const TOLD: usize = 10;
/// The longest message and the longest address of a script, in characters.
const TEXT: usize = 300;
/// The longest list of functions, in characters.
const STACK: usize = 2000;

/// What browsers say of an error in another origin's script.
const FOREIGN: &str = "Script error.";

/// An error as a browser tells of it; texts may be empty, numbers 0.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// Of a promise that nobody caught.
    pub rejected: bool,
    /// The error's class.
    pub name: String,
    /// What it says.
    pub message: String,
    /// The script's address.
    pub source: String,
    /// The line in it.
    pub line: u32,
    /// The column in that.
    pub column: u32,
    /// The functions that had been called.
    pub stack: String,
}

/// The errors of a page.
#[derive(Debug, Default)]
pub struct Errors {
    told: Vec<String>,
    counted: ErrorsCounted,
}

impl Errors {
    /// The properties of an error that is to be told of, without what `redact` leaves out of addresses;
    /// with `silent` nothing is said in its words. Or a word why it is only counted.
    pub fn take(
        &mut self,
        problem: &Problem,
        redact: &str,
        silent: bool,
    ) -> Result<String, &'static str> {
        let Problem { message, name, .. } = problem;
        if message == FOREIGN && problem.line == 0 {
            self.counted.foreign += 1;
            return Err("foreign");
        }
        let shown = |text: &str, longest| {
            let lines = text.split('\n').map(|line| redacted(line, redact));
            let hidden: Vec<String> = text
                .split('\n')
                .zip(lines)
                .map(|(line, shown)| shown.unwrap_or_else(|| line.to_owned()))
                .collect();
            cut(&hidden.join("\n"), longest).to_owned()
        };
        let (source, stack) = (shown(&problem.source, TEXT), shown(&problem.stack, STACK));
        let message = shown(message, TEXT);
        let filled = |text: &str| !text.is_empty();
        let number = |number: u32| (number > 0).then_some(number);
        let occurred = ErrorOccurred {
            kind: if problem.rejected {
                "rejection"
            } else {
                "error"
            },
            name: Some(cut(name, TEXT)).filter(|text| filled(text)),
            // A stack begins with the message.
            message: Some(message.as_str()).filter(|text| filled(text) && !silent),
            source: Some(source.as_str()).filter(|text| filled(text)),
            line: number(problem.line),
            column: number(problem.column),
            stack: Some(stack.as_str()).filter(|text| filled(text) && !silent),
        };
        let details = write::object(&occurred).unwrap_or_default();
        if self.told.contains(&details) {
            self.counted.repeated += 1;
            return Err("again");
        }
        if self.told.len() >= TOLD {
            self.counted.more += 1;
            return Err("many");
        }
        self.told.push(details.clone());
        Ok(details)
    }

    /// The page ends: how many were not told, if there were any; once.
    pub fn end(&mut self) -> Option<ErrorsCounted> {
        Some(take(&mut self.counted)).filter(|counted| *counted != ErrorsCounted::default())
    }
}

/// Class and message of what is told in one text, as `Uncaught TypeError: x is null`.
#[must_use]
pub fn parted(told: &str) -> (&str, &str) {
    let told = told.strip_prefix("Uncaught ").unwrap_or(told);
    let (class, message) = split(told, b':');
    let is_class = class.ends_with("Error") && !class.contains(' ');
    match message.strip_prefix(" ").filter(|_| is_class) {
        Some(message) => (class, message),
        None => ("", told),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problem(message: &str) -> Problem {
        Problem {
            message: message.to_owned(),
            source: "https://s.example/a.js?token=abc".to_owned(),
            line: 3,
            column: 14,
            stack: format!(
                "Error: {message}\n at f (https://s.example/a.js?token=abc:3:14)\n at g"
            ),
            ..Problem::default()
        }
    }

    #[test]
    fn an_error_is_told_without_secrets_and_bounded() {
        let mut errors = Errors::default();
        let told = errors.take(&problem("broken"), "", false).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(
            told,
            json!({
                "kind": "error", "message": "broken", "source": "https://s.example/a.js?token=redacted",
                "line": 3, "column": 14,
                "stack": "Error: broken\n at f (https://s.example/a.js?token=redacted\n at g",
            })
        );
        let long = "é".repeat(5000);
        let told = errors.take(&problem(&long), "", false).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        let length = |name: &str| told[name].as_str().unwrap().chars().count();
        assert_eq!((length("message"), length("stack")), (TEXT, STACK));
        assert_eq!(errors.end(), None);
    }

    #[test]
    fn in_no_words_a_page_s_errors_are_told_by_their_place() {
        let told = Errors::default()
            .take(&problem("Mr Brown"), "", true)
            .unwrap();
        assert!(!told.contains("Brown"), "{told}");
        assert!(told.contains("\"line\":3"), "{told}");
    }

    #[test]
    fn the_same_the_foreign_and_what_is_too_much_are_counted() {
        let mut errors = Errors::default();
        for number in 0..TOLD + 3 {
            let taken = errors.take(&problem(&format!("number {number}")), "", false);
            assert_eq!(taken.is_ok(), number < TOLD);
        }
        let again = errors.take(&problem("number 1"), "", false);
        assert_eq!(again, Err("again"));
        let foreign = Problem {
            message: FOREIGN.to_owned(),
            ..Problem::default()
        };
        assert_eq!(errors.take(&foreign, "", false), Err("foreign"));
        let (repeated, foreign, more) = (1, 1, 3);
        let counted = ErrorsCounted {
            repeated,
            foreign,
            more,
        };
        assert_eq!(errors.end(), Some(counted));
        assert_eq!(errors.end(), None, "once");
    }

    #[test]
    fn a_text_that_names_its_class_comes_apart() {
        for (told, parts) in [
            ("Uncaught TypeError: x is null", ("TypeError", "x is null")),
            ("Error: a: b", ("Error", "a: b")),
            ("Uncaught out of order", ("", "out of order")),
            ("No such Error: x", ("", "No such Error: x")),
            ("TypeError", ("", "TypeError")),
            ("", ("", "")),
        ] {
            assert_eq!(parted(told), parts);
        }
    }
}
