//! Elements of Matroska and WebM: which track is the picture, and what a block says. Sources: RFC 8794 (EBML), RFC 9559.

use crate::{
    av1::Av1,
    avc::Avc,
    boxes::{Cursor, Fault, cut},
    facts::Nclx,
    hevc::Configuration,
    picture::{Codec, Turn},
};

/// Elements on one level; a track has some twenty.
const MOST_ELEMENTS: usize = 1024;
/// A pixel is not wider, nor higher, than so many times the other side.
const MOST_STRETCH: u64 = 8;

/// Identifiers of elements that are looked for from outside.
pub mod id {
    /// What a file starts with.
    pub const EBML: u32 = 0x1A45_DFA3;
    /// All that follows.
    pub const SEGMENT: u32 = 0x1853_8067;
    /// Unit of time and title.
    pub const INFO: u32 = 0x1549_A966;
    /// The tracks.
    pub const TRACKS: u32 = 0x1654_AE6B;
    /// Blocks of some seconds.
    pub const CLUSTER: u32 = 0x1F43_B675;
    /// When a cluster starts.
    pub const TIMESTAMP: u32 = 0xE7;
    /// A block that says itself whether it is a key frame.
    pub const SIMPLE_BLOCK: u32 = 0xA3;
    /// A block and what is said of it.
    pub const BLOCK_GROUP: u32 = 0xA0;
    /// The block in it.
    pub const BLOCK: u32 = 0xA1;
    /// What it needs to be decoded, unless it is a key frame.
    pub const REFERENCE: u32 = 0xFB;
}

const SCALE: u32 = 0x2A_D7B1;
const TRACK_ENTRY: u32 = 0xAE;
const NUMBER: u32 = 0xD7;
const TYPE: u32 = 0x83;
const CODEC: u32 = 0x86;
const PRIVATE: u32 = 0x63A2;
const ENCODINGS: u32 = 0x6D80;
const VIDEO: u32 = 0xE0;
const WIDTH: u32 = 0xB0;
const HEIGHT: u32 = 0xBA;
const SHOWN_WIDTH: u32 = 0x54B0;
const SHOWN_HEIGHT: u32 = 0x54BA;
const SHOWN_UNIT: u32 = 0x54B2;
const COLOUR: u32 = 0x55B0;
const MATRIX: u32 = 0x55B1;
const RANGE: u32 = 0x55B9;
const TRANSFER: u32 = 0x55BA;
const PRIMARIES: u32 = 0x55BB;
const PROJECTION: u32 = 0x7670;
const PROJECTION_TYPE: u32 = 0x7671;
const YAW: u32 = 0x7673;
const PITCH: u32 = 0x7674;
const ROLL: u32 = 0x7675;

/// The start of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// With its marker.
    pub id: u32,
    /// Bytes before its body: 2 to 12.
    pub header_bytes: u64,
    /// Of its body; `None` where it goes on until something that cannot be in it.
    pub bytes: Option<u64>,
}

impl Element {
    /// The most bytes that it has.
    pub const BYTES: usize = 12;

    /// `None` for fewer bytes than it has, and for what is none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor { bytes };
        let (id, id_bytes) = number(&mut cursor, 4, true)?;
        let (size, size_bytes) = number(&mut cursor, 8, false)?;
        let unknown = (1_u64 << (7 * size_bytes)) - 1;
        Some(Self { id: id as u32, header_bytes: id_bytes + size_bytes, bytes: (size != unknown).then_some(size) })
    }
}

/// A number whose first byte says its length, and that; `with_marker` as identifiers are written.
fn number(cursor: &mut Cursor<'_>, most: u32, with_marker: bool) -> Option<(u64, u64)> {
    let first = cursor.bytes.first()?;
    let length = first.leading_zeros() + 1;
    if length > most {
        return None;
    }
    let number = cursor.number(length as usize)?;
    let marker = 1 << (7 * length);
    Some((if with_marker { number } else { number & (marker - 1) }, length.into()))
}

