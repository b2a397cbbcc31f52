//! One pass over an event's JSON, copying what stays.
//!
//! It holds to JSON's structure and looks into no number and no word: rejected events break rules, and
//! are kept all the same where names can be told from values. Without recursion.

use super::Rules;
use super::path::{self, Places};

/// Deeper than this nobody looks for what to leave out; accepted events nest 64 levels.
const MAX_DEPTH: usize = 1000;

/// An object or array that is open.
struct Open {
    /// Its closing bracket.
    close: u8,
    /// Something of it has been read.
    read: bool,
    /// Something of it has been written.
    begun: bool,
    /// The paths that lead into it.
    places: Places,
    /// Its texts are looked through for addresses.
    texts: bool,
}

struct Walk<'a> {
    rules: &'a Rules,
    text: &'a str,
    at: usize,
    out: Vec<u8>,
    open: Vec<Open>,
}

/// `text` without what the rules name.
pub(super) fn without(rules: &Rules, text: &str) -> Option<Vec<u8>> {
    let mut walk = Walk {
        rules,
        text,
        at: 0,
        out: Vec::with_capacity(text.len()),
        open: Vec::new(),
    };
    walk.value(Places::start(&rules.paths), true)?;
    walk.until(0)?;
    walk.space();
    (walk.at == text.len()).then_some(walk.out)
}

impl<'a> Walk<'a> {
    /// Walks on until no more than `depth` objects and arrays are open.
    fn until(&mut self, depth: usize) -> Option<()> {
        while self.open.len() > depth {
            match self.open.last()?.close {
                b'}' => self.member()?,
                _ => self.element()?,
            }
        }
        Some(())
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Moves past `byte`, after white space.
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.byte()? == byte).then(|| self.at += 1)
    }

    /// Closes the innermost object or array if it ends here, else moves to its next member or
    /// element.
    fn ends(&mut self) -> Option<bool> {
        self.space();
        let byte = self.byte()?;
        let open = self.open.last_mut()?;
        if byte == open.close {
            self.at += 1;
            self.out.push(byte);
            self.open.pop();
            return Some(true);
        }
        if std::mem::replace(&mut open.read, true) {
            self.expect(b',')?;
            self.space();
        }
        Some(false)
    }

    /// The next member of the innermost object, or its end.
    fn member(&mut self) -> Option<()> {
        if self.ends()? {
            return Some(());
        }
        let start = self.at;
        let name = self.string()?;
        let key = self.text.get(start..self.at)?;
        self.expect(b':')?;
        self.space();
        let top = self.open.len() == 1;
        let open = self.open.last_mut()?;
        let Some(places) = open.places.toward(&name, &self.rules.paths) else {
            return self.leave_out();
        };
        let texts = open.texts && !(top && path::is_needed(&name));
        if std::mem::replace(&mut open.begun, true) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b':');
        self.value(places, texts)
    }

    /// Reads a value like any other, and keeps nothing of it.
    fn leave_out(&mut self) -> Option<()> {
        let (kept, depth) = (self.out.len(), self.open.len());
        // No path leads into it, so this happens once at a time.
        self.value(Places::default(), false)?;
        self.until(depth)?;
        self.out.truncate(kept);
        Some(())
    }

    /// The next element of the innermost array, or its end.
    fn element(&mut self) -> Option<()> {
        if self.ends()? {
            return Some(());
        }
        let open = self.open.last_mut()?;
        let (places, texts) = (open.places.clone(), open.texts);
        if std::mem::replace(&mut open.begun, true) {
            self.out.push(b',');
        }
        self.value(places, texts)
    }

    /// Copies a scalar, or opens an object or array.
    fn value(&mut self, places: Places, texts: bool) -> Option<()> {
        self.space();
        let close = match self.byte()? {
            b'{' => b'}',
            b'[' => b']',
            b'"' => return self.copy_string(texts),
            _ => {
                let word = self.word()?;
                self.out.extend_from_slice(word.as_bytes());
                return Some(());
            }
        };
        if self.open.len() == MAX_DEPTH {
            return None;
        }
        self.out.push(self.byte()?);
        self.at += 1;
        self.open.push(Open {
            close,
            read: false,
            begun: false,
            places,
            texts,
        });
        Some(())
    }

    fn copy_string(&mut self, texts: bool) -> Option<()> {
        let start = self.at;
        self.pass_string()?;
        let quoted = self.text.get(start..self.at)?;
        let may_hold_one = quoted.contains(['=', '\\']);
        if !texts || self.rules.queries.is_empty() || !may_hold_one {
            self.out.extend_from_slice(quoted.as_bytes());
            return Some(());
        }
        let decoded: String = serde_json::from_str(quoted).ok()?;
        match self.rules.queries.without(&decoded) {
            None => self.out.extend_from_slice(quoted.as_bytes()),
            Some(left) => serde_json::to_writer(&mut self.out, &left).ok()?,
        }
        Some(())
    }

    /// The string at hand, decoded; moves past it.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.pass_string()?;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn pass_string(&mut self) -> Option<()> {
        if self.byte()? != b'"' {
            return None;
        }
        loop {
            self.at += 1;
            match self.byte()? {
                b'"' => break,
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        self.at += 1;
        Some(())
    }

    /// A number or a word, right or wrong: up to where something else begins.
    fn word(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let ends = |c: char| c.is_ascii_whitespace() || "{}[],:\"".contains(c);
        let word = rest.get(..rest.find(ends).unwrap_or(rest.len()))?;
        self.at += word.len();
        (!word.is_empty()).then_some(word)
    }
}
