//! A body as it is stored in, the file that it holds out: a Content-Encoding is undone while the body is read.
//!
//! Gzip (RFC 1952) and Brotli (RFC 7932) are decoded. Other codings are refused by name.
//! Here too, the bytes decide: many programs set the header and do not encode (`gzip`, `base64` and `utf-8` on a plain
//! JPEG are everyday mistakes). Such a body is read as it is, with a warning.
//!
//! A body that ends early or is damaged gives what could be decoded, and ends there: its file is a truncated one, and
//! the engine judges it by its rules for those. How much memory a decoder holds is known before its first byte.
//! Not here: a limit for the decoded bytes. Who reads has one ([`engine::Limits::max_source_bytes`] in the worker).
//!
//! [`engine::Limits::max_source_bytes`]: ../engine/struct.Limits.html

mod body;
mod brotli;
mod encoding;
mod error;
mod gzip;
mod input;

pub use body::{Body, open};
pub use encoding::ContentEncoding;
pub use error::{CodingError, Warning};
