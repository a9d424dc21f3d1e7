//! Shared by the decode targets: any bytes, one scale, and what must hold whatever comes.

use jpeg::{Decoder, Rows, Scale, Sink, plan};

/// Counts the rows of each component.
#[derive(Default)]
struct Count([usize; 4]);

impl Sink for Count {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        assert_eq!(rows.iter().count(), rows.height_samples());
        self.0[component] += rows.height_samples();
    }
}

/// Decodes `data`; files that plan more than 64 MiB are left out, as a budget would.
pub fn decode(data: &[u8], scale: Scale) {
    let Ok(decoder) = Decoder::new(data) else { return };
    let scales = [scale; 4];
    let scales = &scales[..decoder.header().components.len()];
    let plan = plan(decoder.header(), scales).expect("a decoder exists");
    if plan.peak_bytes > 64 << 20 {
        return;
    }
    let mut count = Count::default();
    if decoder.decode(scales, &mut count).is_ok() {
        let planned = plan.components.iter().map(|component| component.height_samples);
        assert!(count.0.into_iter().take(scales.len()).eq(planned), "rows are missing");
    }
}
