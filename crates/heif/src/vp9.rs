//! `vpcC`, and the headers of VP9's frames. Sources: VP Codec ISO Media File Format Binding, 2.2; VP9 Bitstream & Decoding
//! Process Specification, 6.2 and annex B.

use crate::{
    bits::Bits,
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
    /// Colours by its box, or by its header.
    pub nclx: Option<Nclx>,
}

impl Vp9 {
    /// Bytes of a frame that have all of its header that is read.
    pub const HEADER_BYTES: usize = 16;

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

    /// What the header of a key frame says, and its width and height.
    ///
    /// # Errors
    /// Another frame, and one that ends early.
    pub fn of_frame(frame: &[u8]) -> Result<(Self, (u32, u32)), Fault> {
        let bytes = &frame[..frame.len().min(Self::HEADER_BYTES)];
        header(&mut Bits::new(bytes.to_vec())).ok_or(cut("header of a key frame of VP9", bytes))
    }

    /// The first frame of a sample, which may have several and an index of them behind.
    #[must_use]
    pub fn first_frame(sample: &[u8]) -> &[u8] {
        // Of a size that the index does not have, it is all of the sample.
        superframe(sample).and_then(|bytes| sample.get(..bytes)).unwrap_or(sample)
    }
}

fn superframe(sample: &[u8]) -> Option<usize> {
    let marker = *sample.last().filter(|marker| *marker & 0xE0 == 0xC0)?;
    let (frames, width) = (usize::from(marker & 7) + 1, usize::from(marker >> 3 & 3) + 1);
    let index = sample.len().checked_sub(2 + frames * width)?;
    let sizes = sample.get(index..).filter(|index| index.first() == Some(&marker))?;
    Some(sizes[1..=width].iter().rev().fold(0, |size, byte| size << 8 | usize::from(*byte)))
}

fn header(bits: &mut Bits) -> Option<(Vp9, (u32, u32))> {
    let is = |found: Option<u32>, wanted: u32| found.filter(|found| *found == wanted).map(drop);
    is(bits.take(2), 2)?;
    let profile = bits.take(1)? | bits.take(1)? << 1;
    if profile == 3 {
        is(bits.take(1), 0)?;
    }
    // No frame from before, a key frame.
    is(bits.take(2), 0)?;
    bits.take(2)?;
    is(bits.take(24), 0x49_8342)?;
    let depth = match profile {
        0 | 1 => 8,
        _ => 10 + 2 * bits.take(1)? as u8,
    };
    let space = bits.take(3)?;
    let is_halved = matches!(profile, 0 | 2);
    let (full_range, chroma) = if space == 7 {
        if !is_halved {
            bits.take(1)?;
        }
        (true, 3)
    } else {
        let full_range = bits.flag()?;
        let chroma = match is_halved {
            true => 1,
            false => match (bits.flag()?, bits.flag()?, bits.take(1)?) {
                (true, false, _) => 2,
                (false, false, _) => 3,
                // 4:4:0.
                _ => return None,
            },
        };
        (full_range, chroma)
    };
    let size = (bits.take(16)? + 1, bits.take(16)? + 1);
    // color_space, in the numbers of H.273. It is the matrix, as FFmpeg takes it; of BT.2020 colours differ enough to be seen.
    let (primaries, transfer, matrix) = match space {
        1 | 3 => (2, 2, 6),
        2 => (2, 2, 1),
        4 => (2, 2, 7),
        5 => (9, 14, 9),
        7 => (2, 2, 0),
        _ => (2, 2, 2),
    };
    let nclx = Some(Nclx { primaries, transfer, matrix, full_range });
    Some((Vp9 { bits: depth, chroma, nclx }, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_says_size_depth_and_colours() {
        // Profile 0, shown, BT.709, 160x120.
        let frame = [0x82, 0x49, 0x83, 0x42, 0x40, 0x09, 0xF0, 0x07, 0x70];
        let (vp9, size) = Vp9::of_frame(&frame).unwrap();
        assert_eq!((vp9.bits, vp9.chroma, size), (8, 1, (160, 120)));
        assert_eq!(vp9.nclx.map(|nclx| (nclx.matrix, nclx.full_range)), Some((1, false)));
        for end in 0..frame.len() {
            assert!(Vp9::of_frame(&frame[..end]).is_err(), "{end} bytes");
        }
        // Not a key frame.
        assert!(Vp9::of_frame(&[0x86, 0x49, 0x83, 0x42, 0x40, 0x09, 0xF0, 0x07, 0x70]).is_err());
    }

    #[test]
    fn of_several_frames_the_first_is_taken() {
        let sample = [b"first".as_slice(), b"se", &[0xC1, 5, 2, 0xC1]].concat();
        assert_eq!(Vp9::first_frame(&sample), b"first");
        assert_eq!(Vp9::first_frame(b"plain"), b"plain");
        // An index that lies.
        let sample = [b"first".as_slice(), &[0xC1, 200, 2, 0xC1]].concat();
        assert_eq!(Vp9::first_frame(&sample), sample);
    }
}
