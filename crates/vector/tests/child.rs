//! The process that draws: what it is left with, and what becomes of one that does not answer.
#![cfg(all(target_os = "linux", feature = "svg", feature = "pdf"))]
// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{self, Read},
    time::{Duration, Instant},
};

use vector::{Ask, Drawing, Kind, Process, Refusal, Renderer};

const SVG: &[u8] =
    b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 6'><rect width='9' height='6' fill='red'/></svg>";
const ASK: Ask = Ask { kind: Kind::Svg, page: 1, memory_bytes: 64 << 20 };
const PATIENCE: Duration = Duration::from_secs(60);

/// This program, for the test below.
fn process() -> Process {
    let words = ["draws_one_file", "--exact", "--ignored"].map(Into::into);
    Process::of("/proc/self/exe".into(), words.into(), PATIENCE)
}

#[test]
#[ignore = "it is a part of the others: the process that draws for them"]
fn draws_one_file() {
    vector::serve();
}

fn open(process: &Process, ask: &Ask, mut file: &[u8]) -> Result<Box<dyn Drawing>, Refusal> {
    process.open(ask, &mut file)
}

/// The process of a drawing, by its folder in `/proc`.
fn folder(drawing: &dyn Drawing) -> String {
    let words = format!("{drawing:?}");
    let number: String =
        words.chars().skip_while(|letter| !letter.is_numeric()).take_while(|letter| letter.is_numeric()).collect();
    format!("/proc/{number}")
}

#[test]
fn it_has_nothing_but_a_socket_and_its_limits() {
    let mut drawing = open(&process(), &ASK, SVG).unwrap();
    assert_eq!(drawing.size(), (9.0, 6.0));
    let folder = folder(drawing.as_ref());
    assert_eq!(fs::read(format!("{folder}/environ")).unwrap(), b"");
    assert_eq!(fs::read_link(format!("{folder}/cwd")).unwrap().to_str(), Some("/"));
    let limits = fs::read_to_string(format!("{folder}/limits")).unwrap();
    assert_eq!(limit_of(&limits, "Max cpu time"), [2, 3]);
    for name in ["Max file size", "Max core file size", "Max processes", "Max open files"] {
        assert_eq!(limit_of(&limits, name), [0, 0], "{name}");
    }
    let data = limit_of(&limits, "Max data size");
    assert!(data[0] == data[1] && (64 << 20..128 << 20).contains(&data[0]), "{data:?}");
    let drawn = drawing.draw((3, 2), 64 << 20).unwrap();
    assert_eq!(drawn.rgba, [255, 0, 0, 255].repeat(6));
    drop(drawing);
    assert!(!fs::exists(folder).unwrap());
}

fn limit_of(limits: &str, name: &str) -> Vec<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().map_while(|number| number.parse().ok()).collect()
}

#[test]
fn one_that_is_silent_is_ended() {
    let started = Instant::now();
    let silent = Process::of("/bin/sleep".into(), vec!["60".into()], Duration::from_millis(100));
    let refusal = open(&silent, &ASK, SVG).unwrap_err();
    assert!(matches!(refusal, Refusal::TooSlow { limit_s: 2 }), "{refusal}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn one_that_cannot_be_started_or_ends_is_no_fault_of_the_file() {
    for program in ["/does/not/exist", "/bin/true"] {
        let refusal = open(&Process::of(program.into(), Vec::new(), PATIENCE), &ASK, SVG).unwrap_err();
        assert!(matches!(refusal, Refusal::Broken(_)), "{program}: {refusal}");
    }
}

#[test]
fn a_budget_that_holds_no_process_is_said_with_what_is_needed() {
    for memory_bytes in [0, 1 << 20] {
        let refusal = open(&process(), &Ask { memory_bytes, ..ASK }, SVG).unwrap_err();
        assert!(matches!(refusal, Refusal::OverMemory { needed_bytes } if needed_bytes > memory_bytes), "{refusal}");
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

#[test]
fn a_reader_that_fails_ends_the_process() {
    let refusal = process().open(&ASK, &mut Failing).unwrap_err();
    assert!(matches!(&refusal, Refusal::Broken(cause) if cause.kind() == io::ErrorKind::ConnectionReset), "{refusal}");
}
