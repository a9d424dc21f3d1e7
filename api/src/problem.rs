//! Answers that are not what was asked for. Source: RFC 9457, "Problem Details for HTTP APIs".

use contract::with_causes;
use function::CallError;
use http::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::response::Builder;
use serde::Serialize;

use crate::key::BadKey;
use crate::request::Body;
use crate::route::NoRoute;

/// Why a request has no other answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error(
        "send the token of this deployment as `Authorization: Bearer TOKEN`: `thumbtier serve` was started \
             with it, on AWS it is in SSM, under the name that the deployment printed as ApiTokenName, and in the link that \
             `make local` prints"
    )]
    Unauthorised,
    #[error("there is nothing at this path: see /openapi.json")]
    NoSuchPath,
    #[error("this path answers {0}")]
    NoSuchMethod(&'static str),
    #[error(transparent)]
    BadKey(#[from] BadKey),
    #[error("{0}")]
    BadRequest(String),
    #[error(
        "the body has {bytes} bytes, a request takes {limit_bytes}: ask POST /uploads for a URL that takes it straight to S3"
    )]
    BodyTooLarge { bytes: usize, limit_bytes: usize },
    #[error("the object has {bytes} bytes, this deployment takes {limit_bytes}: make it smaller")]
    ObjectTooLarge { bytes: u64, limit_bytes: u64 },
    #[error("nothing is known of `{key}`: it was never uploaded, or deleted long ago")]
    NotFound { key: String },
    #[error("`{key}` was deleted")]
    Deleted { key: String },
    #[error("`{key}` was replaced by a newer upload: ask without `etag`, or with the newer one")]
    Replaced { key: String },
    /// By its name in the documents, and the sentence with the number and the limit.
    #[error("{message}")]
    Refused { name: String, message: String },
    #[error("S3 or Lambda did not answer: try again in a few seconds")]
    Unavailable(#[from] CallError),
}

/// As it is sent.
#[derive(Serialize)]
struct Details<'problem> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    name: &'problem str,
}

impl Problem {
    /// The name that a program would look at, and in logs.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Unauthorised => "unauthorised",
            Self::NoSuchPath => "no_such_path",
            Self::NoSuchMethod(_) => "no_such_method",
            Self::BadKey(_) => "bad_key",
            Self::BadRequest(_) => "bad_request",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::ObjectTooLarge { .. } => "object_too_large",
            Self::NotFound { .. } => "not_found",
            Self::Deleted { .. } => "deleted",
            Self::Replaced { .. } => "replaced",
            Self::Refused { name, .. } => name,
            Self::Unavailable(_) => "unavailable",
        }
    }

    const fn status(&self) -> (u16, &'static str) {
        match self {
            Self::BadKey(_) | Self::BadRequest(_) => (400, "The request is not right"),
            Self::Unauthorised => (401, "The token is missing or wrong"),
            Self::NoSuchPath | Self::NotFound { .. } => (404, "There is no such thing"),
            Self::NoSuchMethod(_) => (405, "There is no such method"),
            Self::Deleted { .. } | Self::Replaced { .. } => (410, "It is gone"),
            Self::BodyTooLarge { .. } | Self::ObjectTooLarge { .. } => (413, "It is too large"),
            Self::Refused { .. } => (422, "No thumbnail can be made of it"),
            Self::Unavailable(_) => (503, "Not now"),
        }
    }

    /// Why it happened, for the log: what is not for the asker to know.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            Self::Unavailable(error) => Some(with_causes(error)),
            _ => None,
        }
    }

    /// As an answer.
    pub(crate) fn response(&self) -> Builder {
        let builder = Response::builder().status(self.status().0).header(CACHE_CONTROL, "no-store");
        let builder = builder.header(CONTENT_TYPE, "application/problem+json");
        match self {
            Self::Unauthorised => builder.header(WWW_AUTHENTICATE, "Bearer"),
            Self::NoSuchMethod(allow) => builder.header(ALLOW, *allow),
            Self::Unavailable(_) => builder.header(RETRY_AFTER, "2"),
            _ => builder,
        }
    }

    /// Its body.
    pub(crate) fn body(&self) -> Body {
        let (status, title) = self.status();
        let kind = format!("/openapi.json#/x-problems/{}", self.name());
        let details = Details { kind, title, status, detail: self.to_string(), name: self.name() };
        Body::from(serde_json::to_string(&details).expect("strings and numbers serialise"))
    }
}

impl From<NoRoute> for Problem {
    fn from(no: NoRoute) -> Self {
        match no {
            NoRoute::Path => Self::NoSuchPath,
            NoRoute::Method(allow) => Self::NoSuchMethod(allow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_lists_every_problem_with_its_status() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        let listed = document["x-problems"].as_object().unwrap();
        let key = String::new;
        let problems = [
            Problem::Unauthorised,
            Problem::NoSuchPath,
            Problem::NoSuchMethod("GET"),
            Problem::BadKey(BadKey::Empty),
            Problem::BadRequest(key()),
            Problem::BodyTooLarge { bytes: 1, limit_bytes: 0 },
            Problem::ObjectTooLarge { bytes: 1, limit_bytes: 0 },
            Problem::NotFound { key: key() },
            Problem::Deleted { key: key() },
            Problem::Replaced { key: key() },
            Problem::Unavailable(CallError { action: key(), cause: "503".into() }),
        ];
        for problem in &problems {
            assert_eq!(listed[problem.name()]["status"], problem.status().0, "{problem:?}");
        }
        assert_eq!(listed.len(), problems.len());
    }

    #[test]
    fn what_failed_inside_is_for_the_log_only() {
        let problem = Problem::Unavailable(CallError { action: "GetObject".into(), cause: "key id AKIA".into() });
        let Body::Text(body) = problem.body() else { panic!("text") };
        assert!(!body.contains("AKIA") && problem.cause().unwrap().contains("AKIA"));
    }
}
