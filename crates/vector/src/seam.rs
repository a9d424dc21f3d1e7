//! What the engine asks of whoever draws, and what it gets.

use std::{fmt, io, io::Read, time::Duration};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Scalable Vector Graphics, also in gzip.
    Svg,
    /// Portable Document Format.
    Pdf,
}

/// What is drawn, and what it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// How the file is read.
    pub kind: Kind,
    /// Which page of a document, from 1 on.
    pub page: u32,
    /// The most memory that reading may take, in bytes, beside what a process starts with.
    pub memory_bytes: u64,
}

/// Draws files.
pub trait Renderer: fmt::Debug + Send + Sync {
    /// Reads all of `file`.
    ///
    /// # Errors
    /// [`Refusal`].
    fn open(&self, ask: &Ask, file: &mut dyn Read) -> Result<Box<dyn Drawing>, Refusal>;
}

/// A file that was read, and can be drawn once.
pub trait Drawing: fmt::Debug + Send {
    /// Width and height, in units of the file: pixels of CSS, or points. Both are finite and above 0.
    fn size(&self) -> (f64, f64);

    /// What is held of it, in bytes, wherever that is.
    fn held_bytes(&self) -> u64;

    /// Draws it over a whole raster of `size_px`, both at least 1, with at the most `memory_bytes` held for it.
    ///
    /// # Errors
    /// [`Refusal`].
    fn draw(&mut self, size_px: (u32, u32), memory_bytes: u64) -> Result<Drawn, Refusal>;
}

/// Pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Rows without padding, alpha premultiplied.
    pub rgba: Vec<u8>,
    /// What is not on it.
    pub lacks: Vec<Lack>,
    /// CPU time that another process took for it.
    pub cpu: Duration,
    /// The most that another process had resident for it, in bytes.
    pub peak_bytes: u64,
}

/// What a picture lacks of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Lack {
    /// Text, because there are no fonts.
    Text = 1,
    /// Pictures of other files, of an unknown kind, or damaged.
    Pictures = 2,
    /// Parts in another language, such as HTML.
    Foreign = 4,
    /// What a file had behind its end.
    End = 8,
}

impl Lack {
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Pictures, Self::Foreign, Self::End];
}

/// Why nothing is drawn.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It takes longer than anybody waits.
    #[error("drawing takes more than {limit_s} s of CPU")]
    TooSlow {
        /// The limit, in seconds.
        limit_s: u64,
    },
    /// It takes more memory than it was given.
    #[error("drawing takes {needed_bytes} bytes or more")]
    OverMemory {
        /// What it would at least have taken, in bytes.
        needed_bytes: u64,
    },
    /// The file breaks its format's rules.
    #[error("{0}")]
    Corrupt(String),
    /// A kind of file that is not drawn.
    #[error("{0}")]
    Unsupported(String),
    /// Nothing to do with the file: it may be drawn the next time.
    #[error("the process that draws cannot be used")]
    Broken(#[source] io::Error),
}
