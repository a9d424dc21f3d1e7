//! The tables that segments between the scans define: quantisation, Huffman, restart interval.

use crate::error::Error;
use crate::huffman::Huffman;
use crate::standard;

/// A quantisation table in zigzag order, as the file has it.
pub(crate) type Quantisation = [u16; 64];

/// Everything DQT, DHT and DRI have set so far. A later segment replaces an earlier one of the same number.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) quantisation: [Option<Box<Quantisation>>; 4],
    pub(crate) dc: [Option<Box<Huffman>>; 4],
    pub(crate) ac: [Option<Box<Huffman>>; 4],
    /// MCUs between restart markers; 0 for none.
    pub(crate) restart_interval_mcus: u32,
}

impl Tables {
    /// Reads the body of a DQT segment: any number of tables of 8 or 16 bit. **Source:** T.81 B.2.4.1.
    pub(crate) fn define_quantisation(&mut self, mut body: &[u8]) -> Result<(), Error> {
        let bad = |problem| Error::Segment { segment: "DQT", problem };
        while let Some((&head, rest)) = body.split_first() {
            let slot = self.quantisation.get_mut(usize::from(head & 15)).ok_or(bad("table number above 3"))?;
            let width_bytes = match head >> 4 {
                0 => 1,
                1 => 2,
                _ => return Err(bad("precision is neither 8 nor 16 bits")),
            };
            let (values, rest) = rest.split_at_checked(64 * width_bytes).ok_or(bad("shorter than its tables"))?;
            let mut table = Box::new([0; 64]);
            for (into, value) in table.iter_mut().zip(values.chunks_exact(width_bytes)) {
                *into = value.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            *slot = Some(table);
            body = rest;
        }
        Ok(())
    }

    /// Reads the body of a DHT segment: any number of tables. **Source:** T.81 B.2.4.2.
    pub(crate) fn define_huffman(&mut self, mut body: &[u8]) -> Result<(), Error> {
        let bad = |problem| Error::Segment { segment: "DHT", problem };
        while let Some((&head, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(bad("shorter than its tables"))?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or(bad("shorter than its tables"))?;
            let table = Huffman::new(counts, symbols).ok_or(bad("more codes than their lengths allow"))?;
            let slots = match head >> 4 {
                0 if symbols.iter().any(|&size| size > 15) => return Err(bad("a DC difference of more than 15 bits")),
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(bad("class is neither DC nor AC")),
            };
            *slots.get_mut(usize::from(head & 15)).ok_or(bad("table number above 3"))? = Some(Box::new(table));
            body = rest;
        }
        Ok(())
    }

    /// Whether any Huffman table is defined.
    pub(crate) fn has_huffman(&self) -> bool {
        self.dc.iter().chain(&self.ac).any(Option::is_some)
    }

    /// Defines the standard's tables: frames of motion-JPEG leave them out, because all of them have the same.
    ///
    /// For files without any table of their own. In one that has some a missing table is lost, and another in its place
    /// would make a picture of noise. (libjpeg-turbo fills single gaps too, in `jstdhuff.c`.)
    pub(crate) fn use_standard_huffman(&mut self) {
        for (slots, table) in [(&mut self.dc, standard::DC), (&mut self.ac, standard::AC)] {
            for (slot, (counts, symbols)) in slots.iter_mut().zip(table) {
                *slot = Huffman::new(counts, symbols).map(Box::new);
            }
        }
    }

    /// Reads the body of a DRI segment. **Source:** T.81 B.2.4.4.
    pub(crate) fn define_restart_interval(&mut self, body: &[u8]) -> Result<(), Error> {
        let body = body.try_into().map_err(|_| Error::Segment { segment: "DRI", problem: "length is not 4" })?;
        self.restart_interval_mcus = u32::from(u16::from_be_bytes(body));
        Ok(())
    }
}