/// The elements in `body`, up to one that is longer than what it stands in.
fn elements(body: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut cursor = Cursor { bytes: body };
    let next = move || {
        let element = Element::read(cursor.bytes)?;
        cursor.take(element.header_bytes as usize)?;
        Some((element.id, cursor.take(usize::try_from(element.bytes?).ok()?)?))
    };
    std::iter::from_fn(next).take(MOST_ELEMENTS)
}

fn child(body: &[u8], wanted: u32) -> Option<&[u8]> {
    elements(body).find(|(id, _)| *id == wanted).map(|(_, body)| body)
}

/// The whole number in an element.
fn whole(body: &[u8], wanted: u32) -> Option<u64> {
    let body = child(body, wanted).filter(|body| body.len() <= 8)?;
    Cursor { bytes: body }.number(body.len())
}

/// The floating-point number in an element; 0 where there is no element, or nothing in it.
fn real(body: &[u8], wanted: u32) -> Option<f64> {
    let body = child(body, wanted).unwrap_or_default();
    match body.len() {
        0 => Some(0.0),
        4 => body.try_into().ok().map(|four| f32::from_be_bytes(four).into()),
        8 => body.try_into().ok().map(f64::from_be_bytes),
        _ => None,
    }
}

/// The track that is shown.
#[derive(Clone, Debug)]
pub struct Track {
    /// By which its blocks name it.
    pub number: u64,
    /// What decodes it; `None` for VP9, which says in each key frame what it is.
    pub codec: Option<Codec>,
    /// Width and height as stored.
    pub size: (u32, u32),
    /// Width to height of a pixel.
    pub pixel: (u32, u32),
    /// Colours by the track.
    pub nclx: Option<Nclx>,
    /// How to see it upright.
    pub turns: Vec<Turn>,
}

/// Reads the body of `Tracks`.
///
/// # Errors
/// [`Fault`]: no track of pictures, or what is wrong with the first one.
pub fn track(body: &[u8]) -> Result<Track, Fault> {
    let mut fault = None;
    for (_, entry) in elements(body).filter(|(id, _)| *id == TRACK_ENTRY) {
        if whole(entry, TYPE) != Some(1) {
            continue;
        }
        match read_track(entry) {
            Ok(track) => return Ok(track),
            Err(other) => fault = fault.or(Some(other)),
        }
    }
    Err(fault.unwrap_or(Fault::Unsupported("no track of pictures")))
}

fn read_track(entry: &[u8]) -> Result<Track, Fault> {
    let ends = cut("length of a track", entry);
    let number = whole(entry, NUMBER).ok_or(ends)?;
    let video = child(entry, VIDEO).ok_or(ends)?;
    let side = |wanted| whole(video, wanted).and_then(|side| u32::try_from(side).ok()).filter(|side| *side > 0);
    let mut size = side(WIDTH).zip(side(HEIGHT)).ok_or(ends)?;
    if child(entry, ENCODINGS).is_some() {
        return Err(Fault::Unsupported("compressed or encrypted blocks"));
    }
    let record = child(entry, PRIVATE).unwrap_or_default();
    let name = child(entry, CODEC).unwrap_or_default();
    let mut shape = None;
    let codec = match name.strip_suffix(b"\0").unwrap_or(name) {
        b"V_VP9" => None,
        b"V_AV1" => Some(Codec::Av1(Av1::read(record)?)),
        b"V_MPEG4/ISO/AVC" => {
            let avc = Avc::read(record)?;
            (size, shape) = (avc.sequence.size, avc.sequence.pixel);
            Some(Codec::Avc(avc))
        }
        b"V_MPEGH/ISO/HEVC" => {
            let hevc = Configuration::read(record)?;
            (size, shape) = (hevc.sequence.size, hevc.sequence.pixel);
            Some(Codec::Hevc(hevc))
        }
        b"V_VP8" => return Err(Fault::Unsupported("VP8")),
        _ => return Err(Fault::Unsupported("a codec other than H.264, HEVC, AV1 and VP9")),
    };
    // As pixels or as a ratio; in centimetres it says the same.
    let shown = side(SHOWN_WIDTH).zip(side(SHOWN_HEIGHT)).filter(|_| whole(video, SHOWN_UNIT).unwrap_or(0) <= 3);
    let pixel = shown.and_then(|(width, height)| pixel((width, height), size)).or(shape).unwrap_or((1, 1));
    let turns = child(video, PROJECTION).and_then(turns).unwrap_or_default();
    Ok(Track { number, codec, size, pixel, nclx: child(video, COLOUR).and_then(colours), turns })
}

