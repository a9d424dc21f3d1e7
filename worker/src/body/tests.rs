use std::cell::RefCell;
use std::collections::VecDeque;

use super::*;

/// Chunks of 64 kB from a place on, each byte the number of its chunk; nothing stands for a connection that breaks.
struct Chunks(VecDeque<Option<Bytes>>);

const CHUNK_BYTES: u64 = 64 << 10;

impl Chunks {
    fn from(from: u64, bytes: u64) -> Self {
        let mut chunks = VecDeque::new();
        let mut at = from;
        while at < bytes {
            let end = (at / CHUNK_BYTES + 1) * CHUNK_BYTES;
            let end = end.min(bytes);
            chunks.push_back(Some(Bytes::from(vec![(at / CHUNK_BYTES) as u8; (end - at) as usize])));
            at = end;
        }
        Self(chunks)
    }

    /// Breaks behind so many chunks.
    fn broken_behind(mut self, chunks: usize) -> Self {
        self.0.truncate(chunks);
        self.0.push_back(None);
        self
    }
}

impl ObjectBody for Chunks {
    fn content_encoding(&self) -> Option<&str> {
        None
    }

    fn focus(&self) -> Option<&str> {
        None
    }

    fn page(&self) -> Option<&str> {
        None
    }

    async fn next(&mut self) -> Option<Result<Bytes, CallError>> {
        let broken = || CallError { action: "GetObject".to_owned(), cause: "connection reset".into() };
        self.0.pop_front().map(|chunk| chunk.ok_or_else(broken))
    }
}

/// What `read` makes of an object of so many bytes, and where ranges were asked for.
fn run<Out: Send + 'static>(bytes: u64, read: impl FnOnce(BodyReader) -> Out + Send + 'static) -> (Out, Vec<u64>) {
    run_broken(bytes, &[], read)
}

/// The same where the first GETs each break behind so many chunks.
fn run_broken<Out: Send + 'static>(
    bytes: u64,
    breaks: &[usize],
    read: impl FnOnce(BodyReader) -> Out + Send + 'static,
) -> (Out, Vec<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (sender, reader) = pipe(bytes);
        let asked = RefCell::new(Vec::new());
        let get = |number: usize, from| {
            let whole = Chunks::from(from, bytes);
            match breaks.get(number) {
                Some(&chunks) => whole.broken_behind(chunks),
                None => whole,
            }
        };
        let get_from = async |from| {
            asked.borrow_mut().push(from);
            Ok(get(asked.borrow().len(), from))
        };
        let engine = tokio::task::spawn_blocking(move || read(reader));
        let ((), out) = tokio::join!(pump(get(0, 0), sender, get_from), engine);
        (out.unwrap(), asked.into_inner())
    })
}

/// The next byte, and how many come behind it.
fn byte(reader: &mut BodyReader) -> Option<u8> {
    let mut byte = [0];
    (reader.read(&mut byte).unwrap() == 1).then_some(byte[0])
}

const FAR_CHUNKS: u64 = FAR_BYTES / CHUNK_BYTES;

#[test]
fn what_is_far_is_asked_for_and_what_is_near_is_read() {
    let bytes = 200 * CHUNK_BYTES;
    let (out, asked) = run(bytes, |mut reader| {
        let first = byte(&mut reader);
        let near = reader.pass(CHUNK_BYTES).unwrap();
        let second = byte(&mut reader);
        // In parts, as the engine does.
        let far = (reader.pass(FAR_BYTES).unwrap(), reader.pass(CHUNK_BYTES).unwrap());
        let third = byte(&mut reader);
        let rest = io::copy(&mut reader, &mut io::sink()).unwrap();
        (first, near, second, far, third, rest)
    });
    let third = 2 + FAR_CHUNKS;
    let rest = bytes - third * CHUNK_BYTES - 3;
    assert_eq!(out, (Some(0), CHUNK_BYTES, Some(1), (0, 0), Some(third as u8), rest));
    assert_eq!(asked, [third * CHUNK_BYTES + 2]);
}

