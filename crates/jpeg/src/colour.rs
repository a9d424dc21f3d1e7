//! What the components of a file mean.

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
