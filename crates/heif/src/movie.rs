//! `moov`: which track is the picture, how it is seen, and where its first key frames lie. Sources: ISO/IEC 14496-12, 8.3
//! to 8.6 and 12.1; QuickTime File Format Specification for `nclc`.

use crate::{
    av1::Av1,
    avc::Avc,
    boxes::{Cursor, Fault, boxes, child, cut},
    facts::{Extent, Nclx},
    fragments::Fragments,
    hevc::Configuration,
    picture::{Codec, Turn},
    samples::{self, Times},
    vp9::Vp9,
};

/// A film has a handful of tracks.
const MOST_TRACKS: usize = 64;
/// A pixel is not wider, nor higher, than so many times the other side: what says so is taken for a mistake.
const MOST_STRETCH: u32 = 8;

/// The track that is shown.
#[derive(Clone, Debug)]
pub struct Movie {
    /// What decodes it.
    pub codec: Codec,
    /// Width and height of its sample entry, in pixels as stored.
    pub size: (u32, u32),
    /// Width to height of a pixel, where a box or the codec says that it is no square.
    pub pixel: (u32, u32),
    /// Colours by its box.
    pub nclx: Option<Nclx>,
    /// How a camera was held.
    pub turns: Vec<Turn>,
    /// Key frames, the one to be tried first in front; empty where `moof` boxes have the samples.
    pub frames: Vec<Extent>,
    /// What a `moof` is read with, where there are any.
    pub fragments: Option<Fragments>,
}

/// Reads the body of `moov`.
///
/// # Errors
/// [`Fault`]: no track of pictures, or what is wrong with it.
pub fn movie(body: &[u8]) -> Result<Movie, Fault> {
    let mut fault = Fault::Unsupported("no track of pictures");
    let (mut tracks, mut extends) = (Vec::new(), Vec::new());
    for (kind, body) in boxes(body) {
        match &kind {
            b"trak" if tracks.len() < MOST_TRACKS => tracks.push(body),
            b"mvex" => extends = boxes(body).filter(|(kind, _)| kind == b"trex").map(|(_, body)| body).collect(),
            b"cmov" => return Err(Fault::Unsupported("an index that is compressed")),
            _ => {}
        }
    }
    // Tracks that are off are for other languages, and for players to choose.
    let (on, off): (Vec<_>, Vec<_>) = tracks.into_iter().partition(|track| is_enabled(track));
    for track in on.into_iter().chain(off) {
        match read_track(track, &extends) {
            Ok(Some(movie)) => return Ok(movie),
            Ok(None) => {}
            Err(other) => {
                // What the first track of pictures lacks says most.
                if fault == Fault::Unsupported("no track of pictures") {
                    fault = other;
                }
            }
        }
    }
    Err(fault)
}

/// Units in a second.
fn time_scale(body: &[u8]) -> Option<u32> {
    let mut cursor = Cursor { bytes: body };
    let (version, _) = cursor.full()?;
    cursor.take(if version == 1 { 16 } else { 8 })?;
    cursor.u32().filter(|scale| *scale > 0)
}

fn is_enabled(track: &[u8]) -> bool {
    child(track, b"tkhd").and_then(|body| Cursor { bytes: body }.full()).is_some_and(|(_, flags)| flags & 1 != 0)
}

/// `None` for a track that is no picture.
fn read_track(track: &[u8], extends: &[&[u8]]) -> Result<Option<Movie>, Fault> {
    let media = child(track, b"mdia").unwrap_or_default();
    let handler = child(media, b"hdlr").and_then(|body| body.get(8..12));
    if handler != Some(b"vide".as_slice()) {
        return Ok(None);
    }
    let header = child(track, b"tkhd").unwrap_or_default();
    let (id, turns) = track_header(header).ok_or(cut("length of tkhd", header))?;
    let media_header = child(media, b"mdhd").unwrap_or_default();
    let scale = time_scale(media_header).ok_or(cut("length of mdhd", media_header))?;
    let table = child(media, b"minf").and_then(|body| child(body, b"stbl")).unwrap_or_default();
    let descriptions = child(table, b"stsd").unwrap_or_default();
    let entry = boxes(descriptions.get(8..).unwrap_or_default()).next();
    let (kind, entry) = entry.ok_or(cut("length of stsd", descriptions))?;
    let Entry { codec, size, pixel, nclx } = Entry::read(kind, entry)?;
    let edit = child(track, b"edts").and_then(|body| child(body, b"elst")).and_then(samples::first_edit);
    let frames = samples::key_frames(table, Times { scale, start: edit.map_or(0, |edit| edit.media_time) })?;
    let fragments = extends.iter().find_map(|body| Fragments::read(body, id));
    if frames.is_empty() && fragments.is_none() {
        return Err(Fault::Value { field: "number of key frames", value: 0 });
    }
    Ok(Some(Movie { codec, size, pixel, nclx, turns, frames, fragments }))
}

/// Number of the track and its matrix.
fn track_header(body: &[u8]) -> Option<(u32, Vec<Turn>)> {
    let mut cursor = Cursor { bytes: body };
    let (version, _) = cursor.full()?;
    cursor.take(if version == 1 { 16 } else { 8 })?;
    let id = cursor.u32()?;
    cursor.take(if version == 1 { 12 } else { 8 } + 16)?;
    let mut matrix = [0; 9];
    for cell in &mut matrix {
        *cell = cursor.u32()?.cast_signed();
    }
    Some((id, turns([matrix[0], matrix[1], matrix[3], matrix[4]])))
}

