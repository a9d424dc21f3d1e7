//! The house keeps its own rules: one table with many readers, AWS at the edges, small files.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::fs;
use std::path::{Path, PathBuf};

use contract::{ImageFormat, TierTable};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            rust_files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = root();
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    let text = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(text).collect()
}

#[test]
fn the_aws_sdk_is_used_in_aws_rs_and_main_rs_only() {
    for (name, text) in sources() {
        let edge = name.ends_with("/aws.rs") || name.ends_with("/main.rs") || name.starts_with("local/end-to-end/");
        let rule = file!().ends_with(&name);
        assert!(edge || rule || !text.contains("aws_sdk_"), "{name} uses the AWS SDK: move it to aws.rs");
    }
}

#[test]
fn no_file_is_longer_than_a_head_can_hold() {
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 400, "{name} has {lines} lines, 400 are enough: split it");
    }
}

#[test]
fn every_tier_number_in_serverless_yml_comes_from_the_table() {
    let yml = fs::read_to_string(root().join("serverless.yml")).unwrap();
    for tier in TierTable::builtin().unwrap().iter() {
        let name = &tier.name;
        for want in [
            format!("worker-{name}:"),
            format!("memorySize: ${{file(./tiers.json):{name}.memory_mb}}"),
            format!("timeout: ${{file(./tiers.json):{name}.timeout_s}}"),
            format!("TIER: {name}"),
        ] {
            assert!(yml.contains(&want), "serverless.yml lacks `{want}`");
        }
        let literal = format!("memorySize: {}", tier.memory_mb);
        assert!(!yml.contains(&literal), "serverless.yml says `{literal}` itself");
    }
}

/// `UPDATE=1 cargo test -p contract` writes the table.
#[test]
fn the_readme_shows_the_table() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let start = readme.find("| tier |").expect("the README has the tier table");
    let end = start + readme[start..].find("\n\n").expect("a blank line ends the table");
    let table = tier_table();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{}{table}{}", &readme[..start], &readme[end..])).unwrap();
    } else {
        assert_eq!(readme[start..end], table, "run `UPDATE=1 cargo test -p contract`");
    }
}

fn tier_table() -> String {
    let formats = ImageFormat::ALL.map(|format| format!(" {format} |")).concat();
    let mut table =
        format!("| tier | memory |{formats} other |\n|---|--:|{}--:|", "--:|".repeat(ImageFormat::ALL.len()));
    for tier in TierTable::builtin().unwrap().iter() {
        let cells = ImageFormat::ALL.map(Some).into_iter().chain([None]);
        let cells: String = cells.map(|format| format!(" {} |", size(tier.max_object_bytes(format)))).collect();
        table.push_str(&format!("\n| {} | {} MB |{cells}", tier.name, tier.memory_mb));
    }
    table
}

/// The largest object that a tier takes, as a person would write it.
fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1_000_000) => format!("{} MB", bytes / 1_000_000),
        1_000_000.. if bytes.is_multiple_of(100_000) => format!("{:.1} MB", bytes as f64 / 1e6),
        _ if bytes.is_multiple_of(1_000) => format!("{} kB", bytes / 1_000),
        _ => format!("{bytes} B"),
    }
}