/// What a flat projection is turned by: a yaw of half a turn mirrors it, and then it rolls in degrees against the clock;
/// `None` for what is no quarter turn, or lies in space. Source: RFC 9559, `ProjectionPoseRoll`; libavformat reads it so.
fn turns(projection: &[u8]) -> Option<Vec<Turn>> {
    let [yaw, pitch, roll] = [YAW, PITCH, ROLL].map(|wanted| real(projection, wanted));
    let is_flat = whole(projection, PROJECTION_TYPE).unwrap_or(0) == 0 && pitch? == 0.0;
    let mirror = match yaw?.abs() {
        180.0 => Some(Turn::LeftRight),
        0.0 => None,
        _ => return None,
    };
    let quarters = roll? / 90.0;
    if !is_flat || quarters.fract() != 0.0 || quarters.abs() > 2.0 {
        return None;
    }
    let quarters = (quarters as i8).rem_euclid(4) as u8;
    Some(mirror.into_iter().chain((quarters > 0).then_some(Turn::Quarters(quarters))).collect())
}

/// The shape of a pixel of a picture of `stored` that is seen as `shown`; `None` for a mistake.
fn pixel(shown: (u32, u32), stored: (u32, u32)) -> Option<(u32, u32)> {
    let (across, down) = (u64::from(shown.0) * u64::from(stored.1), u64::from(shown.1) * u64::from(stored.0));
    let divisor = common(across, down);
    let (across, down) = (across / divisor, down / divisor);
    let is_sane = across <= down * MOST_STRETCH && down <= across * MOST_STRETCH;
    is_sane.then_some((u32::try_from(across).ok()?, u32::try_from(down).ok()?))
}

const fn common(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

fn colours(body: &[u8]) -> Option<Nclx> {
    let code = |wanted| whole(body, wanted).map_or(2, |code| u8::try_from(code).unwrap_or(2));
    let [primaries, transfer, matrix] = [PRIMARIES, TRANSFER, MATRIX].map(code);
    let full_range = whole(body, RANGE) == Some(2);
    let is_said = full_range || [primaries, transfer, matrix] != [2; 3];
    is_said.then_some(Nclx { primaries, transfer, matrix, full_range })
}

/// Nanoseconds in a unit of time, of the body of `Info`.
#[must_use]
pub fn time_scale(body: &[u8]) -> u64 {
    whole(body, SCALE).filter(|scale| *scale > 0).unwrap_or(1_000_000)
}

/// The start of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Of its track.
    pub track: u64,
    /// Bytes before its frame.
    pub header_bytes: u64,
    /// Whether a simple block is a key frame.
    pub is_key: bool,
    /// Whether it has several frames.
    pub is_laced: bool,
}