/// Of the four cells that turn and mirror; any other angle is upright, as players show it.
fn turns(cells: [i32; 4]) -> Vec<Turn> {
    match cells.map(i32::signum) {
        // Quarters against the clock.
        [0, 1, -1, 0] => vec![Turn::Quarters(3)],
        [-1, 0, 0, -1] => vec![Turn::Quarters(2)],
        [0, -1, 1, 0] => vec![Turn::Quarters(1)],
        [-1, 0, 0, 1] => vec![Turn::LeftRight],
        [1, 0, 0, -1] => vec![Turn::TopBottom],
        [0, 1, 1, 0] => vec![Turn::LeftRight, Turn::Quarters(1)],
        [0, -1, -1, 0] => vec![Turn::LeftRight, Turn::Quarters(3)],
        _ => Vec::new(),
    }
}

/// A sample entry.
struct Entry {
    codec: Codec,
    size: (u32, u32),
    pixel: (u32, u32),
    nclx: Option<Nclx>,
}

impl Entry {
    fn read(kind: [u8; 4], body: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor { bytes: body };
        let side = |cursor: &mut Cursor<'_>| cursor.u16().map(u32::from).filter(|side| *side > 0);
        let size = cursor.take(24).and_then(|_| Some((side(&mut cursor)?, side(&mut cursor)?)));
        let size = size.ok_or(cut("length of a sample entry", body))?;
        let inner = body.get(78..).unwrap_or_default();
        let own = |wanted: &[u8; 4]| child(inner, wanted).unwrap_or_default();
        let (codec, pixel, size) = match &kind {
            b"avc1" | b"avc3" => {
                let avc = Avc::read(own(b"avcC"))?;
                let sequence = avc.sequence;
                (Codec::Avc(avc), sequence.pixel, sequence.size)
            }
            b"hvc1" | b"hev1" => {
                let hevc = Configuration::read(own(b"hvcC"))?;
                let sequence = hevc.sequence;
                (Codec::Hevc(hevc), sequence.pixel, sequence.size)
            }
            b"av01" => (Codec::Av1(Av1::read(own(b"av1C"))?), None, size),
            b"vp09" => (Codec::Vp9(Vp9::read(own(b"vpcC"))?), None, size),
            _ => return Err(Fault::Unsupported(unread(&kind))),
        };
        let pixel = pasp(own(b"pasp")).or(pixel).filter(|(width, height)| {
            let (width, height) = (u64::from(*width), u64::from(*height));
            let most = u64::from(MOST_STRETCH);
            width <= height * most && height <= width * most
        });
        Ok(Self { codec, size, pixel: pixel.unwrap_or((1, 1)), nclx: colours(inner) })
    }
}

/// What is not read, in words.
const fn unread(kind: &[u8; 4]) -> &'static str {
    match kind {
        b"encv" => "encrypted samples",
        b"dvh1" | b"dvhe" | b"dva1" | b"dvav" | b"dav1" => "Dolby Vision without a layer for others",
        b"mp4v" | b"s263" | b"h263" => "MPEG-4 part 2 or H.263",
        b"jpeg" | b"mjpa" | b"mjpb" => "Motion JPEG",
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "ProRes",
        b"vp08" => "VP8",
        b"vvc1" | b"vvi1" => "H.266",
        _ => "a codec other than H.264, HEVC, AV1 and VP9",
    }
}

fn pasp(body: &[u8]) -> Option<(u32, u32)> {
    let mut cursor = Cursor { bytes: body };
    let pixel = (cursor.u32()?, cursor.u32()?);
    (pixel.0 > 0 && pixel.1 > 0).then_some(pixel)
}

/// `colr`, as `nclx` or as QuickTime's `nclc`, which has no range.
fn colours(entry: &[u8]) -> Option<Nclx> {
    boxes(entry).filter(|(kind, _)| kind == b"colr").find_map(|(_, body)| match body {
        [b'n', b'c', b'l', kind @ (b'x' | b'c'), _, primaries, _, transfer, _, matrix, rest @ ..] => {
            let full_range = *kind == b'x' && rest.first().is_some_and(|range| range & 0x80 != 0);
            Some(Nclx { primaries: *primaries, transfer: *transfer, matrix: *matrix, full_range })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_a_turn() {
        const ONE: i32 = 1 << 16;
        assert_eq!(turns([ONE, 0, 0, ONE]), []);
        assert_eq!(turns([0, ONE, -ONE, 0]), [Turn::Quarters(3)]);
        assert_eq!(turns([-ONE, 0, 0, -ONE]), [Turn::Quarters(2)]);
        assert_eq!(turns([0, -ONE, ONE, 0]), [Turn::Quarters(1)]);
        assert_eq!(turns([-ONE, 0, 0, ONE]), [Turn::LeftRight]);
        // Any other angle.
        assert_eq!(turns([ONE, ONE, -ONE, ONE]), []);
    }

    #[test]
    fn no_start_of_garbage_is_a_film() {
        assert_eq!(movie(&[]).unwrap_err(), Fault::Unsupported("no track of pictures"));
        for end in 0..64 {
            assert!(movie(&vec![0xFF; end]).is_err());
            assert!(movie(&vec![0; end]).is_err());
        }
    }
}
