//! What the components of a file mean.

use crate::markers::{APP0, APP14};

/// The colour model of a file's components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColourModel {
    /// One component of light.
    Grey,
    /// Luma and two chromas.
    YCbCr,
    /// Red, green, blue.
    Rgb,
    /// Four inks.
    Cmyk,
    /// YCbCr of three inks, and black.
    Ycck,
    /// Two components, whose meaning nobody defines.
    Unknown,
}

impl ColourModel {
    /// Decides by the identifiers of the components, whether there is a JFIF segment, and the transform of the Adobe
    /// segment, if there is one.
    ///
    /// JFIF outranks Adobe, and the identifiers are asked only without both: that is how browsers, Pillow and libvips
    /// see a file, because all of them leave it to libjpeg-turbo. An unknown transform counts as the one that has
    /// a transform, and unknown identifiers (0 1 2, 1 1 1, "YUV") as YCbCr.
    ///
    /// **Source:** libjpeg-turbo `jdapimin.c`, `default_decompress_parms`.
    pub fn decide(ids: &[u8], jfif: bool, adobe_transform: Option<u8>) -> Self {
        match (ids, adobe_transform) {
            ([_], _) => Self::Grey,
            ([_, _, _], _) if jfif => Self::YCbCr,
            ([_, _, _], Some(0)) | ([b'R', b'G', b'B'], None) => Self::Rgb,
            ([_, _, _], _) => Self::YCbCr,
            ([_, _, _, _], None | Some(0)) => Self::Cmyk,
            ([_, _, _, _], Some(_)) => Self::Ycck,
            _ => Self::Unknown,
        }
    }
}

/// What the segments in front of the first scan say of the colours; of each kind the last one counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct ColourSegments {
    jfif: bool,
    adobe_transform: Option<u8>,
}

impl ColourSegments {
    /// Takes the body of a segment. Those other than APP0 and APP14 say nothing, and neither do shorter ones.
    ///
    /// **Source:** libjpeg-turbo `jdmarker.c`, `examine_app0` and `examine_app14`; Adobe Technical Note 5116, section 18:
    /// version, two flag words, then the transform.
    pub fn add(&mut self, marker: u8, body: &[u8]) {
        match marker {
            APP0 => self.jfif |= body.starts_with(b"JFIF\0") && body.len() >= 14,
            APP14 if body.starts_with(b"Adobe") => {
                self.adobe_transform = body.get(11).copied().or(self.adobe_transform);
            }
            _ => {}
        }
    }

    /// The model of components with these identifiers.
    #[must_use]
    pub fn model(self, ids: &[u8]) -> ColourModel {
        ColourModel::decide(ids, self.jfif, self.adobe_transform)
    }
}

#[cfg(test)]
mod tests {
    use super::ColourModel::{self, Cmyk, Grey, Rgb, Unknown, YCbCr, Ycck};

    #[test]
    fn models_are_those_of_libjpeg_turbo() {
        let cases: [(&[u8], bool, Option<u8>, ColourModel); 16] = [
            (&[1], true, Some(0), Grey),
            (&[1, 2], true, None, Unknown),
            (&[1, 2, 3], false, None, YCbCr),
            (&[1, 2, 3], true, Some(0), YCbCr),
            (&[1, 2, 3], false, Some(0), Rgb),
            (&[1, 2, 3], false, Some(1), YCbCr),
            (&[1, 2, 3], false, Some(7), YCbCr),
            (b"RGB", false, None, Rgb),
            (b"RGB", true, None, YCbCr),
            (b"RGB", false, Some(1), YCbCr),
            (b"RGA", false, None, YCbCr),
            (&[1, 1, 1], false, None, YCbCr),
            (&[1, 2, 3, 4], true, None, Cmyk),
            (&[1, 2, 3, 4], false, Some(0), Cmyk),
            (&[1, 2, 3, 4], false, Some(2), Ycck),
            (&[1, 2, 3, 4], false, Some(1), Ycck),
        ];
        for (ids, jfif, adobe, want) in cases {
            assert_eq!(ColourModel::decide(ids, jfif, adobe), want, "{ids:?} {jfif} {adobe:?}");
        }
    }
}
