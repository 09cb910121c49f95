//! The part of MessagePack (<https://msgpack.org>) that payloads need, without copies.
//!
//! Texts and bytes are both handed out as bytes: old tokens wrote bytes in the type of texts.

use rmp::Marker;

/// Reads values one after another; every method gives `None` when the next value is another type
/// or is cut off. Lengths are never trusted beyond the bytes that are there.
pub(super) struct Reader<'a>(&'a [u8]);

/// A payload's scalar.
#[derive(Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Nil,
    Bytes(&'a [u8]),
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn marker(&mut self) -> Option<Marker> {
        Some(Marker::from_u8(self.take(1)?[0]))
    }

    /// A big-endian number of so many bytes.
    fn big_endian(&mut self, width: usize) -> Option<u64> {
        Some(
            self.take(width)?
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    /// How many values the array has that follow.
    pub(super) fn array(&mut self) -> Option<usize> {
        let length = match self.marker()? {
            Marker::FixArray(length) => u64::from(length),
            Marker::Array16 => self.big_endian(2)?,
            Marker::Array32 => self.big_endian(4)?,
            _ => return None,
        };
        // Every value takes at least a byte; anything longer is a lie that must not size a buffer.
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.0.len())
    }

    pub(super) fn bool(&mut self) -> Option<bool> {
        match self.marker()? {
            Marker::True => Some(true),
            Marker::False => Some(false),
            _ => None,
        }
    }

    /// An integer of any width.
    pub(super) fn integer(&mut self) -> Option<i64> {
        match self.marker()? {
            Marker::FixPos(number) => Some(number.into()),
            Marker::FixNeg(number) => Some(number.into()),
            Marker::U8 => Some(self.big_endian(1)? as i64),
            Marker::U16 => Some(self.big_endian(2)? as i64),
            Marker::U32 => Some(self.big_endian(4)? as i64),
            Marker::U64 => self.big_endian(8)?.try_into().ok(),
            Marker::I8 => Some((self.big_endian(1)? as i8).into()),
            Marker::I16 => Some((self.big_endian(2)? as i16).into()),
            Marker::I32 => Some((self.big_endian(4)? as i32).into()),
            Marker::I64 => Some(self.big_endian(8)? as i64),
            _ => None,
        }
    }

    /// A number that may have a fraction.
    pub(super) fn float(&mut self) -> Option<f64> {
        let before = self.0;
        match self.marker()? {
            Marker::F64 => Some(f64::from_bits(self.big_endian(8)?)),
            Marker::F32 => Some(f32::from_bits(self.big_endian(4)? as u32).into()),
            _ => {
                self.0 = before;
                Some(self.integer()? as f64)
            }
        }
    }

    /// Nil, a text or bytes.
    pub(super) fn scalar(&mut self) -> Option<Scalar<'a>> {
        let length = match self.marker()? {
            Marker::Null => return Some(Scalar::Nil),
            Marker::FixStr(length) => u64::from(length),
            Marker::Str8 | Marker::Bin8 => self.big_endian(1)?,
            Marker::Str16 | Marker::Bin16 => self.big_endian(2)?,
            Marker::Str32 | Marker::Bin32 => self.big_endian(4)?,
            _ => return None,
        };
        Some(Scalar::Bytes(self.take(length.try_into().ok()?)?))
    }

    /// A text or bytes.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        match self.scalar()? {
            Scalar::Bytes(bytes) => Some(bytes),
            Scalar::Nil => None,
        }
    }

    /// A text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

/// Writes values in their shortest forms, as Python's encoder does. Writing to memory can't fail.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn array(&mut self, length: usize) {
        let _ = rmp::encode::write_array_len(&mut self.0, length as u32);
    }

    pub(super) fn bool(&mut self, value: bool) {
        let _ = rmp::encode::write_bool(&mut self.0, value);
    }

    pub(super) fn nil(&mut self) {
        let _ = rmp::encode::write_nil(&mut self.0);
    }

    pub(super) fn integer(&mut self, value: u64) {
        let _ = rmp::encode::write_uint(&mut self.0, value);
    }

    pub(super) fn float(&mut self, value: f64) {
        let _ = rmp::encode::write_f64(&mut self.0, value);
    }

    pub(super) fn text(&mut self, value: &str) {
        let _ = rmp::encode::write_str(&mut self.0, value);
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        let _ = rmp::encode::write_bin(&mut self.0, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_width_are_read() {
        for (bytes, number) in [
            (&[0x07][..], 7),
            (&[0xff], -1),
            (&[0xcc, 0xff], 255),
            (&[0xcd, 1, 0], 256),
            (&[0xce, 0, 1, 0, 0], 65_536),
            (&[0xcf, 0, 0, 0, 0, 0, 0, 0, 1], 1),
            (&[0xd0, 0x80], -128),
            (&[0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], -2),
        ] {
            assert_eq!(Reader::new(bytes).integer(), Some(number));
            assert_eq!(Reader::new(bytes).float(), Some(number as f64));
        }
        assert_eq!(
            Reader::new(&[0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0]).integer(),
            None
        );
    }

    #[test]
    fn a_length_beyond_the_input_is_refused() {
        assert_eq!(Reader::new(&[0xdd, 0xff, 0xff, 0xff, 0xff]).array(), None);
        assert_eq!(
            Reader::new(&[0xc6, 0xff, 0xff, 0xff, 0xff, 1]).scalar(),
            None
        );
        assert_eq!(Reader::new(&[0xc4]).scalar(), None);
        assert_eq!(Reader::new(&[]).bool(), None);
    }
}
