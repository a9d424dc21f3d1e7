//! What the tests share: the fixtures, and a sink that keeps whole planes.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;

use jpeg::{Coding, Decoder, Error, Header, Outcome, Rows, Scale, Sink};

/// All scales, and the samples per block side of each.
pub(crate) const SCALES: [Scale; 4] = [Scale::Eighth, Scale::Quarter, Scale::Half, Scale::Full];

/// One plane, rows without padding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) samples: Vec<u8>,
}

/// A sink that keeps everything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Planes(pub(crate) Vec<Plane>);

impl Sink for Planes {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        if self.0.len() <= component {
            self.0.resize(component + 1, Plane::default());
        }
        let plane = &mut self.0[component];
        plane.width = rows.width_samples();
        rows.iter().for_each(|row| plane.samples.extend_from_slice(row));
    }
}

/// One file below tests/fixtures.
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) jpeg: Vec<u8>,
    /// djpeg's samples, if there are any: see make_fixtures.py.
    pub(crate) reference: Option<Vec<u8>>,
}

impl Fixture {
    pub(crate) fn header(&self) -> Header {
        jpeg::read_header(&self.jpeg[..]).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    pub(crate) fn is_progressive(&self) -> bool {
        self.header().coding == Coding::Progressive
    }
}

/// All fixtures, by name.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    paths.sort();
    let load = |path: &PathBuf| Fixture {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        jpeg: std::fs::read(path).unwrap(),
        reference: std::fs::read(path.with_extension("planes")).ok(),
    };
    paths.iter().map(load).collect()
}

pub(crate) fn fixture(name: &str) -> Fixture {
    fixtures().into_iter().find(|fixture| fixture.name == name).unwrap_or_else(|| panic!("no fixture {name}"))
}

/// Decodes with one scale for all components.
pub(crate) fn decode(jpeg: &[u8], scale: Scale) -> Result<(Planes, Outcome), Error> {
    let decoder = Decoder::new(jpeg)?;
    let scales = vec![scale; decoder.header().components.len()];
    let mut planes = Planes::default();
    let outcome = decoder.decode(&scales, &mut planes)?;
    Ok((planes, outcome))
}

/// Mean and largest difference.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> (f64, u8) {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = differences.clone().map(u64::from).sum();
    (sum as f64 / a.len() as f64, differences.max().unwrap_or(0))
}