/// Reads the start of a block's body; `None` where it ends early.
#[must_use]
pub fn block(body: &[u8]) -> Option<Block> {
    let mut cursor = Cursor { bytes: body };
    let (track, bytes) = number(&mut cursor, 8, false)?;
    cursor.u16()?;
    let flags = cursor.u8()?;
    Some(Block { track, header_bytes: bytes + 3, is_key: flags & 0x80 != 0, is_laced: flags & 6 != 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: u32, body: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes();
        let first = id.iter().position(|byte| *byte > 0).unwrap();
        [&id[first..], &[0x40 | (body.len() >> 8) as u8, body.len() as u8], body].concat()
    }

    fn tracks(codec: &[u8], video: &[Vec<u8>]) -> Vec<u8> {
        let sound = element(TRACK_ENTRY, &[element(NUMBER, &[1]), element(TYPE, &[2])].concat());
        let entry =
            [element(NUMBER, &[2]), element(TYPE, &[1]), element(CODEC, codec), element(VIDEO, &video.concat())];
        [sound, element(TRACK_ENTRY, &entry.concat())].concat()
    }

    #[test]
    fn the_track_of_pictures_says_its_size_and_shape() {
        let size = [element(WIDTH, &[1, 0x40]), element(HEIGHT, &[0xF0])];
        let plain = track(&tracks(b"V_VP9", &size)).unwrap();
        assert_eq!((plain.number, plain.size, plain.pixel, plain.nclx), (2, (320, 240), (1, 1), None));
        assert!(plain.codec.is_none());
        let wide = [size.as_slice(), &[element(SHOWN_WIDTH, &[16]), element(SHOWN_HEIGHT, &[9])]].concat();
        assert_eq!(track(&tracks(b"V_VP9", &wide)).unwrap().pixel, (4, 3));
        let colour = element(COLOUR, &[element(MATRIX, &[9]), element(RANGE, &[2])].concat());
        let nclx = track(&tracks(b"V_VP9", &[size.as_slice(), &[colour]].concat())).unwrap().nclx.unwrap();
        assert_eq!((nclx.primaries, nclx.matrix, nclx.full_range), (2, 9, true));
        assert_eq!(plain.turns, []);
        assert_eq!(track(&tracks(b"V_VP8", &size)).unwrap_err(), Fault::Unsupported("VP8"));
        assert!(track(&tracks(b"V_VP9", &size[..1])).is_err());
        assert_eq!(track(&[]).unwrap_err(), Fault::Unsupported("no track of pictures"));
    }

    #[test]
    fn a_flat_picture_rolls_by_quarters() {
        let of = |elements: &[Vec<u8>]| turns(&elements.concat());
        let degrees = |id: u32, degrees: f32| element(id, &degrees.to_be_bytes());
        assert_eq!(of(&[]), Some(vec![]));
        assert_eq!(of(&[degrees(ROLL, 90.0)]), Some(vec![Turn::Quarters(1)]));
        assert_eq!(of(&[degrees(ROLL, -90.0)]), Some(vec![Turn::Quarters(3)]));
        assert_eq!(of(&[degrees(ROLL, -180.0), degrees(YAW, 0.0)]), Some(vec![Turn::Quarters(2)]));
        assert_eq!(of(&[element(ROLL, &90.0_f64.to_be_bytes())]), Some(vec![Turn::Quarters(1)]));
        assert_eq!(of(&[degrees(YAW, -180.0), degrees(ROLL, 90.0)]), Some(vec![Turn::LeftRight, Turn::Quarters(1)]));
        // A camera that looks up, a slope, a sphere, mistakes.
        for other in [degrees(PITCH, 10.0), degrees(ROLL, 5.0), degrees(ROLL, f32::NAN), degrees(ROLL, 1e30)] {
            assert_eq!(of(&[other]), None);
        }
        assert_eq!(of(&[degrees(ROLL, 90.0), element(PROJECTION_TYPE, &[1])]), None);
        assert_eq!(of(&[element(ROLL, &[1, 2, 3])]), None);
    }

    #[test]
    fn an_element_says_how_long_it_is() {
        let read = |bytes: &[u8]| Element::read(bytes).map(|element| (element.id, element.header_bytes, element.bytes));
        assert_eq!(read(&[0x1A, 0x45, 0xDF, 0xA3, 0x9F]), Some((id::EBML, 5, Some(31))));
        assert_eq!(
            read(&[0x18, 0x53, 0x80, 0x67, 1, 255, 255, 255, 255, 255, 255, 255]),
            Some((id::SEGMENT, 12, None))
        );
        assert_eq!(read(&[0xA3, 0x41, 0]), Some((id::SIMPLE_BLOCK, 3, Some(256))));
        assert_eq!(read(&[0, 0x81]), None);
        assert_eq!(read(&[0xA3]), None);
        let block = block(&[0x82, 0, 40, 0x80, 1, 2]).unwrap();
        assert_eq!(block, Block { track: 2, header_bytes: 4, is_key: true, is_laced: false });
    }
}