#[test]
fn nothing_is_asked_for_behind_the_end_nor_too_often() {
    let (out, asked) = run(100, |mut reader| (reader.pass(FAR_BYTES).unwrap(), byte(&mut reader), byte(&mut reader)));
    assert_eq!((out, asked), ((0, None, None), Vec::new()));
    let bytes = FAR_BYTES * 12;
    let (read, asked) = run(bytes, move |mut reader| {
        let mut read = 0;
        for _ in 0..11 {
            read += reader.pass(FAR_BYTES - 1).unwrap();
            read += reader.pass(FAR_BYTES).unwrap().min(1);
            byte(&mut reader);
            if read > FAR_BYTES * 12 {
                break;
            }
        }
        read
    });
    assert!(asked.len() <= MOST_RANGES as usize && read > 0, "{asked:?}");
}

#[test]
fn a_range_that_fails_is_the_readers_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(async {
        let (sender, mut reader) = pipe(FAR_BYTES * 2);
        let get_from = async |_| Err(CallError { action: "GetObject".to_owned(), cause: "503 SlowDown".into() });
        let engine = tokio::task::spawn_blocking(move || {
            reader.pass(FAR_BYTES).unwrap();
            reader.read(&mut [0]).unwrap_err()
        });
        tokio::join!(pump(Chunks::from(0, FAR_BYTES * 2), sender, get_from), engine).1.unwrap()
    });
    assert!(format!("{error:?}").contains("SlowDown"), "{error:?}");
}

/// The index of a film stands behind it: to the end, and back.
#[test]
fn a_reader_goes_back_even_from_the_end() {
    let bytes = FAR_BYTES + 3 * CHUNK_BYTES;
    let (out, asked) = run(bytes, move |mut reader| {
        let first = byte(&mut reader);
        reader.pass(FAR_BYTES + CHUNK_BYTES - 1).unwrap();
        let last = byte(&mut reader);
        let rest = io::copy(&mut reader, &mut io::sink()).unwrap();
        let end = (byte(&mut reader), byte(&mut reader));
        reader.go_back(2 * CHUNK_BYTES).unwrap();
        let second = byte(&mut reader);
        reader.go_back(CHUNK_BYTES).unwrap();
        (first, last, rest, end, second, byte(&mut reader))
    });
    let last = FAR_CHUNKS + 1;
    assert_eq!(out, (Some(0), Some(last as u8), 2 * CHUNK_BYTES - 1, (None, None), Some(2), Some(1)));
    assert_eq!(asked, [last * CHUNK_BYTES, 2 * CHUNK_BYTES, CHUNK_BYTES]);
    // A small object is in the pipe, all of it.
    let (out, asked) = run(100, |mut reader| {
        let whole = io::copy(&mut reader, &mut io::sink()).unwrap();
        reader.go_back(10).unwrap();
        (whole, io::copy(&mut reader, &mut io::sink()).unwrap())
    });
    assert_eq!((out, asked), ((100, 90), vec![10]));
}

#[test]
fn a_connection_that_breaks_is_gone_on_with_behind_the_last_byte() {
    let all = |mut reader: BodyReader| {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all)
    };
    let whole: Vec<u8> = (0..3).flat_map(|chunk| [chunk; CHUNK_BYTES as usize]).collect();
    for (breaks, asked) in
        [(&[1][..], &[CHUNK_BYTES][..]), (&[0], &[0]), (&[0, 1, 1], &[0, CHUNK_BYTES, 2 * CHUNK_BYTES])]
    {
        let (read, seen) = run_broken(3 * CHUNK_BYTES, breaks, all);
        assert!(read.unwrap() == whole, "{breaks:?}");
        assert_eq!(seen, asked, "{breaks:?}");
    }
    // Not for ever.
    let (read, asked) = run_broken(3 * CHUNK_BYTES, &[1, 0, 0, 0, 0], all);
    assert!(read.unwrap_err().to_string().contains("GetObject"));
    assert_eq!(asked, [CHUNK_BYTES; MOST_RESUMES as usize]);
    // All of it was there: this is no connection, and the same would come again.
    let (read, asked) = run_broken(3 * CHUNK_BYTES, &[3], all);
    assert!(read.is_err() && asked.is_empty(), "{asked:?}");
}
