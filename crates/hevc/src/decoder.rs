//! A picture from its units.

use crate::{
    HevcError,
    bits::Bits,
    picture,
    pps::Pps,
    rows::{Filters, Row, Rows},
    slice,
    sps::Sps,
    state::Tree,
    units::{Kind, opened},
};

/// Decodes pictures of one sequence.
#[derive(Clone, Debug)]
pub struct Decoder {
    sps: Sps,
    sets: Vec<Pps>,
}

impl Decoder {
    /// A decoder by parameter sets, units with their headers.
    ///
    /// # Errors
    /// [`HevcError`]: of a set that cannot be read or asks for what is not decoded; without a sequence parameter set.
    pub fn new<'unit>(units: impl IntoIterator<Item = &'unit [u8]>) -> Result<Self, HevcError> {
        let opened: Vec<_> = units.into_iter().filter_map(opened).collect();
        let of = |wanted: Kind| opened.iter().filter(move |(kind, _)| *kind == wanted).map(|(_, payload)| payload);
        let sps = Sps::read(of(Kind::Sequence).next().ok_or(HevcError::Ends("the parameter sets"))?)?;
        let mut sets: Vec<Pps> = Vec::new();
        for payload in of(Kind::Picture) {
            let set = Pps::read(payload, &sps)?;
            sets.retain(|other| other.id != set.id);
            sets.push(set);
        }
        sets.retain(|set| set.sps_id == sps.id);
        Ok(Self { sps, sets })
    }

    /// Width and height of what is shown, in luma samples.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        let [left, right, top, bottom] = self.sps.window;
        (self.sps.width - left - right, self.sps.height - top - bottom)
    }

    /// Whether chroma has a sample for two columns, and for two rows.
    #[must_use]
    pub const fn halves_chroma(&self) -> (bool, bool) {
        let (across, down) = self.sps.chroma_shifts();
        (across > 0, down > 0)
    }

    /// The most that is held of a picture, in bytes, beside its units and their copy without escapes.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        // The tree's own blocks and contexts, and lines on their way out.
        let lines = 6 * u64::from(self.sps.width);
        let picture = self.sets.iter().map(|set| picture::held_bytes(&self.sps, set)).max();
        picture.unwrap_or_default() + lines + (64 << 10)
    }

    /// Decodes a picture from its slices; other units are passed over. Calls `sink` with each line, from the top.
    ///
    /// # Errors
    /// [`HevcError`]; lines above the damage were handed on by then.
    pub fn decode<'unit>(
        &self,
        units: impl IntoIterator<Item = &'unit [u8]>,
        filters: Filters,
        sink: &mut dyn FnMut(Row<'_>),
    ) -> Result<(), HevcError> {
        let slices = units.into_iter().filter_map(opened);
        let mut slices = slices.filter(|(kind, _)| matches!(kind, Kind::Slice | Kind::Start | Kind::Fresh)).peekable();
        // The first one says by which set the picture is decoded.
        let (kind, payload) = slices.peek().ok_or(HevcError::Missing(0))?;
        let id = slice::start(&mut Bits::new(payload, SLICE), *kind)?.pps_id;
        let set = self.sets.iter().find(|set| set.id == id).ok_or(HevcError::Value("slice_pic_parameter_set_id"))?;
        let mut tree = Tree::new(&self.sps, set);
        let mut rows = Rows::new((&self.sps, set), filters, sink);
        let mut result = Ok(());
        for (kind, payload) in slices {
            result = segment(&mut tree, &mut rows, (&self.sps, set), kind, &payload);
            if result.is_err() {
                break;
            }
        }
        let next = tree.next;
        let layout = &tree.picture.layout;
        // A row that is not complete is not shown; of tiles beside each other no row is, before the last.
        let decoded = next
            .map_or(layout.blocks / layout.across, |next| if layout.is_sideways() { 0 } else { next / layout.across });
        rows.end(&mut tree.picture, decoded);
        result?;
        next.map_or(Ok(()), |next| Err(HevcError::Missing(next)))
    }
}

const SLICE: &str = "the header of a slice";

fn segment(
    tree: &mut Tree<'_>,
    rows: &mut Rows<'_>,
    (sps, pps): (&Sps, &Pps),
    kind: Kind,
    payload: &[u8],
) -> Result<(), HevcError> {
    let mut bits = Bits::new(payload, SLICE);
    let start = slice::start(&mut bits, kind)?;
    if start.pps_id != pps.id {
        return Err(HevcError::Unsupported("slices of several picture parameter sets"));
    }
    let before = tree.picture.slices.last().copied();
    let segment = slice::read(bits, (kind, &start), (sps, pps), before)?;
    tree.decode(&segment, &mut |picture, row| rows.pass(picture, row + 1))
}
