#![no_main]
//! Any samples of any size at any quality, read back at 1/8.

use jpeg::{Decoder, Picture, PlaneRef, Rows, Scale, Sink, encode};

struct Ignore;

impl Sink for Ignore {
    fn rows(&mut self, _: usize, _: Rows<'_>) {}
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[quality, width], samples)) = data.split_first_chunk() else { return };
    let width_px = usize::from(width) + 1;
    let height_px = samples.len() / width_px;
    if height_px == 0 {
        return;
    }
    let plane = PlaneRef { samples, width_px, height_px, stride: width_px };
    let jpeg = encode(&Picture::YCbCr { y: plane, cb: plane, cr: plane }, quality).expect("planes of one size");
    let outcome = Decoder::new(&jpeg[..]).expect("our header").decode(&[Scale::Eighth; 3], &mut Ignore);
    assert_eq!(outcome.expect("our data").warning, None);
});
