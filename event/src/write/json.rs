//! A typed value to JSON text, as `serde_json` writes it, in a fourth of the bytes: `serde`'s
//! `Serialize` without a formatter, an input or an output that could fail.
//!
//! What the types of this crate are made of is written: truth values, integers, texts, names of
//! variants, options, sequences, structures, and numbers with three decimals at most, because printing
//! floats exactly would cost a page two kilobytes of tables. Everything else is refused.

use std::fmt::{self, Display};

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible, SerializeSeq, SerializeStruct},
};

/// A value that is no JSON of this crate: bytes, a map, a tuple, a variant with
/// something in it, or one that refused to be written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refused;

impl Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that cannot be written as an event's JSON")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    // Its text would have to be put together, for nobody.
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// The text so far.
#[derive(Default)]
pub(super) struct Writer(pub(super) String);

impl Writer {
    /// A comma, unless what comes is the first of its object or list. No value ends like these.
    fn next(&mut self) {
        if !matches!(self.0.as_bytes().last(), Some(b'{' | b'[')) {
            self.0.push(',');
        }
    }

    #[inline(never)]
    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Refused> {
        self.name(name);
        value.serialize(self)
    }

    fn name(&mut self, name: &str) {
        self.next();
        self.text(name);
        self.0.push(':');
    }

    fn text(&mut self, text: &str) {
        self.0.push('"');
        let mut rest = text;
        let escaped = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        while let Some(at) = rest.bytes().position(escaped) {
            self.0.push_str(rest.get(..at).unwrap_or_default());
            let byte = rest.as_bytes().get(at).copied().unwrap_or_default();
            self.escape(byte);
            rest = rest.get(at + 1..).unwrap_or_default();
        }
        self.0.push_str(rest);
        self.0.push('"');
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            _ => b'u',
        };
        self.0.push('\\');
        self.0.push(char::from(short));
        if short == b'u' {
            self.0.push_str(if byte < 16 { "000" } else { "001" });
            let digit = byte & 15;
            self.0.push(char::from(
                digit + if digit < 10 { b'0' } else { b'a' - 10 },
            ));
        }
    }

    fn number(&mut self, negative: bool, magnitude: u64) {
        if negative {
            self.0.push('-');
        }
        let mut power = 1;
        while magnitude / power > 9 {
            power *= 10;
        }
        while power > 0 {
            self.0
                .push(char::from(b'0' + (magnitude / power % 10) as u8));
            power /= 10;
        }
    }
}

type Nothing = Impossible<(), Refused>;

/// Methods that write whole numbers from 0.
macro_rules! unsigned {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<(), Refused> {
            self.number(false, u64::from(value));
            Ok(())
        }
    )*};
}

/// Methods that write whole numbers.
macro_rules! signed {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<(), Refused> {
            self.number(value < 0, u64::from(value.unsigned_abs()));
            Ok(())
        }
    )*};
}

/// Methods for what no event has.
macro_rules! refused {
    ($($method:ident($($of:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $(_: $of),*) -> Result<$result, Refused> {
            Err(Refused)
        }
    )*};
}

impl Serializer for &mut Writer {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Nothing;
    type SerializeTupleStruct = Nothing;
    type SerializeTupleVariant = Nothing;
    type SerializeMap = Nothing;
    type SerializeStruct = Self;
    type SerializeStructVariant = Nothing;

    unsigned!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);
    signed!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64);

    fn serialize_bool(self, value: bool) -> Result<(), Refused> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    /// Three decimals at most; what is below nothing or no number is 0.
    fn serialize_f64(self, value: f64) -> Result<(), Refused> {
        // A cast saturates: nothing here panics, whatever a browser says.
        let thousandths = (value * 1000.0 + 0.5) as u64;
        self.number(false, thousandths / 1000);
        let (mut rest, mut before) = (thousandths % 1000, ".");
        while rest > 0 {
            self.0.push_str(before);
            self.number(false, rest / 100);
            rest = rest % 100 * 10;
            before = "";
        }
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Refused> {
        self.text(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
    ) -> Result<(), Refused> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Refused> {
        Err(Refused)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Refused> {
        self.0.push('[');
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        self.0.push('{');
        Ok(self)
    }

    refused! {
        serialize_f32(f32) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_tuple(usize) -> Nothing;
        serialize_tuple_struct(&'static str, usize) -> Nothing;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Nothing;
        serialize_map(Option<usize>) -> Nothing;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Nothing;
    }
}

impl SerializeSeq for &mut Writer {
    type Ok = ();
    type Error = Refused;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.next();
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Refused> {
        self.0.push(']');
        Ok(())
    }
}

impl SerializeStruct for &mut Writer {
    type Ok = ();
    type Error = Refused;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), Refused> {
        self.0.push('}');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::write::object;

    #[derive(Clone, Debug, Serialize)]
    enum Kind {
        Plain,
    }

    #[derive(Clone, Debug, Serialize)]
    struct Inner<'a> {
        list: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u8>,
        kind: Kind,
    }

    #[derive(Clone, Debug, Serialize)]
    struct Outer<'a> {
        text: &'a str,
        inner: Inner<'a>,
        numbers: (Option<i64>, ()),
    }

    #[derive(Clone, Debug, Serialize)]
    struct Empty {}

    #[derive(Clone, Debug, Serialize)]
    struct Numbers {
        small: i8,
        short: i16,
        int: i32,
        long: i64,
        byte: u8,
        word: u16,
        whole: u32,
        huge: u64,
        truth: bool,
        maybe: Option<u32>,
    }

    fn same(value: &impl Serialize) {
        assert_eq!(
            object(value).unwrap(),
            serde_json::to_string(value).unwrap()
        );
    }

    #[test]
    fn the_ends_of_numbers_and_what_is_empty_are_written_as_serde_json_does() {
        for (long, huge) in [(i64::MIN, u64::MAX), (i64::MAX, 10), (0, 0), (-10, 9)] {
            same(&Numbers {
                small: i8::MIN,
                short: i16::MIN,
                int: i32::MIN,
                long,
                byte: u8::MAX,
                word: u16::MAX,
                whole: u32::MAX,
                huge,
                truth: huge == 0,
                maybe: (huge == 0).then_some(1),
            });
        }
        same(&Empty {});
        same(&Vec::<Empty>::new());
        same(&vec![Empty {}, Empty {}]);
    }

    #[test]
    fn what_no_event_has_is_refused() {
        let outer = Outer {
            text: "",
            inner: Inner {
                list: &[],
                absent: None,
                kind: Kind::Plain,
            },
            numbers: (None, ()),
        };
        assert_eq!(object(&outer), Err(Refused), "a tuple");
        assert_eq!(object(&1.5_f32), Err(Refused));
        assert_eq!(object(&'c'), Err(Refused));
        let map = std::collections::BTreeMap::from([("a", 1)]);
        assert_eq!(object(&map), Err(Refused));
    }

    proptest! {
        #[test]
        fn every_text_and_list_is_written_as_serde_json_does(
            text in any::<String>(),
            control in "[\u{0}-\u{20}\"\\\\\u{7f}ü\u{2028}]{0,9}",
            list in proptest::collection::vec(any::<String>(), 0..3),
            absent: Option<u8>,
        ) {
            for text in [&text, &control] {
                same(text);
            }
            same(&Inner { list: &list, absent, kind: Kind::Plain });
        }
    }
}
