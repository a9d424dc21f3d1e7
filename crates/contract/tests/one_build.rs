//! One build for all: whichever packages cargo is told to build, their dependencies have the same features.
//!
//! Else the AWS SDK, or the engine, would be compiled again for the next command. `crates/unify` and `crates/sdk` give
//! the features; this names what they lack.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What people and the Makefile build; two or more of a kind with their tests.
const SELECTIONS: [&[&str]; 6] = [
    &["thumbtier"],
    &["dispatcher", "worker", "api"],
    &["thumbtier-aws"],
    &["thumbtier-serve"],
    &[
        "benches",
        "calibrate",
        "coding",
        "contract",
        "engine",
        "heif",
        "jpeg",
        "resample",
        "thumbtier",
        "usage",
        "vector",
    ],
    &["api", "dispatcher", "end-to-end", "function", "sdk", "thumbtier-aws", "thumbtier-serve", "worker"],
];

/// Packages that may differ, because little hangs on them, and why they do.
const MAY_DIFFER: [(&str, &str); 8] = [
    ("api", "without a home on AWS, where nobody needs one"),
    ("aws-config", "signing in by SSO or by another program is for people, and not in the functions"),
    ("dispatcher", "as api"),
    ("engine", "`cargo run -p thumbtier` leaves out decoders that would double the time until the first thumbnail"),
    ("function", "as api"),
    ("thumbtier", "the same"),
    ("vector", "the same: without SVG and PDF it is the seam, and a process that refuses both"),
    ("worker", "as api"),
];

/// Each package (name and version) with the features it has, from `cargo tree`.
fn features(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    command.args(["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"]).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut packages = BTreeMap::<String, BTreeSet<String>>::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let Some((package, features)) = line.split_once('|') else { continue };
        let name = package.split(' ').take(2).collect::<Vec<_>>().join(" ");
        packages.entry(name).or_default().insert(features.trim_end_matches(" (*)").to_owned());
    }
    packages
}

#[test]
fn every_selection_of_packages_has_the_features_of_the_whole() {
    let whole = features(&["--workspace", "--edges", "normal,build,dev"]);
    for selection in SELECTIONS {
        let tested = if selection.len() > 3 { "normal,build,dev" } else { "normal,build" };
        let mut arguments = vec!["--edges", tested];
        arguments.extend(selection.iter().flat_map(|name| ["--package", name]));
        for (package, features) in features(&arguments) {
            let name = package.split(' ').next().unwrap();
            let reason = MAY_DIFFER.iter().find(|(other, _)| *other == name);
            assert!(
                reason.is_some() || whole[&package] == features,
                "{package} has {features:?} with {selection:?} and {:?} with everything: name the features in \
                 crates/unify/Cargo.toml, or in crates/sdk/Cargo.toml what only the AWS SDK needs",
                whole[&package]
            );
        }
    }
}
