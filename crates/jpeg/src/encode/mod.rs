//! An encoder for thumbnails: planes in, one small JPEG out.
//!
//! Thumbnails are made once and sent often, so the Huffman tables are always fitted to the image, which takes a
//! second pass over the quantised coefficients. No metadata is written, and nothing but 8 bits: baseline, or progressive
//! where bytes are worth time.

mod codes;
mod effort;
mod halves;
mod scans;
mod transform;

use std::ops::Range;

use codes::{Codes, Counts};
use transform::Quantiser;

pub use effort::Effort;

/// One plane of samples.
#[derive(Debug, Clone, Copy)]
pub struct PlaneRef<'a> {
    /// `height_px` rows, `stride` apart; the last may end after its `width_px` samples.
    pub samples: &'a [u8],
    /// Samples of a row.
    pub width_px: usize,
    /// Rows.
    pub height_px: usize,
    /// Distance from row to row, in samples.
    pub stride: usize,
}

/// The planes of an image.
#[derive(Debug, Clone, Copy)]
pub enum Picture<'a> {
    /// Luma alone.
    Grey(PlaneRef<'a>),
    /// Luma and two chroma planes, full-range YCbCr as in JFIF.
    ///
    /// Each side of the chroma planes is the luma's or, subsampled, half of it, rounded up.
    YCbCr {
        /// The brightness.
        y: PlaneRef<'a>,
        /// The difference of blue.
        cb: PlaneRef<'a>,
        /// The difference of red.
        cr: PlaneRef<'a>,
    },
}

/// The planes do not make an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A side is 0 or more than a JPEG can have.
    #[error("{width_px}x{height_px} is not 1 to 65535 pixels a side")]
    Size {
        /// Width of the luma plane.
        width_px: usize,
        /// Height of the luma plane.
        height_px: usize,
    },
    /// A plane's samples end before its last row does.
    #[error("plane {plane} has {samples} samples, its size needs {needed}")]
    ShortPlane {
        /// 0 for luma, 1 and 2 for chroma.
        plane: usize,
        /// Samples given.
        samples: usize,
        /// Samples needed.
        needed: usize,
    },
    /// A chroma plane is neither as large as luma nor half of it, or the two differ.
    #[error("chroma of {width_px}x{height_px} fits no subsampling of this luma")]
    Chroma {
        /// Its width.
        width_px: usize,
        /// Its height.
        height_px: usize,
    },
}

/// Encodes `picture` at `quality`, from 1 to 100 on the scale that libjpeg made common; values outside are clamped.
///
/// # Errors
/// Every [`EncodeError`] is about the planes; a picture that passes is always encoded.
pub fn encode(picture: &Picture<'_>, quality: u8) -> Result<Vec<u8>, EncodeError> {
    encode_on(picture, quality, Effort::Fast, 1)
}

/// The same with that effort, by so many `threads`, of which one or two are used; the file is the same.
///
/// # Errors
/// As [`encode`].
pub fn encode_on(picture: &Picture<'_>, quality: u8, effort: Effort, threads: u32) -> Result<Vec<u8>, EncodeError> {
    let layout = Layout::new(picture)?;
    let quantisers = Quantiser::both(quality);
    let threads = if layout.is_large() { threads } else { 1 };
    Ok(match threads {
        _ if effort.chooses(&layout) => effort::encode(&layout, &quantisers, threads),
        2.. => halves::encode(&layout, &quantisers),
        _ => baseline(&layout, &quantisers),
    })
}

fn baseline(layout: &Layout<'_>, quantisers: &[Quantiser; 2]) -> Vec<u8> {
    let mut blocks = layout.no_blocks();
    layout.quantise(quantisers, 0..layout.mcus(), &mut blocks);
    let counts = layout.count(&blocks, [0; 3]);
    let codes = counts.each_ref().map(Codes::fitted_to);

    let mut out = Vec::with_capacity(file_bytes(&codes, &counts));
    layout.write_headers(quantisers, &codes, &mut out);
    let mut bits = codes::BitWriter::new(out);
    layout.for_each_block(&blocks, [0; 3], |class, block, dc| codes[class].write(block, dc, &mut bits));
    end(bits)
}

/// About as many bytes as a file with these counts has.
fn file_bytes(codes: &[Codes; 2], counts: &[Counts; 2]) -> usize {
    let bits: u64 = codes.iter().zip(counts).map(|(codes, counts)| codes.bits(counts)).sum();
    HEADERS_BYTES + scans::scan_bytes(bits)
}

fn end(bits: codes::BitWriter) -> Vec<u8> {
    let mut out = bits.finish();
    out.extend_from_slice(&[0xFF, 0xD9]);
    out
}

