//! A strict pass over JSON text that builds nothing: it tells where a value ends, or that the
//! text is none. Never recursive, so that no nesting can exhaust a stack.

mod specials;

use specials::Specials;
use std::borrow::Cow;

/// Nesting that jq 1.6 takes; one more is a parse error there and here.
pub(crate) const MAX_DEPTH: usize = 256;

/// The text is not JSON, or is nested deeper than [`MAX_DEPTH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Invalid;

/// What stands between a string's quotes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    /// As it is written.
    pub text: &'a [u8],
    /// Whether there are escapes in it.
    pub escaped: bool,
}

/// A reading position in JSON text.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    specials: Specials,
}

impl<'a> Cursor<'a> {
    /// At the start of the text.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            specials: Specials::default(),
        }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The text between two positions.
    pub(crate) fn span(&self, from: usize, to: usize) -> &'a [u8] {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The next byte, not taken.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Goes over JSON's four kinds of white space.
    pub(crate) fn whitespace(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes `byte` or fails.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Invalid> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(Invalid)
        }
    }

    /// Goes over a string, opening quote included, and gives what stands between the quotes.
    pub(crate) fn string(&mut self) -> Result<Raw<'a>, Invalid> {
        self.expect(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = self.specials.next(self.text, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let text = self.span(start, self.at - 1);
                    return Ok(Raw { text, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return Err(Invalid),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Invalid> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                match self.hex4()? {
                    0xD800..=0xDBFF => {
                        self.expect(b'\\')?;
                        self.expect(b'u')?;
                        match self.hex4()? {
                            0xDC00..=0xDFFF => Ok(()),
                            _ => Err(Invalid),
                        }
                    }
                    0xDC00..=0xDFFF => Err(Invalid),
                    _ => Ok(()),
                }
            }
            _ => Err(Invalid),
        }
    }

    fn hex4(&mut self) -> Result<u32, Invalid> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Invalid)?;
        self.at += 4;
        digits.iter().try_fold(0, |value, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or(Invalid)?;
            Ok(value * 16 + digit)
        })
    }

    /// Goes over a number.
    pub(crate) fn number(&mut self) -> Result<(), Invalid> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(Invalid),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Invalid> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(Invalid);
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Invalid> {
        if self.span(self.at, self.at + word.len()) == word {
            self.at += word.len();
            Ok(())
        } else {
            Err(Invalid)
        }
    }

    /// Goes over anything but an object or an array.
    pub(crate) fn scalar(&mut self) -> Result<(), Invalid> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => self.number(),
        }
    }

    /// Goes over one value that stands `depth` levels deep already.
    pub(crate) fn value(&mut self, depth: usize) -> Result<(), Invalid> {
        match self.peek() {
            Some(b'{' | b'[') => self.composite(depth),
            _ => self.scalar(),
        }
    }

    fn composite(&mut self, depth: usize) -> Result<(), Invalid> {
        let mut open = Open::new(depth);
        loop {
            // A value begins here.
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    open.push(true)?;
                    self.whitespace();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        open.pop();
                    } else {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    open.push(false)?;
                    self.whitespace();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        open.pop();
                    } else {
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            // A value ended here: close what it was the last of.
            loop {
                let Some(in_object) = open.top() else {
                    return Ok(());
                };
                self.whitespace();
                match (self.peek(), in_object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.whitespace();
                        self.key()?;
                        break;
                    }
                    (Some(b','), false) => {
                        self.at += 1;
                        self.whitespace();
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(Invalid),
                }
            }
        }
    }

    /// Goes over a member's key and its colon, and gives what stands between the key's quotes.
    pub(crate) fn key(&mut self) -> Result<Raw<'a>, Invalid> {
        let key = self.string()?;
        self.whitespace();
        self.expect(b':')?;
        self.whitespace();
        Ok(key)
    }

    /// Goes into an object or an array that stands `depth` levels deep already; true where it is
    /// empty, and has been gone over.
    pub(crate) fn open(&mut self, bracket: u8, close: u8, depth: usize) -> Result<bool, Invalid> {
        if depth >= MAX_DEPTH {
            return Err(Invalid);
        }
        self.expect(bracket)?;
        self.whitespace();
        let is_empty = self.peek() == Some(close);
        if is_empty {
            self.at += 1;
        }
        Ok(is_empty)
    }

    /// After a value in an object or an array: goes to the next one, or out of it and says false.
    pub(crate) fn next_or_close(&mut self, close: u8) -> Result<bool, Invalid> {
        self.whitespace();
        if self.peek() == Some(b',') {
            self.at += 1;
            self.whitespace();
            return Ok(true);
        }
        self.expect(close).map(|()| false)
    }
}

/// Which brackets are open: a bit each, set for an object.
struct Open {
    bits: [u64; MAX_DEPTH / 64],
    depth: usize,
    base: usize,
}

impl Open {
    fn new(base: usize) -> Self {
        Self {
            bits: [0; MAX_DEPTH / 64],
            depth: 0,
            base,
        }
    }

    fn push(&mut self, object: bool) -> Result<(), Invalid> {
        if self.base + self.depth >= MAX_DEPTH {
            return Err(Invalid);
        }
        let slot = self.bits.get_mut(self.depth / 64).ok_or(Invalid)?;
        let bit = 1 << (self.depth % 64);
        if object {
            *slot |= bit;
        } else {
            *slot &= !bit;
        }
        self.depth += 1;
        Ok(())
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn top(&self) -> Option<bool> {
        let index = self.depth.checked_sub(1)?;
        Some(self.bits.get(index / 64)? & (1 << (index % 64)) != 0)
    }
}

/// The text of a string whose escapes [`Cursor::string`] has found right. Bytes that are not
/// UTF-8 become U+FFFD, as in jq.
pub(crate) fn unescape(raw: &[u8]) -> Cow<'_, str> {
    if !raw.contains(&b'\\') {
        return String::from_utf8_lossy(raw);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some((&kind, tail)) = rest.split_first() else {
            break;
        };
        rest = tail;
        match kind {
            b'b' => out.push(0x08),
            b'f' => out.push(0x0C),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let (unit, tail) = unit(rest);
                rest = tail;
                let mut code = unit;
                if (0xD800..0xDC00).contains(&unit) {
                    let (low, tail) = self::unit(rest.get(2..).unwrap_or_default());
                    rest = tail;
                    code = 0x10000 + ((unit - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
                }
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => out.push(other),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

fn unit(digits: &[u8]) -> (u32, &[u8]) {
    let (unit, rest) = digits.split_at_checked(4).unwrap_or((digits, &[]));
    let value = unit.iter().fold(0, |value, digit| {
        value * 16 + char::from(*digit).to_digit(16).unwrap_or(0)
    });
    (value, rest)
}
