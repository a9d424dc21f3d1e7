//! What can go wrong, by name: [`Error`] when nothing usable came out, [`Warning`] when something did.

use crate::coding::Coding;

/// The file cannot be decoded here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The reader failed.
    #[error("reading the JPEG data")]
    Read(#[source] std::io::Error),
    /// The data does not begin with the SOI marker.
    #[error("not a JPEG: it begins with {found:02x?} instead of ffd8")]
    NotJpeg {
        /// The first two bytes.
        found: [u8; 2],
    },
    /// The data ends before the first scan.
    #[error("the JPEG header is cut off after {bytes_read} bytes")]
    HeaderTruncated {
        /// How many bytes there were.
        bytes_read: u64,
    },
    /// A valid kind of JPEG that this crate leaves to others.
    #[error("{coding} JPEG with {precision_bits} bits per sample ({width_px}x{height_px}) is not decoded here")]
    Unsupported {
        /// The coding process.
        coding: Coding,
        /// Bits per sample.
        precision_bits: u8,
        /// Width of the image.
        width_px: u32,
        /// Height of the image.
        height_px: u32,
    },
    /// Width or height is zero. A height of zero means that a DNL marker brings it later (T.81 B.2.5), which nothing writes.
    #[error("the JPEG has no area: {width_px}x{height_px}")]
    NoArea {
        /// Width in the frame header.
        width_px: u32,
        /// Height in the frame header.
        height_px: u32,
    },
    /// The frame header asks for a number of components other than 1 to 4.
    #[error("{components} components where 1 to 4 are decoded")]
    Components {
        /// Their number.
        components: u8,
    },
    /// A marker segment contradicts itself or the standard.
    #[error("bad {segment} segment: {problem}")]
    Segment {
        /// The segment's name in T.81.
        segment: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A marker stands where it must not.
    #[error("unexpected marker ff{marker:02x}")]
    Marker {
        /// Its second byte.
        marker: u8,
    },
    /// A scan refers to a table that no segment has defined.
    #[error("component {component} uses {table} table {index}, which is not defined")]
    MissingTable {
        /// Index of the component in the frame.
        component: usize,
        /// `quantisation`, `DC Huffman` or `AC Huffman`.
        table: &'static str,
        /// The table's number.
        index: u8,
    },
    /// The caller gave one scale per component, but not as many as there are.
    #[error("{scales} scales for {components} components")]
    Scales {
        /// Scales given.
        scales: usize,
        /// Components of the frame.
        components: usize,
    },
    /// Less than [`USABLE_SHARE`](crate::USABLE_SHARE) of the image arrived.
    #[error("only {rows_decoded_px} of {rows_px} rows could be decoded: {warning}")]
    TooDamaged {
        /// Rows that could be decoded.
        rows_decoded_px: u32,
        /// Rows of the image.
        rows_px: u32,
        /// The first damage met.
        warning: Warning,
    },
}

/// The image came out, but not whole. Missing samples are grey (128).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The data ends, or a foreign marker comes, before the scan is complete.
    #[error("the image data is cut off")]
    Truncated,
    /// Bits that are no code of the Huffman table.
    #[error("the image data holds invalid codes")]
    CorruptData,
    /// A restart interval ends early or late, or its marker is not where it should be.
    #[error("a restart interval is damaged")]
    BadRestart,
    /// Data is left behind the last block of a scan: codes before it are damaged, or the file is not as it should be.
    #[error("image data is left over")]
    DataLeft,
    /// Values that no samples have: codes before them are damaged, each of which changes all values behind it.
    #[error("the image data holds values that no samples have")]
    BeyondSamples,
    /// A table or scan header after the first scan is damaged.
    #[error("a later segment is damaged")]
    BadSegment,
    /// More than 100 scans, or ones that repeat what is known.
    #[error("the scans are more than a progression needs")]
    ExcessScans,
}
