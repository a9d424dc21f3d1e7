//! What several tables of a file say.

/// Bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// From its start.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
}

/// Colours by the code points of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nclx {
    /// ColourPrimaries.
    pub primaries: u8,
    /// TransferCharacteristics.
    pub transfer: u8,
    /// MatrixCoefficients.
    pub matrix: u8,
    /// 0 to 255 instead of 16 to 235.
    pub full_range: bool,
}
