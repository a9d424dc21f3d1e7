//! Scan headers: which components, which coefficients, which bits.

use crate::coding::Coding;
use crate::error::Error;
use crate::header::Header;

/// A scan header. **Source:** T.81 B.2.3.
pub(crate) struct ScanHeader {
    pub(crate) components: Vec<ScanComponent>,
    /// The first and the last coefficient.
    pub(crate) band: (u8, u8),
    /// The lowest bit already known, and the one this scan brings; 0 and 0 if it brings all.
    pub(crate) high_bit: u8,
    pub(crate) low_bit: u8,
}

pub(crate) struct ScanComponent {
    pub(crate) index: usize,
    pub(crate) dc_table: usize,
    pub(crate) ac_table: usize,
}

impl ScanHeader {
    /// Reads the body of an SOS segment.
    pub(crate) fn parse(body: &[u8], header: &Header) -> Result<Self, Error> {
        let bad = |problem| Error::Segment { segment: "SOS", problem };
        let (&count, rest) = body.split_first().ok_or(bad("too short"))?;
        let (specs, rest) = rest.split_at_checked(2 * usize::from(count)).ok_or(bad("too short"))?;
        let &[first, last, bits] = rest.first_chunk().ok_or(bad("too short"))?;
        if !(1..=4).contains(&count) {
            return Err(bad("number of components is not 1 to 4"));
        }
        let mut components: Vec<ScanComponent> = Vec::with_capacity(usize::from(count));
        for spec in specs.chunks_exact(2) {
            // Several components may have one identifier: the first of them that the scan has not named yet is meant.
            // Source: libjpeg-turbo `jdmarker.c`, `get_sos`.
            let named = |index: &usize| components.iter().any(|earlier| earlier.index == *index);
            let mut of_that_id = (0..header.components.len()).filter(|index| header.components[*index].id == spec[0]);
            let index = match of_that_id.find(|index| !named(index)) {
                Some(index) => index,
                None if header.components.iter().any(|component| component.id == spec[0]) => {
                    return Err(bad("a component twice"));
                }
                None => return Err(bad("unknown component")),
            };
            let (dc_table, ac_table) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
            if dc_table > 3 || ac_table > 3 {
                return Err(bad("table number above 3"));
            }
            components.push(ScanComponent { index, dc_table, ac_table });
        }
        let blocks: usize =
            components.iter().map(|part| header.components[part.index]).map(|c| usize::from(c.h * c.v)).sum();
        if components.len() > 1 && blocks > 10 {
            return Err(bad("more than 10 blocks in an MCU"));
        }
        let scan = Self { components, band: (first, last), high_bit: bits >> 4, low_bit: bits & 15 };
        if header.coding == Coding::Progressive {
            let ordered = first <= last && last < 64 && (first > 0 || last == 0);
            if !ordered || (first > 0 && count > 1) {
                return Err(bad("a band that no progressive scan may have"));
            }
            if scan.low_bit > 13 || (scan.high_bit != 0 && scan.high_bit != scan.low_bit + 1) {
                return Err(bad("bits that no progressive scan may have"));
            }
        }
        Ok(scan)
    }
}
