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
fn tests_leave_nothing_outside_target() {
    for (name, text) in sources() {
        let rule = file!().ends_with(&name);
        assert!(rule || !text.contains("temp_dir"), "{name}: CARGO_TARGET_TMPDIR, or `Scratch` in a unit test");
    }
}

/// What programs print may have found its way into a report. Where this runs is where such a thing is written.
#[test]
fn figures_and_documents_name_no_folder_of_the_machine_that_made_them() {
    let root = root().canonicalize().unwrap();
    let here = root.to_string_lossy();
    let folders = ["benches", "docs"].map(|folder| fs::read_dir(root.join(folder)).unwrap());
    for path in folders.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains(&format!("{here}/")), "{} has {here}: say it without the folder", path.display());
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

/// What stands in `file` from `start` to the next `end` is `want`; `UPDATE=1 cargo test -p contract` writes it.
fn follows(file: &str, (start, end): (&str, &str), want: &str) {
    let path = root().join(file);
    let text = fs::read_to_string(&path).unwrap();
    let from = text.find(start).unwrap_or_else(|| panic!("{file} lacks `{start}`"));
    let to = from + text[from..].find(end).unwrap_or_else(|| panic!("{file} lacks `{end}` behind `{start}`"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{}{want}{}", &text[..from], &text[to..])).unwrap();
    } else {
        assert_eq!(&text[from..to], want, "{file}: run `UPDATE=1 cargo test -p contract`");
    }
}

#[test]
fn the_readme_shows_the_table() {
    follows("README.md", ("| format |", "\n\n"), &tier_table());
}

#[test]
fn the_documents_show_every_format() {
    let row = |format: ImageFormat| {
        let facts = format.facts();
        format!("\n| {} | {} | {} |", facts.title, facts.reads, facts.refuses)
    };
    let head = "| format | what is read of it | what is refused |\n|---|---|---|".to_owned();
    follows(
        "docs/formats.md",
        ("| format | what", "\n\n"),
        &ImageFormat::ALL.map(row).into_iter().fold(head, |all, row| all + &row),
    );
}

#[test]
fn the_page_knows_every_format() {
    let titles = ImageFormat::ALL.map(|format| format.facts().title).join(", ");
    follows("api/page/index.html", ("JPEG, ", "</span>, <span id=\"limit\">"), &titles);
    let types = ImageFormat::ALL.into_iter().flat_map(|format| {
        let facts = format.facts();
        facts.extensions.iter().map(|extension| format!("\n  \"{extension}\": \"{}\",", facts.media_types[0]))
    });
    let types: String = types.collect();
    follows("api/page/files.js", ("const TYPES = {", "};"), &format!("const TYPES = {{{types}\n"));
}

/// A format's folder, its `mod` line and its line in the table of rooms: the compiler asks for the last.
#[test]
fn every_format_has_a_room_with_fixtures() {
    for format in ImageFormat::ALL {
        for file in ["mod.rs", "fixtures.rs"] {
            let path = root().join("crates/engine/src/formats").join(format.name()).join(file);
            assert!(path.is_file(), "{} is missing", path.display());
        }
    }
}

fn tier_table() -> String {
    let tiers = TierTable::builtin().unwrap();
    let tier = |tier: &contract::Tier| format!(" {}, {} MB |", tier.name, tier.memory_mb);
    let head: String = tiers.iter().map(tier).collect();
    let measured = tiers.rows();
    let others = ImageFormat::ALL.into_iter().filter(|format| !measured.contains(format));
    let others: Vec<_> =
        others.map(|format| format.facts().title).chain(["what neither key nor Content-Type names"]).collect();
    let rows = measured.into_iter().map(|format| (format.facts().title.to_owned(), Some(format)));
    let rows = rows.chain([(others.join(", "), None)]).map(|(title, format)| {
        let cells: String = tiers.iter().map(|tier| format!(" {} |", size(tier.max_object_bytes(format)))).collect();
        format!("\n| {title} |{cells}")
    });
    format!("| format |{head}\n|---|{}{}", "--:|".repeat(tiers.iter().count()), rows.collect::<String>())
}

/// **Source:** Amazon S3 user guide, "Uploading objects": 50 TB.
const LARGEST_OBJECT_BYTES: u64 = 50_000_000_000_000;

/// The largest object that a tier takes, as a person would write it.
fn size(bytes: u64) -> String {
    match bytes {
        LARGEST_OBJECT_BYTES.. => "every size".to_owned(),
        _ if bytes.is_multiple_of(1_000_000) => format!("{} MB", bytes / 1_000_000),
        1_000_000.. if bytes.is_multiple_of(100_000) => format!("{:.1} MB", bytes as f64 / 1e6),
        _ if bytes.is_multiple_of(1_000) => format!("{} kB", bytes / 1_000),
        _ => format!("{bytes} B"),
    }
}
