//! `vpcC`. Source: VP Codec ISO Media File Format Binding, 2.2.

use crate::{
    boxes::{Fault, cut},
    facts::Nclx,
};

/// What a film of VP9 is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp9 {
    /// 8, 10 or 12.
    pub bits: u8,
    /// As `chroma_format_idc` of HEVC: 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma: u8,
    /// Colours by its box.
    pub nclx: Option<Nclx>,
}

impl Vp9 {
    /// # Errors
    /// A record that ends early or has values that VP9 has not.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let [_, _, _, _, _, _, samples, primaries, transfer, matrix] =
            *body.first_chunk::<10>().ok_or(cut("length of vpcC", body))?;
        let (bits, chroma, full_range) = (samples >> 4, samples >> 1 & 7, samples & 1 != 0);
        if !matches!((bits, chroma), (8 | 10 | 12, 0..=3)) {
            return Err(Fault::Value { field: "bit depth of vpcC", value: samples.into() });
        }
        let nclx = Some(Nclx { primaries, transfer, matrix, full_range });
        Ok(Self { bits, chroma: chroma.max(1), nclx })
    }
}
