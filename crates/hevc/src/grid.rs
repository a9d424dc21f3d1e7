//! Rows of cells of which the last ones are held.

/// A picture's cells, by column and row. Where fewer rows are held than there are, a row takes the place of the one that
/// is as many rows above it.
#[derive(Clone, Debug)]
pub(crate) struct Grid<T> {
    cells: Vec<T>,
    columns: usize,
    /// The rows held, less one: a power of two less one, or all bits.
    mask: usize,
}

impl<T: Copy + Default> Grid<T> {
    /// `rows` that are held: of `None`, all of `all`.
    pub(crate) fn new(columns: usize, held: Option<usize>, all: usize) -> Self {
        let (rows, mask) = match held {
            Some(rows) if rows.next_power_of_two() < all => (rows.next_power_of_two(), rows.next_power_of_two() - 1),
            _ => (all, usize::MAX),
        };
        Self { cells: vec![T::default(); columns * rows], columns, mask }
    }

    #[inline]
    pub(crate) fn at(&self, x: usize, y: usize) -> T {
        self.cells[(y & self.mask) * self.columns + x]
    }

    #[inline]
    pub(crate) fn set(&mut self, x: usize, y: usize, value: T) {
        self.cells[(y & self.mask) * self.columns + x] = value;
    }

    #[inline]
    pub(crate) fn row(&self, y: usize) -> &[T] {
        let at = (y & self.mask) * self.columns;
        &self.cells[at..at + self.columns]
    }

    #[inline]
    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [T] {
        let at = (y & self.mask) * self.columns;
        &mut self.cells[at..at + self.columns]
    }

    /// Sets the cells of a rectangle.
    pub(crate) fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), value: T) {
        for row in y..y + height {
            self.row_mut(row)[x..x + width].fill(value);
        }
    }
}
