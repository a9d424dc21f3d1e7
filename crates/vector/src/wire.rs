//! Messages between the two processes, over one socket: numbers in the order of this machine, which both are on.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use crate::{Ask, Drawn, Kind, Lack, Refusal};

/// What the process that draws has to say.
type Answer<T> = Result<T, Refusal>;

/// How much of a file is sent at once.
pub(crate) const CHUNK_BYTES: usize = 64 << 10;
/// The longest sentence of a refusal.
const MOST_WORDS: usize = 4 << 10;

// What an answer starts with.
const OPENED: u8 = 1;
const DONE: u8 = 2;
const FAILED: u8 = 3;
// Kinds of refusals; another number is damage.
const UNSUPPORTED: u8 = 1;
const OVER_MEMORY: u8 = 2;

pub(crate) fn send_ask(to: &mut impl Write, ask: &Ask, cpu_s: u64) -> io::Result<()> {
    to.write_all(&[ask.kind as u8])?;
    to.write_all(&ask.page.to_ne_bytes())?;
    to.write_all(&ask.memory_bytes.to_ne_bytes())?;
    to.write_all(&cpu_s.to_ne_bytes())
}

/// The ask, and how many seconds of CPU there are for all of it.
pub(crate) fn read_ask(from: &mut impl Read) -> io::Result<(Ask, u64)> {
    let [kind] = read(from)?;
    let kind = match kind {
        0 => Kind::Svg,
        1 => Kind::Pdf,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let page = u32::from_ne_bytes(read(from)?);
    let memory_bytes = u64::from_ne_bytes(read(from)?);
    Ok((Ask { kind, page, memory_bytes }, u64::from_ne_bytes(read(from)?)))
}

/// A part of the file; an empty one is its end.
pub(crate) fn send_chunk(to: &mut impl Write, chunk: &[u8]) -> io::Result<()> {
    to.write_all(&(chunk.len() as u32).to_ne_bytes())?;
    to.write_all(chunk)
}

/// All parts of a file; `None` where there is no memory for it.
pub(crate) fn read_file(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut file = Vec::new();
    let mut has_room = true;
    loop {
        let length = u32::from_ne_bytes(read(from)?) as usize;
        if length == 0 {
            return Ok(has_room.then_some(file));
        }
        has_room = has_room && file.try_reserve(length).is_ok();
        let mut part = (&mut *from).take(length as u64);
        // The other end listens when it has sent all of it.
        let count = if has_room { part.read_to_end(&mut file)? as u64 } else { io::copy(&mut part, &mut io::sink())? };
        if count != length as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

pub(crate) fn send_draw(to: &mut impl Write, size_px: (u32, u32), memory_bytes: u64) -> io::Result<()> {
    to.write_all(&size_px.0.to_ne_bytes())?;
    to.write_all(&size_px.1.to_ne_bytes())?;
    to.write_all(&memory_bytes.to_ne_bytes())
}

/// Size and memory.
pub(crate) fn read_draw(from: &mut impl Read) -> io::Result<((u32, u32), u64)> {
    let size_px = (u32::from_ne_bytes(read(from)?), u32::from_ne_bytes(read(from)?));
    Ok((size_px, u64::from_ne_bytes(read(from)?)))
}

pub(crate) fn send_opened(to: &mut impl Write, size: (f64, f64), held_bytes: u64) -> io::Result<()> {
    to.write_all(&[OPENED])?;
    to.write_all(&size.0.to_ne_bytes())?;
    to.write_all(&size.1.to_ne_bytes())?;
    to.write_all(&held_bytes.to_ne_bytes())
}

/// Size and what is held, or the refusal.
pub(crate) fn read_opened(from: &mut impl Read) -> io::Result<Answer<((f64, f64), u64)>> {
    let [tag] = read(from)?;
    if tag != OPENED {
        return read_failed(from, tag).map(Err);
    }
    let size = (f64::from_ne_bytes(read(from)?), f64::from_ne_bytes(read(from)?));
    let held_bytes = u64::from_ne_bytes(read(from)?);
    let is_size = |side: f64| side.is_finite() && side > 0.0;
    match is_size(size.0) && is_size(size.1) {
        true => Ok(Ok((size, held_bytes))),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

pub(crate) fn send_drawn(to: &mut impl Write, drawn: &Drawn) -> io::Result<()> {
    let lacks = drawn.lacks.iter().fold(0, |all, lack| all | *lack as u8);
    to.write_all(&[DONE, lacks])?;
    to.write_all(&(drawn.cpu.as_micros() as u64).to_ne_bytes())?;
    to.write_all(&drawn.peak_bytes.to_ne_bytes())?;
    to.write_all(&drawn.rgba)
}

/// The pixels, as many as were asked for, or the refusal.
pub(crate) fn read_drawn(from: &mut impl Read, size_px: (u32, u32)) -> io::Result<Answer<Drawn>> {
    let [tag] = read(from)?;
    if tag != DONE {
        return read_failed(from, tag).map(Err);
    }
    let [lacks] = read(from)?;
    let cpu = Duration::from_micros(u64::from_ne_bytes(read(from)?));
    let peak_bytes = u64::from_ne_bytes(read(from)?);
    let mut rgba = vec![0; size_px.0 as usize * size_px.1 as usize * 4];
    from.read_exact(&mut rgba)?;
    let lacks = Lack::ALL.into_iter().filter(|lack| lacks & *lack as u8 != 0).collect();
    Ok(Ok(Drawn { rgba, lacks, cpu, peak_bytes }))
}

pub(crate) fn send_refusal(to: &mut impl Write, refusal: &Refusal) -> io::Result<()> {
    let kind = match refusal {
        Refusal::Unsupported(_) => UNSUPPORTED,
        Refusal::OverMemory { .. } => OVER_MEMORY,
        _ => 0,
    };
    let words = refusal.to_string();
    let words = &words.as_bytes()[..words.len().min(MOST_WORDS)];
    to.write_all(&[FAILED, kind])?;
    to.write_all(&(words.len() as u32).to_ne_bytes())?;
    to.write_all(words)
}

fn read_failed(from: &mut impl Read, tag: u8) -> io::Result<Refusal> {
    let [kind] = read(from)?;
    let length = u32::from_ne_bytes(read(from)?) as usize;
    if tag != FAILED || length > MOST_WORDS {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut words = vec![0; length];
    from.read_exact(&mut words)?;
    // Words of a file may be in it: none of them ends a line of a log.
    let words = String::from_utf8_lossy(&words).replace(char::is_control, " ");
    Ok(match kind {
        UNSUPPORTED => Refusal::Unsupported(words),
        OVER_MEMORY => Refusal::OverMemory { needed_bytes: 0 },
        _ => Refusal::Corrupt(words),
    })
}

fn read<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map(|()| bytes)
}
