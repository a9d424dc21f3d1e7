//! What a page shows until a thumbnail is there.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::metadata;

/// Of the picture as the smallest thumbnail shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholder {
    /// A `ThumbHash` in base64: at most 25 bytes that become a blurred picture with its ratio of sides.
    pub thumbhash: String,
    /// The average colour, as `#rrggbb`; of what is transparent only as far as it is not.
    pub colour: String,
}

impl Placeholder {
    /// As metadata of a thumbnail.
    #[must_use]
    pub fn to_metadata(&self) -> [(&'static str, String); 2] {
        [(metadata::THUMBHASH, self.thumbhash.clone()), (metadata::COLOUR, self.colour.clone())]
    }

    /// From metadata; `None` where an older release stored the thumbnail.
    #[must_use]
    pub fn from_metadata(metadata: &HashMap<String, String>) -> Option<Self> {
        let value = |name| metadata.get(name).cloned();
        Some(Self { thumbhash: value(metadata::THUMBHASH)?, colour: value(metadata::COLOUR)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_survives_its_metadata() {
        let placeholder = Placeholder { thumbhash: "XRgONZpwd4dSiHiHaHiHd3TgB/eI".into(), colour: "#0a141e".into() };
        let metadata: HashMap<_, _> = placeholder.to_metadata().map(|(name, value)| (name.to_owned(), value)).into();
        assert_eq!(Placeholder::from_metadata(&metadata), Some(placeholder));
        assert_eq!(Placeholder::from_metadata(&HashMap::new()), None);
    }
}
