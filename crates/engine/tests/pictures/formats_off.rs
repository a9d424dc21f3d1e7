//! Formats that a deployment has off: refused by what their bytes are, before a header is parsed.

use crate::fixtures;

use contract::{Formats, ImageFormat, Variant};
use engine::{EngineError, Made};

fn make(mut bytes: &[u8], formats: Formats) -> Result<Made, EngineError> {
    let variants: Vec<Variant> = contract::Thumbnails::builtin().unwrap().variants;
    let mut limits = fixtures::limits(64 << 20);
    limits.formats = formats;
    engine::make(&mut bytes, &variants, &limits, &mut |_| {})
}

#[test]
fn every_format_can_be_off_and_on_alone() {
    for format in ImageFormat::ALL {
        for (name, file) in fixtures::files(format) {
            let (without, alone) = (Formats::ALL.without(format), Formats::parse(format.name()).unwrap());
            match make(&file, without) {
                Err(EngineError::FormatOff { format: off, on }) => assert_eq!((off, on), (format, without), "{name}"),
                // A fixture of a room may be of another format by its signature: AV1 in HEIF.
                other => assert_ne!(other.map(|made| made.probe.format).unwrap(), format, "{name}"),
            }
            let off = make(&file, alone).err().map(|error| error.name());
            assert!(off.is_none() || make(&file, without).is_ok(), "{name}: {off:?}");
        }
    }
}

#[test]
fn a_refusal_says_what_is_on_and_what_to_do() {
    let file = fixtures::encode(&fixtures::picture().into(), ImageFormat::Psd);
    let error = make(&file, Formats::parse("jpeg,png").unwrap()).unwrap_err();
    assert_eq!(error.name(), "format_off");
    let words = "psd is off in this deployment, which reads jpeg, png: convert it, or add psd to the parameter formats";
    assert_eq!(error.to_string(), words);
}
