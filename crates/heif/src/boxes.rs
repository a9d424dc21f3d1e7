//! A box: length, type, body. And numbers of any width, in network order.

/// Why a file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A field has a value that the format does not allow, or that the bytes at hand contradict.
    #[error("{field} is {value}")]
    Value {
        /// The field, in the words of the specification.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// Well-formed, and not read.
    #[error("{0} is not read")]
    Unsupported(&'static str),
}

/// For `ok_or`: a box that ends within its fields.
pub(crate) const fn cut(field: &'static str, bytes: &[u8]) -> Fault {
    Fault::Value { field, value: bytes.len() as u64 }
}

/// Reads numbers from the front of `bytes`; `None` past the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'file> {
    pub(crate) bytes: &'file [u8],
}

impl<'file> Cursor<'file> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'file [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// A number of 0 to 8 bytes; of none it is 0.
    pub(crate) fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        Some(self.number(1)? as u8)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(self.number(2)? as u16)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(self.number(4)? as u32)
    }

    /// Version and flags of a full box.
    pub(crate) fn full(&mut self) -> Option<(u8, u32)> {
        let word = self.u32()?;
        Some(((word >> 24) as u8, word & 0xFF_FFFF))
    }

    /// The next box, type and body; `None` at the end, and for a box that is longer than what it stands in.
    pub(crate) fn next_box(&mut self) -> Option<([u8; 4], &'file [u8])> {
        let Header { kind, header_bytes, bytes } = Header::read(self.bytes)?;
        let bytes = match bytes {
            0 => self.bytes.len(),
            bytes => usize::try_from(bytes).ok()?,
        };
        Some((kind, self.take(bytes)?.get(header_bytes..)?))
    }
}

/// Boxes on one level. A track of a camera has ten.
const MOST_BOXES: usize = 1024;

/// The boxes in `body`, up to one that is longer than what it stands in.
pub(crate) fn boxes(body: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut cursor = Cursor { bytes: body };
    std::iter::from_fn(move || cursor.next_box()).take(MOST_BOXES)
}

pub(crate) fn child<'file>(body: &'file [u8], wanted: &[u8; 4]) -> Option<&'file [u8]> {
    boxes(body).find(|(kind, _)| kind == wanted).map(|(_, body)| body)
}

/// The start of a box.
pub(crate) struct Header {
    pub(crate) kind: [u8; 4],
    pub(crate) header_bytes: usize,
    /// With the header; 0 for all that is left.
    pub(crate) bytes: u64,
}

impl Header {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor { bytes };
        let short = u64::from(cursor.u32()?);
        let kind = *cursor.take(4)?.first_chunk::<4>()?;
        let (header_bytes, bytes) = if short == 1 { (16, cursor.number(8)?) } else { (8, short) };
        Some(Self { kind, header_bytes, bytes })
    }
}

/// The start of a box of a file, for who goes from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxStart {
    /// Its type.
    pub kind: [u8; 4],
    /// Bytes before its body: 8 or 16.
    pub header_bytes: u64,
    /// With them; `None` for all that is left of the file.
    pub bytes: Option<u64>,
}

impl BoxStart {
    /// The most bytes that it has.
    pub const BYTES: usize = 16;

    /// `None` for fewer bytes than it has.
    ///
    /// # Errors
    /// A length below that of its own header.
    pub fn read(bytes: &[u8]) -> Option<Result<Self, Fault>> {
        let Header { kind, header_bytes, bytes } = Header::read(bytes)?;
        let start = Self { kind, header_bytes: header_bytes as u64, bytes: (bytes > 0).then_some(bytes) };
        Some(match start.bytes.is_some_and(|bytes| bytes < start.header_bytes) {
            true => Err(Fault::Value { field: "length of a box", value: bytes }),
            false => Ok(start),
        })
    }
}
