#![no_main]
//! Any bytes as the boxes of HEIF, and as the units of an AV1 still.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(heif::Read::Done(picture)) = heif::read(data) {
        assert!(picture.crop.width > 0 && picture.crop.height > 0);
        assert_eq!(picture.colour.tiles.len() as u64, u64::from(picture.grid.0) * u64::from(picture.grid.1));
    }
    if let Ok(still) = heif::Still::read(data) {
        assert!(still.size.0 > 0 && still.size.1 > 0 && still.tiles > 0);
    }
});
