//! Scaling lists. Source: 7.3.4, 7.4.5 and tables 7-5 and 7-6.

use crate::{HevcError, bits::Bits, scan::DIAGONAL_4, scan::DIAGONAL_8};

/// Table 7-6 of intra blocks, in the order of the diagonal scan.
const INTRA: [u8; 64] = [
    16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 16, 17, 16, 17, 18, 17, 18, 18, 17, 18, 21, 19, 20, 21, 20, 19, 21, 24,
    22, 22, 24, 24, 22, 22, 24, 25, 25, 27, 30, 27, 25, 25, 29, 31, 35, 35, 31, 29, 36, 41, 44, 41, 36, 47, 54, 54, 47,
    65, 70, 65, 88, 88, 115,
];

/// A list as it is coded: up to 64 factors in the order of the diagonal scan, and the one of the constant coefficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct List {
    factors: [u8; 64],
    constant: u8,
}

/// Factors of every size of a block, 4 to 32, and each of the six matrices: the three components of intra blocks first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScalingLists([[List; 6]; 4]);

impl ScalingLists {
    /// Those of tables 7-5 and 7-6. Lists of inter blocks are as those of intra blocks: none is decoded, and no list of an
    /// intra block is told by one of them.
    pub(crate) fn standard() -> Self {
        let of = |size| List { factors: if size == 0 { [16; 64] } else { INTRA }, constant: 16 };
        Self(std::array::from_fn(|size| [of(size); 6]))
    }

    /// `scaling_list_data()`.
    pub(crate) fn read(bits: &mut Bits<'_>, chroma_format: u32) -> Result<Self, HevcError> {
        let standard = Self::standard();
        let mut lists = standard.clone();
        for size in 0..4 {
            // Chroma has blocks of 32 in 4:4:4 alone, where the lists of 16 serve (7.4.5).
            let step = if size == 3 { 3 } else { 1 };
            for matrix in (0..6).step_by(step) {
                lists.0[size][matrix] = if bits.flag()? {
                    coded(bits, size)?
                } else {
                    let back = bits.up_to((matrix / step) as u32, "scaling_list_pred_matrix_id_delta")? as usize * step;
                    if back == 0 { standard.0[size][matrix] } else { lists.0[size][matrix - back] }
                };
            }
        }
        if chroma_format == 3 {
            for matrix in [1, 2, 4, 5] {
                lists.0[3][matrix] = lists.0[2][matrix];
            }
        }
        Ok(lists)
    }

    /// Factors of a block of `1 << log2` by row, of component 0 to 2 in an intra block.
    pub(crate) fn factors(&self, log2: u32, component: usize) -> Vec<u8> {
        let list = &self.0[log2 as usize - 2][component];
        let side = 1_usize << log2;
        let mut factors = vec![0; side * side];
        let (scan, shift): (&[(u8, u8)], u32) = if log2 == 2 { (&DIAGONAL_4, 0) } else { (&DIAGONAL_8, log2 - 3) };
        for (factor, (x, y)) in list.factors.iter().zip(scan) {
            for row in 0..1 << shift {
                let at = ((usize::from(*y) << shift) + row) * side + (usize::from(*x) << shift);
                factors[at..at + (1 << shift)].fill(*factor);
            }
        }
        if log2 > 3 {
            factors[0] = list.constant;
        }
        factors
    }
}

fn coded(bits: &mut Bits<'_>, size: usize) -> Result<List, HevcError> {
    let mut list = List { factors: [0; 64], constant: 16 };
    let mut next = 8;
    if size > 1 {
        next = bits.within(255, "scaling_list_dc_coef_minus8")? + 8;
        if !(1..=255).contains(&next) {
            return Err(HevcError::Value("scaling_list_dc_coef_minus8"));
        }
        list.constant = next as u8;
    }
    for factor in &mut list.factors[..if size == 0 { 16 } else { 64 }] {
        next = (next + bits.within(128, "scaling_list_delta_coef")?).rem_euclid(256);
        *factor = next as u8;
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_lies_over_its_block() {
        let standard = ScalingLists::standard();
        assert!(standard.factors(2, 1).iter().all(|factor| *factor == 16));
        let eight = standard.factors(3, 0);
        assert_eq!([eight[0], eight[7], eight[56], eight[63]], [16, 24, 24, 115]);
        let all = standard.factors(5, 0);
        assert_eq!([all[0], all[31], all[32 * 31], all[32 * 28 + 28]], [16, 24, 24, 115]);
    }

    #[test]
    fn what_is_not_coded_is_taken_from_another_list() {
        // Every list by prediction from itself: the standard's.
        let bytes = [0b0101_0101; 16];
        let lists = ScalingLists::read(&mut Bits::new(&bytes, "lists"), 1).unwrap();
        assert_eq!(lists, ScalingLists::standard());
    }
}
