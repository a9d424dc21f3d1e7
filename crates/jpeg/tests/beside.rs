//! Two threads against one: the same samples, the same words about damage, and panics that arrive.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod planes;

use std::panic::{AssertUnwindSafe, catch_unwind};

use jpeg::{Decoder, Rows, Scale, Sink};
use planes::{Planes, SCALES, fixtures};

/// What one or two threads make of a file, in words where it is nothing.
fn decode(jpeg: &[u8], scale: Scale, beside: bool) -> (Planes, String) {
    let mut planes = Planes::default();
    let decoder = match Decoder::new(jpeg) {
        Ok(decoder) => decoder,
        Err(error) => return (planes, format!("{error:?}")),
    };
    let scales = vec![scale; decoder.header().components.len()];
    let decoder = if beside { decoder.beside() } else { decoder };
    let outcome = decoder.decode(&scales, &mut planes);
    // Of a file that is refused, one row more or less may have come.
    let planes = if outcome.is_ok() { planes } else { Planes::default() };
    (planes, format!("{outcome:?}"))
}

#[test]
fn two_threads_make_the_same_of_every_file_whole_and_damaged() {
    let mut refused = 0;
    for fixture in fixtures() {
        // A scale of 1/8 has no second thread.
        for scale in &SCALES[1..] {
            let mut check = |jpeg: &[u8], case: &str| {
                let (one, two) = (decode(jpeg, *scale, false), decode(jpeg, *scale, true));
                assert!(one == two, "{} {scale:?}, {case}: {} and {}", fixture.name, one.1, two.1);
                refused += usize::from(one.1.starts_with("Err"));
            };
            check(&fixture.jpeg, "whole");
            for step in 1..12 {
                let at = fixture.jpeg.len() * step / 12;
                check(&fixture.jpeg[..at], &format!("cut at {at}"));
                let mut other = fixture.jpeg.clone();
                other[at] ^= 1 << (step % 8);
                check(&other, &format!("another bit at {at}"));
                other.splice(at..at, [0xFF, 0xD3]);
                check(&other, &format!("a restart at {at}"));
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

/// Panics at its last row.
struct Panics(usize);

impl Sink for Panics {
    fn rows(&mut self, _: usize, rows: Rows<'_>) {
        self.0 = self.0.checked_sub(rows.height_samples()).expect("the sink's own words");
    }
}

#[test]
fn a_panic_of_the_sink_reaches_the_caller() {
    for fixture in fixtures() {
        for (scale, rows) in SCALES.into_iter().flat_map(|scale| [(scale, 0), (scale, 1)]) {
            let Ok(decoder) = Decoder::new(&fixture.jpeg[..]) else { continue };
            let scales = vec![scale; decoder.header().components.len()];
            let mut sink = Panics(rows);
            let decode = || drop(decoder.beside().decode(&scales, &mut sink));
            let panic = catch_unwind(AssertUnwindSafe(decode)).expect_err("there are more rows");
            assert!(panic.downcast_ref::<String>().is_some_and(|words| words == "the sink's own words"));
        }
    }
}
