//! The whole way: a file in, thumbnails out.
//!
//! One program, because each would compile the fixtures again, optimised as the engine is: 15 of them took a minute and a
//! half of CPU.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

#[path = "../fixtures/mod.rs"]
mod fixtures;

mod animations;
mod avif_out;
mod avifs;
mod colour;
mod damage;
#[cfg(target_os = "linux")]
mod drawings;
mod films;
mod flow;
mod focus;
mod formats_off;
mod golden;
mod heifs;
mod jp2s;
mod jxls;
mod odd_bitmaps;
mod odd_gifs;
mod odd_jpegs;
mod odd_pngs;
mod previews;
mod psds;
#[cfg(all(feature = "avif-output", feature = "av1"))]
#[path = "../fixtures/python.rs"]
mod python;
mod rare;
mod raws;
mod threads;
mod tiffs;
mod tiled;
mod wanted;