/// All that is written in front of the scan, and behind it.
const HEADERS_BYTES: usize = 1280;

/// The most that [`encode`] holds for a picture of `width_px` x `height_px` beside its planes, chroma at half the size on
/// each side, and the most that its file has; in bytes.
#[must_use]
pub fn most_bytes((width_px, height_px): (u32, u32), is_grey: bool, quality: u8) -> (u64, u64) {
    let blocks = |side: u32, unit: u32| u64::from(side.div_ceil(unit)) * u64::from(unit / 8);
    let unit = if is_grey { 8 } else { 16 };
    let luma_blocks = blocks(width_px, unit) * blocks(height_px, unit);
    let chroma_blocks = if is_grey { 0 } else { luma_blocks / 2 };
    let [luma, chroma] = Quantiser::both(quality).map(|quantiser| quantiser.most_bits());
    let bits = luma_blocks * luma + chroma_blocks * chroma;
    let file_bytes = bits / 8 * 65 / 64 + HEADERS_BYTES as u64;
    ((luma_blocks + chroma_blocks) * size_of::<Block>() as u64 + file_bytes, file_bytes)
}

/// The quantised coefficients of a block, in zigzag order.
type Block = [i16; 64];

/// A plane and its blocks in each MCU.
struct Component<'a> {
    /// 0 for luma.
    index: usize,
    plane: PlaneRef<'a>,
    h: usize,
    v: usize,
    /// 0 for luma's tables, 1 for chroma's.
    class: usize,
}

/// How the planes fall into MCUs. **Source:** T.81 A.2.
struct Layout<'a> {
    components: Vec<Component<'a>>,
    mcu_columns: usize,
    mcu_rows: usize,
}

impl<'a> Layout<'a> {
    fn new(picture: &Picture<'a>) -> Result<Self, EncodeError> {
        let (planes, h, v) = match *picture {
            Picture::Grey(y) => (vec![y], 1, 1),
            Picture::YCbCr { y, cb, cr } => {
                let no_fit = EncodeError::Chroma { width_px: cb.width_px, height_px: cb.height_px };
                let factor = |luma: usize, chroma: usize| match chroma {
                    _ if chroma == luma => Ok(1),
                    _ if chroma == luma.div_ceil(2) => Ok(2),
                    _ => Err(no_fit),
                };
                if (cb.width_px, cb.height_px) != (cr.width_px, cr.height_px) {
                    return Err(no_fit);
                }
                (vec![y, cb, cr], factor(y.width_px, cb.width_px)?, factor(y.height_px, cb.height_px)?)
            }
        };
        let PlaneRef { width_px, height_px, .. } = planes[0];
        if !(1..=65535).contains(&width_px) || !(1..=65535).contains(&height_px) {
            return Err(EncodeError::Size { width_px, height_px });
        }
        for (plane, given) in planes.iter().enumerate() {
            let needed = (given.height_px - 1).saturating_mul(given.stride).saturating_add(given.width_px);
            if given.samples.len() < needed || (given.stride < given.width_px && given.height_px > 1) {
                return Err(EncodeError::ShortPlane { plane, samples: given.samples.len(), needed });
            }
        }
        let component = |(index, plane)| {
            let luma = index == 0;
            let (h, v) = if luma { (h, v) } else { (1, 1) };
            Component { index, plane, h, v, class: usize::from(!luma) }
        };
        Ok(Self {
            components: planes.into_iter().enumerate().map(component).collect(),
            mcu_columns: width_px.div_ceil(8 * h),
            mcu_rows: height_px.div_ceil(8 * v),
        })
    }

    fn mcus(&self) -> usize {
        self.mcu_columns * self.mcu_rows
    }

    fn pixels(&self) -> usize {
        let luma = &self.components[0].plane;
        luma.width_px * luma.height_px
    }

    fn blocks_per_mcu(&self) -> usize {
        self.components.iter().map(|component| component.h * component.v).sum()
    }

    /// Room for the blocks of all MCUs.
    fn no_blocks(&self) -> Vec<Block> {
        vec![[0; 64]; self.mcus() * self.blocks_per_mcu()]
    }

    /// Quantises those MCUs into their `blocks`, which are 0, in the order in which they are coded.
    fn quantise(&self, quantisers: &[Quantiser; 2], mcus: Range<usize>, blocks: &mut [Block]) {
        // Of the MCUs before nothing is needed: the first block of a component in an MCU lies in the plane.
        let mut previous_dc = [0; 3];
        self.for_each_place(mcus, blocks, |component, place, block| {
            let dc = &mut previous_dc[component.index];
            if let Some((x, y)) = place {
                quantisers[component.class].block(&component.plane, x, y, block);
                *dc = block[0];
            } else {
                // Padding that no decoder shows: the fewest bits are those of "as before".
                block[0] = *dc;
            }
        });
    }

