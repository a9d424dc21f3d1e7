//! Contexts of the arithmetic decoder in I slices. Source: 9.3.2.2, tables 9-5 to 9-37, `initType` 0.

use crate::contexts::table::Table;

/// The first context of each syntax element.
pub(crate) const SAO_MERGE: usize = 0;
pub(crate) const SAO_TYPE: usize = 1;
pub(crate) const SPLIT_BLOCK: usize = 2;
pub(crate) const BYPASS: usize = 5;
pub(crate) const PART_MODE: usize = 6;
pub(crate) const PROBABLE_MODE: usize = 7;
pub(crate) const CHROMA_MODE: usize = 8;
pub(crate) const QUANTISER_DELTA: usize = 9;
pub(crate) const SPLIT_TRANSFORM: usize = 11;
pub(crate) const CODED_LUMA: usize = 14;
pub(crate) const CODED_CHROMA: usize = 16;
pub(crate) const TRANSFORM_SKIP: usize = 21;
pub(crate) const LAST_X: usize = 23;
pub(crate) const LAST_Y: usize = 41;
pub(crate) const CODED_SUB_BLOCK: usize = 59;
pub(crate) const SIGNIFICANT: usize = 63;
pub(crate) const GREATER_1: usize = 107;
pub(crate) const GREATER_2: usize = 131;
pub(crate) const CROSS_SCALE: usize = 137;
pub(crate) const CROSS_SIGN: usize = 145;
pub(crate) const CHROMA_OFFSET: usize = 147;
pub(crate) const CHROMA_OFFSET_INDEX: usize = 148;
pub(crate) const COUNT: usize = 149;

/// `initValue` of each.
pub(crate) const INITIAL: [u8; COUNT] = Table::new()
    .with(SAO_MERGE, &[153])
    .with(SAO_TYPE, &[200])
    .with(SPLIT_BLOCK, &[139, 141, 157])
    .with(BYPASS, &[154])
    .with(PART_MODE, &[184])
    .with(PROBABLE_MODE, &[184])
    .with(CHROMA_MODE, &[63])
    .with(QUANTISER_DELTA, &[154, 154])
    .with(SPLIT_TRANSFORM, &[153, 138, 138])
    .with(CODED_LUMA, &[111, 141])
    .with(CODED_CHROMA, &[94, 138, 182, 154, 154])
    .with(TRANSFORM_SKIP, &[139, 139])
    .with(LAST_X, &LAST)
    .with(LAST_Y, &LAST)
    .with(CODED_SUB_BLOCK, &[91, 171, 134, 141])
    .with(
        SIGNIFICANT,
        &[
            111, 111, 125, 110, 110, 94, 124, 108, 124, 107, 125, 141, 179, 153, 125, 107, 125, 141, 179, 153, 125,
            107, 125, 141, 179, 153, 125, 140, 139, 182, 182, 152, 136, 152, 136, 153, 136, 139, 111, 136, 139, 111,
            141, 111,
        ],
    )
    .with(
        GREATER_1,
        &[
            140, 92, 137, 138, 140, 152, 138, 139, 153, 74, 149, 92, 139, 107, 122, 152, 140, 179, 166, 182, 140, 227,
            122, 197,
        ],
    )
    .with(GREATER_2, &[138, 153, 136, 167, 152, 152])
    .with(CROSS_SCALE, &[154; 8])
    .with(CROSS_SIGN, &[154; 2])
    .with(CHROMA_OFFSET, &[154])
    .with(CHROMA_OFFSET_INDEX, &[154])
    .whole();

const LAST: [u8; 18] = [110, 110, 124, 125, 140, 153, 125, 127, 140, 109, 111, 143, 127, 111, 79, 108, 123, 63];

/// Written element by element, in their order and without a gap.
mod table {
    pub(super) struct Table {
        values: [u8; super::COUNT],
        len: usize,
    }

    impl Table {
        pub(super) const fn new() -> Self {
            Self { values: [0; super::COUNT], len: 0 }
        }

        pub(super) const fn with(mut self, first: usize, values: &[u8]) -> Self {
            assert!(self.len == first, "contexts follow one another");
            let mut index = 0;
            while index < values.len() {
                self.values[first + index] = values[index];
                index += 1;
            }
            self.len += values.len();
            self
        }

        pub(super) const fn whole(self) -> [u8; super::COUNT] {
            assert!(self.len == super::COUNT, "every context has a value");
            self.values
        }
    }
}
