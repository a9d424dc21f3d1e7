//! Sample adaptive offsets. Source: 7.4.9.3.

/// What is added to samples of a coding tree block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) kind: Kind,
    pub(crate) values: [i16; 4],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    None,
    /// The first of four bands of levels.
    Band(u8),
    /// By the neighbours in a direction: how far they are, in columns and rows.
    Edge(i8, i8),
}
