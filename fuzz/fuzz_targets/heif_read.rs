#![no_main]
//! Any bytes as the boxes of HEIF, as the units of an AV1 still, and as the index of a film.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(heif::Read::Done(picture)) = heif::read(data) {
        assert!(picture.crop.width > 0 && picture.crop.height > 0);
        assert_eq!(picture.colour.tiles.len() as u64, u64::from(picture.grid.0) * u64::from(picture.grid.1));
    }
    if let Ok(still) = heif::Still::read(data) {
        assert!(still.size.0 > 0 && still.size.1 > 0 && still.tiles > 0);
    }
    if let Ok(movie) = heif::movie(data) {
        assert!(movie.frames.iter().all(|frame| frame.bytes > 0 && frame.offset.checked_add(frame.bytes).is_some()));
        if let Some(fragments) = movie.fragments {
            let _ = fragments.key_frame(data, data.len() as u64);
        }
    }
    if let Ok(track) = heif::track(data) {
        assert!(track.size.0 > 0 && track.size.1 > 0 && track.pixel.0 > 0 && track.pixel.1 > 0);
    }
    let _ = heif::Vp9::of_frame(data);
});
