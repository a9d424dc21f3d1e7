//! A request and the body of an answer, whichever server they go through.

use bytes::Bytes;
use http::{HeaderMap, Method};

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET` …
    pub method: Method,
    /// The path, with every escape decoded but `%25`.
    pub path: String,
    /// Names and values of the query, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The body of an answer. API Gateway takes text as it is, and bytes as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}
