//! What a store does with conditions, tried on an object of our own before the first thumbnail is written.
//!
//! What a store documents is not what a proxy before it lets through, so that it is tried. A condition that is kept by
//! one request is tried by several at once too: a store that looks first and writes then lets more than one of them
//! through. How keys stand in a listing is tried too: stores differ, and some say that they encoded what they did not.

use std::string::FromUtf8Error;

use function::Conditions;
use percent_encoding::percent_decode_str;

mod aws;

pub(crate) use aws::probe;

/// How many requests with one condition are under way at once, and how often that is tried.
const AT_ONCE: usize = 8;
const ROUNDS: usize = 2;

/// What the store keeps, and what each condition that it does not keep came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Probed {
    pub(crate) conditions: Conditions,
    /// `None` where a listing has the key in no form that is known.
    pub(crate) names: Option<KeyForm>,
    /// Of PutObject.
    pub(crate) writes: Vec<String>,
    /// Of DeleteObject.
    pub(crate) deletes: Vec<String>,
}

/// How a listing with `encoding-type=url` has its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// As S3 has them: a space is `+`.
    Form,
    /// A `+` is a `+`.
    Percent,
    /// As they are.
    Plain,
}

/// Each form reads it differently.
const ODD: &str = " +%2B";

impl KeyForm {
    /// The key that `listed` stands for.
    ///
    /// # Errors
    /// Bytes that are no UTF-8.
    pub(crate) fn read(self, listed: &str) -> Result<String, FromUtf8Error> {
        let decoded = |text: &str| String::from_utf8(percent_decode_str(text).collect());
        match self {
            Self::Form => decoded(&listed.replace('+', " ")),
            Self::Percent => decoded(listed),
            Self::Plain => Ok(listed.to_owned()),
        }
    }

    /// The form that `key`, which ends with [`ODD`], is listed in.
    fn of(key: &str, listed: &str) -> Option<Self> {
        let reads = |form: &Self| form.read(listed).is_ok_and(|read| read == key);
        [Self::Form, Self::Percent, Self::Plain].into_iter().find(reads)
    }
}

/// What became of a request with a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// As if there were no condition, or one that holds.
    Done,
    /// The condition does not hold.
    Refused,
    /// The store does not take the condition at all: the status.
    Unknown(u16),
}

impl Answer {
    /// Of a status that is no success; `None` is about something else than the condition.
    const fn of(status: u16) -> Option<Self> {
        match status {
            409 | 412 => Some(Self::Refused),
            // A store, or a proxy, that does not know the header.
            400 | 405 | 501 => Some(Self::Unknown(status)),
            _ => None,
        }
    }
}

/// What is wrong with the answer to a request whose condition does not hold; `None` where it was refused.
fn lacks(answer: Answer) -> Option<String> {
    match answer {
        Answer::Refused => None,
        Answer::Done => Some("it is ignored".to_owned()),
        Answer::Unknown(status) => Some(format!("the answer is {status}")),
    }
}

/// What is wrong where that many of [`AT_ONCE`] requests with one condition were done.
fn lets_through(done: usize) -> Option<String> {
    (done > 1).then(|| format!("of {AT_ONCE} at once {done} were done, where one may be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_condition_is_an_answer() {
        assert_eq!(Answer::of(412), Some(Answer::Refused));
        assert_eq!(Answer::of(409), Some(Answer::Refused));
        assert_eq!(Answer::of(501), Some(Answer::Unknown(501)));
        // Busy, forbidden, gone: they say nothing about conditions.
        for status in [403, 404, 429, 500, 503] {
            assert_eq!(Answer::of(status), None, "{status}");
        }
    }

    #[test]
    fn keys_are_read_as_they_are_listed() {
        let key = format!("a/ü{ODD}");
        for (listed, form) in [
            ("a%2F%C3%BC+%2B%252B", Some(KeyForm::Form)),
            ("a/%C3%BC%20%2B%252B", Some(KeyForm::Form)),
            ("a/%C3%BC%20+%252B", Some(KeyForm::Percent)),
            ("a/ü +%2B", Some(KeyForm::Plain)),
            ("a/ü ++", None),
        ] {
            assert_eq!(KeyForm::of(&key, listed), form, "{listed}");
            assert!(form.is_none_or(|form| form.read(listed).unwrap() == key), "{listed}");
        }
    }

    #[test]
    fn what_is_missing_is_said_with_what_the_store_did() {
        assert_eq!(lacks(Answer::Refused), None);
        assert_eq!(lacks(Answer::Done).unwrap(), "it is ignored");
        assert_eq!(lacks(Answer::Unknown(501)).unwrap(), "the answer is 501");
        assert_eq!(lets_through(1), None);
        assert_eq!(lets_through(3).unwrap(), "of 8 at once 3 were done, where one may be");
    }
}
