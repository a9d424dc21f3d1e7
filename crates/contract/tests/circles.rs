//! Data goes one way: no two modules of a crate use each other, directly or by way of others.
//!
//! Types that two modules need stand in a module below both. What counts is a path such as `crate::settings::Settings`
//! outside of tests; the modules are those of the crate's root. `benches` is not deployed and not looked at.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each module uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let parts = ["api", "cli", "cli/aws", "dispatcher", "serve", "worker"].map(|part| root.join(part));
    crates.chain(parts).map(|package| package.join("src")).collect()
}

fn read(folder: &Path, module: Option<&str>, uses: &mut Uses) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let module = module.unwrap_or(&name);
        if name == "tests" || matches!(module, "lib" | "main") {
            continue;
        }
        if path.is_dir() {
            read(&path, Some(module), uses);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let used = used(&fs::read_to_string(&path).unwrap());
            uses.entry(module.to_owned()).or_default().extend(used.into_iter().filter(|used| used != module));
        }
    }
}

/// The first names behind `crate::`, and behind each comma of `crate::{…}`.
fn used(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    let mut names = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let group = rest.strip_prefix('{').map(|rest| rest.split(';').next().unwrap());
        let paths = group.map_or_else(|| vec![rest], |group| group.split([',', '{', '}']).collect());
        let name =
            |path: &str| path.trim().split(|at: char| !at.is_alphanumeric() && at != '_').next().map(str::to_owned);
        names.extend(paths.into_iter().filter_map(name));
    }
    names
}

/// The modules from `module` back to itself, if there is a way.
fn circle(uses: &Uses, module: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![module.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in uses.get(way.last().unwrap()).into_iter().flatten() {
            let longer: Vec<_> = way.iter().chain([next]).cloned().collect();
            if next == module {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                ways.push(longer);
            }
        }
    }
    None
}

#[test]
fn no_modules_go_in_circles() {
    for source in sources() {
        let mut uses = Uses::new();
        read(&source, None, &mut uses);
        for module in uses.keys() {
            if let Some(circle) = circle(&uses, module) {
                panic!("{}: {}: move what both need below both", source.display(), circle.join(" -> "));
            }
        }
    }
}

#[test]
fn a_circle_is_found_by_way_of_others() {
    let uses = |text: &str| used(text).into_iter().filter(|name| name != "Error").collect::<BTreeSet<_>>();
    let uses = Uses::from([
        ("handle".to_owned(), uses("use crate::store::{Stored, store};\n// use crate::nothing;")),
        ("store".to_owned(), uses("use crate::{Error, clock::Clock,\n    edge};")),
        ("clock".to_owned(), uses("let _ = crate::handle::run();")),
        ("edge".to_owned(), uses("#[cfg(test)]\nmod tests { use crate::handle; }")),
    ]);
    assert_eq!(circle(&uses, "clock").unwrap(), ["clock", "handle", "store", "clock"]);
    assert_eq!(circle(&uses, "edge"), None);
}
