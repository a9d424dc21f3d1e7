//! How much of an animation a thumbnail keeps.

use serde::{Deserialize, Deserializer, Serialize};

/// The limits of an animated thumbnail. In JSON `true` for those of [`Animated::default`], or an object that names some of
/// them.
///
/// What is beyond a limit is cut off, as imgproxy does; frames are not thinned out. A cut keeps the speed and the
/// smoothness of what is shown, and nothing behind it is read or decoded. Thinning out would have to decode all frames
/// to know how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Animated {
    /// At most so many frames of the file, 1 to 1,000.
    pub max_frames: u32,
    /// It lasts at most so long, in milliseconds, 1 to 60,000.
    pub max_ms: u32,
    /// The thumbnail has at most so many bytes, 1 to 16,000,000; its first frame is kept whatever it has.
    pub max_bytes: u32,
}

impl Default for Animated {
    fn default() -> Self {
        Self { max_frames: 60, max_ms: 10_000, max_bytes: 2_000_000 }
    }
}

/// As `thumbnails.json` may write it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "animated: expected true, false, or an object of max_frames, max_ms and max_bytes")]
enum Written {
    Plain(bool),
    Limits(Animated),
}

/// `None` for `false`, and for `null`, which is how a variant without it may be written.
pub(crate) fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Animated>, D::Error> {
    Ok(match Option::<Written>::deserialize(deserializer)? {
        None | Some(Written::Plain(false)) => None,
        Some(Written::Plain(true)) => Some(Animated::default()),
        Some(Written::Limits(limits)) => Some(limits),
    })
}

impl Animated {
    /// The largest limits that there may be; the least are 1.
    pub const MOST: Self = Self { max_frames: 1_000, max_ms: 60_000, max_bytes: 16_000_000 };

    /// The first limit that is outside its range: its field, its value, and the largest value that it may have.
    pub(crate) fn out_of_range(&self) -> Option<(&'static str, u32, u32)> {
        let fields = [
            ("animated.max_frames", self.max_frames, Self::MOST.max_frames),
            ("animated.max_ms", self.max_ms, Self::MOST.max_ms),
            ("animated.max_bytes", self.max_bytes, Self::MOST.max_bytes),
        ];
        fields.into_iter().find(|(_, value, max)| *value == 0 || value > max)
    }
}