    /// Calls `visit` for each of the blocks of those MCUs with its component and the column and row of its first sample;
    /// `None` beyond the plane.
    #[inline(always)]
    fn for_each_place(
        &self,
        mcus: Range<usize>,
        blocks: &mut [Block],
        mut visit: impl FnMut(&Component<'a>, Option<(usize, usize)>, &mut Block),
    ) {
        let mut blocks = blocks.iter_mut();
        for mcu in mcus {
            let (row, column) = (mcu / self.mcu_columns, mcu % self.mcu_columns);
            for component in &self.components {
                for y in row * component.v..(row + 1) * component.v {
                    for x in column * component.h..(column + 1) * component.h {
                        let is_there = x * 8 < component.plane.width_px && y * 8 < component.plane.height_px;
                        let block = blocks.next().expect("a block for each place");
                        visit(component, is_there.then_some((x * 8, y * 8)), block);
                    }
                }
            }
        }
    }

    /// How often the symbols of these blocks occur, by table class; `dc_before` has the DC values before the first.
    fn count(&self, blocks: &[Block], dc_before: [i16; 3]) -> [Counts; 2] {
        let mut counts = [Counts::default(), Counts::default()];
        self.for_each_block(blocks, dc_before, |class, block, dc| counts[class].add(block, dc));
        counts
    }

    /// Calls `visit` with each block's table class, the block, and the DC value coded before it; `previous_dc` has those
    /// before the first. Returns those of the last.
    fn for_each_block(
        &self,
        blocks: &[Block],
        mut previous_dc: [i16; 3],
        mut visit: impl FnMut(usize, &Block, i16),
    ) -> [i16; 3] {
        let mut blocks = blocks.iter();
        while !blocks.as_slice().is_empty() {
            for (component, dc) in self.components.iter().zip(&mut previous_dc) {
                for block in blocks.by_ref().take(component.h * component.v) {
                    visit(component.class, block, *dc);
                    *dc = block[0];
                }
            }
        }
        previous_dc
    }

    /// Everything in front of the one scan of a baseline file.
    fn write_headers(&self, quantisers: &[Quantiser; 2], codes: &[Codes; 2], out: &mut Vec<u8>) {
        self.write_frame(quantisers, 0xC0, out);
        let mut body = Vec::new();
        for (class, codes) in (0..).zip(codes).take(self.components.len().min(2)) {
            codes.dc.append_table(class, &mut body);
            codes.ac.append_table(0x10 | class, &mut body);
        }
        segment(out, 0xC4, &body);
        write_scan(&self.components, 0..64, out);
    }

    /// Everything in front of the first scan but for its codes; `start` is the second byte of its marker.
    /// **Source:** T.81 annex B; JFIF 1.02.
    fn write_frame(&self, quantisers: &[Quantiser; 2], start: u8, out: &mut Vec<u8>) {
        let classes = self.components.len().min(2);
        out.extend_from_slice(&[0xFF, 0xD8]);
        segment(out, 0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"); // Square pixels, no thumbnail.

        let mut body = Vec::new();
        for (class, quantiser) in quantisers.iter().enumerate().take(classes) {
            body.push(class as u8);
            body.extend_from_slice(&quantiser.steps_zigzag());
        }
        segment(out, 0xDB, &body);

        let PlaneRef { width_px, height_px, .. } = self.components[0].plane;
        body = vec![8];
        body.extend_from_slice(&(height_px as u16).to_be_bytes());
        body.extend_from_slice(&(width_px as u16).to_be_bytes());
        body.push(self.components.len() as u8);
        for (id, component) in (1..).zip(&self.components) {
            body.extend_from_slice(&[id, (component.h << 4 | component.v) as u8, component.class as u8]);
        }
        segment(out, start, &body);
    }
}

/// The header of a scan of the coefficients `of` of these components, in zigzag order. **Source:** T.81 B.2.3.
fn write_scan(components: &[Component<'_>], of: Range<u8>, out: &mut Vec<u8>) {
    let mut body = vec![components.len() as u8];
    for component in components {
        body.extend_from_slice(&[component.index as u8 + 1, (component.class << 4 | component.class) as u8]);
    }
    body.extend_from_slice(&[of.start, of.end - 1, 0]);
    segment(out, 0xDA, &body);
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    let length = u16::try_from(body.len() + 2).expect("our segments are below 1,200 bytes");
    out.extend_from_slice(&[0xFF, marker]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(body);
}
