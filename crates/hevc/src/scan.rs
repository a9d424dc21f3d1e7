//! Orders of coefficients. Source: 6.5.3 to 6.5.5.

/// Of a scan, x and y of each place.
pub(crate) type Scan<const COUNT: usize> = [(u8, u8); COUNT];

/// From the bottom left to the top right, diagonal by diagonal.
const fn diagonal<const COUNT: usize>(side: i32) -> Scan<COUNT> {
    let mut scan = [(0, 0); COUNT];
    let (mut x, mut y, mut at) = (0, 0, 0);
    while at < COUNT {
        if x < side && y < side && y >= 0 {
            scan[at] = (x as u8, y as u8);
            at += 1;
        }
        y -= 1;
        x += 1;
        if y < 0 {
            y = x;
            x = 0;
        }
    }
    scan
}

const fn horizontal<const COUNT: usize>(side: usize) -> Scan<COUNT> {
    let mut scan = [(0, 0); COUNT];
    let mut at = 0;
    while at < COUNT {
        scan[at] = ((at % side) as u8, (at / side) as u8);
        at += 1;
    }
    scan
}

const fn vertical<const COUNT: usize>(side: usize) -> Scan<COUNT> {
    let mut scan = [(0, 0); COUNT];
    let mut at = 0;
    while at < COUNT {
        scan[at] = ((at / side) as u8, (at % side) as u8);
        at += 1;
    }
    scan
}

pub(crate) static DIAGONAL_2: Scan<4> = diagonal(2);
pub(crate) static DIAGONAL_4: Scan<16> = diagonal(4);
pub(crate) static DIAGONAL_8: Scan<64> = diagonal(8);
static HORIZONTAL_2: Scan<4> = horizontal(2);
static HORIZONTAL_4: Scan<16> = horizontal(4);
static VERTICAL_2: Scan<4> = vertical(2);
static VERTICAL_4: Scan<16> = vertical(4);

/// `scanIdx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Diagonal,
    Horizontal,
    Vertical,
}

impl Order {
    /// Places in a sub-block of 4 by 4.
    pub(crate) fn places(self) -> &'static Scan<16> {
        match self {
            Self::Diagonal => &DIAGONAL_4,
            Self::Horizontal => &HORIZONTAL_4,
            Self::Vertical => &VERTICAL_4,
        }
    }

    /// Sub-blocks of a block of `1 << log2`. Blocks above 8 by 8 have the diagonal order alone.
    pub(crate) fn sub_blocks(self, log2: u32) -> &'static [(u8, u8)] {
        match (log2, self) {
            (2, _) => &[(0, 0)],
            (3, Self::Diagonal) => &DIAGONAL_2,
            (3, Self::Horizontal) => &HORIZONTAL_2,
            (3, Self::Vertical) => &VERTICAL_2,
            (4, _) => &DIAGONAL_4,
            _ => &DIAGONAL_8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagonal_goes_up() {
        assert_eq!(DIAGONAL_2, [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(DIAGONAL_4[..6], [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)]);
        assert_eq!(DIAGONAL_4[15], (3, 3));
        assert_eq!(DIAGONAL_8[36], (1, 7));
        assert_eq!(Order::Vertical.places()[1], (0, 1));
    }
}
