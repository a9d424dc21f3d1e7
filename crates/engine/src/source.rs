//! The caller's reader, counted and limited, with its first bytes kept for the probe and read again by the decoder.

use std::io::{self, Read, Seek, SeekFrom};

use crate::{EngineError, Limits};

/// A reader that may pass over bytes without reading them.
///
/// A RAW file's preview and a Photoshop document's composite stand behind much that a thumbnail does not need.
pub trait Pass: Read {
    /// Passes over `bytes` of it, or all that there are, and says how many of them were read for that.
    ///
    /// # Errors
    /// As [`Read::read`].
    fn pass(&mut self, bytes: u64) -> io::Result<u64>;

    /// Goes back to `at`, in bytes from the start of the file.
    ///
    /// # Errors
    /// As [`Read::read`]; [`io::ErrorKind::Unsupported`] for a stream, which cannot.
    fn go_back(&mut self, _at: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A stream, which is passed over by reading it.
#[derive(Debug)]
pub struct Streamed<R>(pub R);

impl<R: Read> Read for Streamed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Pass for Streamed<R> {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        io::copy(&mut self.take(bytes), &mut io::sink())
    }
}

/// A file, of which nothing is read that is passed over.
#[derive(Debug)]
pub struct Seeking<S>(pub S);

impl<S: Read> Read for Seeking<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Read + Seek> Pass for Seeking<S> {
    fn pass(&mut self, bytes: u64) -> io::Result<u64> {
        // Where no file of the system can have a byte, nothing is.
        let forward = self.0.seek(SeekFrom::Current(i64::try_from(bytes).unwrap_or(i64::MAX)));
        let reached = match forward {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => self.0.seek(SeekFrom::End(0)),
            reached => reached,
        };
        reached.map(|_| 0)
    }

    fn go_back(&mut self, at: u64) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(at)).map(drop)
    }
}

/// Room behind a prefix for its next growth.
const GROWTH_BYTES: usize = 16 << 10;
/// How much is passed over at once, and twice as much each time that nothing had to be read for it.
const PASSED_BYTES: u64 = 8 << 20;
/// No file has a byte behind this one.
const MOST_AT: u64 = 1 << 62;

/// A reader that first gives the prefix again, then goes on with the caller's stream.
pub(crate) struct Source<'caller> {
    reader: &'caller mut dyn Pass,
    /// The file's first bytes, as far as the probe needed them.
    prefix: Vec<u8>,
    /// How much of the prefix has been read again.
    replayed: usize,
    /// Where the reader is, in bytes from the start of the file.
    at: u64,
    /// The last bytes before that, which were looked at, and how many of them have been read.
    seen: Vec<u8>,
    seen_read: usize,
    bytes_read: u64,
    limit_bytes: u64,
    /// How much of the stream is left, where it is a file in a file.
    left_bytes: Option<u64>,
    failure: Option<Failure>,
    at_end: bool,
}

/// Why reading stopped before the end. Decoders wrap or drop what a reader says, so it is kept here.
enum Failure {
    Reader(io::Error),
    TooLarge,
}

impl<'caller> Source<'caller> {
    pub(crate) fn new(reader: &'caller mut dyn Pass, limits: &Limits) -> Self {
        Self {
            reader,
            prefix: Vec::new(),
            replayed: 0,
            at: 0,
            seen: Vec::new(),
            seen_read: 0,
            bytes_read: 0,
            limit_bytes: limits.max_source_bytes,
            left_bytes: None,
            failure: None,
            at_end: false,
        }
    }

    pub(crate) const fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Whether the stream has ended.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// The first bytes that the probe read.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    /// The same, for a room that must keep something from its decoder.
    pub(crate) fn prefix_mut(&mut self) -> &mut [u8] {
        &mut self.prefix
    }

    /// Reads until the prefix has `bytes` bytes or the stream ends.
    pub(crate) fn fill_prefix(&mut self, bytes: u64) -> Result<(), EngineError> {
        let missing = bytes.saturating_sub(self.prefix.len() as u64);
        let mut prefix = std::mem::take(&mut self.prefix);
        // Exact, but for a little room: a TIFF directory is found in two steps, and the file must not be copied for
        // the second. Callers have checked `bytes` against the budget.
        if prefix.capacity() < prefix.len() + usize::try_from(missing).unwrap_or_default() {
            prefix.reserve_exact(usize::try_from(missing).unwrap_or_default() + GROWTH_BYTES);
        }
        let result = Stream(self).take(missing).read_to_end(&mut prefix);
        self.prefix = prefix;
        match result {
            Ok(_) => Ok(()),
            Err(_) => Err(self.failure().unwrap_or(EngineError::SourceTooLarge { limit_bytes: self.limit_bytes })),
        }
    }

    /// Goes on as if the file were those `bytes` of it, `at` bytes from its start: what stands before is dropped.
    pub(crate) fn enter(&mut self, at: u64, bytes: u64) -> Result<(), EngineError> {
        let before = (self.prefix.len() as u64).min(at);
        let mut prefix = std::mem::take(&mut self.prefix);
        prefix.drain(..before as usize);
        prefix.truncate(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.pass_stream(at - before).map_err(|_| {
            let too_large = EngineError::SourceTooLarge { limit_bytes: self.limit_bytes };
            self.failure().unwrap_or(too_large)
        })?;
        self.left_bytes = Some(bytes - prefix.len() as u64);
        self.at_end = self.at_end && prefix.is_empty();
        (self.prefix, self.replayed) = (prefix, 0);
        Ok(())
    }

    /// What kept the stream from ending by itself, if anything did: it outranks what a decoder made of it.
    pub(crate) fn failure(&mut self) -> Option<EngineError> {
        self.failure.take().map(|failure| match failure {
            Failure::Reader(cause) => EngineError::Source { bytes_read: self.bytes_read, cause },
            Failure::TooLarge => EngineError::SourceTooLarge { limit_bytes: self.limit_bytes },
        })
    }

    /// The prefix by value; what follows of the stream is read by [`Source::read`].
    pub(crate) fn take_prefix(&mut self) -> Vec<u8> {
        self.replayed = 0;
        std::mem::take(&mut self.prefix)
    }

    /// Passes over `bytes`, or all that there are.
    ///
    /// # Errors
    /// As [`Read::read`].
    pub(crate) fn pass(&mut self, bytes: u64) -> io::Result<()> {
        let again = (self.prefix.len() - self.replayed).min(usize::try_from(bytes).unwrap_or(usize::MAX));
        self.replayed += again;
        let seen = (self.seen.len() - self.seen_read.min(self.seen.len())).min((bytes - again as u64) as usize);
        self.seen_read += seen;
        self.pass_stream(bytes - again as u64 - seen as u64)
    }

    /// Goes on at `at`, in bytes from the start of the file, where the whole file is read.
    ///
    /// # Errors
    /// As [`Read::read`]; [`io::ErrorKind::Unsupported`] where that is behind the reader and it cannot go back.
    pub(crate) fn go_to(&mut self, at: u64) -> io::Result<()> {
        if at > MOST_AT {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let kept = self.prefix.len() as u64;
        self.replayed = at.min(kept) as usize;
        let wanted = at.max(kept);
        let seen_at = self.at - self.seen.len() as u64;
        if (seen_at..self.at).contains(&wanted) {
            self.seen_read = (wanted - seen_at) as usize;
            return Ok(());
        }
        self.forget_seen();
        if wanted >= self.at {
            return self.pass_stream(wanted - self.at);
        }
        self.reader.go_back(wanted).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Unsupported {
                self.failure = Some(Failure::Reader(error.kind().into()));
            }
        })?;
        (self.at, self.at_end) = (wanted, false);
        Ok(())
    }

    /// Looks at so many bytes from `at` on, or all that there are: from each of them it can go on.
    ///
    /// # Errors
    /// As [`Source::go_to`].
    pub(crate) fn look(&mut self, at: u64, bytes: u64) -> io::Result<Vec<u8>> {
        self.go_to(at)?;
        let mut read = Vec::new();
        self.take(bytes).read_to_end(&mut read)?;
        // Not where all of them had been looked at before.
        if self.seen_read >= self.seen.len() {
            let of_prefix = (self.prefix.len() as u64).saturating_sub(at).min(read.len() as u64) as usize;
            self.seen = read[of_prefix..].to_vec();
            self.seen_read = self.seen.len();
        }
        Ok(read)
    }

    fn pass_stream(&mut self, bytes: u64) -> io::Result<()> {
        if bytes > 0 {
            self.forget_seen();
        }
        if self.failure.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut rest = self.left_bytes.map_or(bytes, |left| left.min(bytes));
        self.left_bytes = self.left_bytes.map(|left| left - rest);
        // In parts, so that an endless stream ends at its limit.
        let mut most = PASSED_BYTES;
        while rest > 0 && !self.at_end {
            let part = rest.min(most);
            match self.reader.pass(part) {
                Ok(read) => {
                    most = if read == 0 { most.saturating_mul(2) } else { PASSED_BYTES };
                    self.bytes_read += read;
                    self.at += part;
                    self.at_end = read > 0 && read < part;
                }
                Err(error) => {
                    let kind = error.kind();
                    self.failure = Some(Failure::Reader(error));
                    return Err(kind.into());
                }
            }
            if self.bytes_read > self.limit_bytes {
                self.failure = Some(Failure::TooLarge);
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            rest -= part;
        }
        Ok(())
    }

    /// What stands no more right before the reader.
    fn forget_seen(&mut self) {
        (self.seen, self.seen_read) = (Vec::new(), 0);
    }

    fn read_stream(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let left = self.left_bytes.map_or(buffer.len(), |left| usize::try_from(left).unwrap_or(usize::MAX));
        let most = buffer.len().min(left);
        let buffer = &mut buffer[..most];
        if left == 0 {
            self.at_end = true;
            return Ok(0);
        }
        loop {
            match self.reader.read(buffer) {
                Ok(0) => {
                    self.at_end = self.at_end || !buffer.is_empty();
                    return Ok(0);
                }
                Ok(count) => {
                    self.forget_seen();
                    self.bytes_read += count as u64;
                    self.at += count as u64;
                    self.left_bytes = self.left_bytes.map(|left| left - count as u64);
                    if self.bytes_read > self.limit_bytes {
                        self.failure = Some(Failure::TooLarge);
                        return Err(io::ErrorKind::FileTooLarge.into());
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    self.failure = Some(Failure::Reader(error));
                    return Err(kind.into());
                }
            }
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (mut rest, read) = (&self.prefix[self.replayed..], &mut self.replayed);
        let read = if rest.is_empty() {
            rest = &self.seen[self.seen_read.min(self.seen.len())..];
            &mut self.seen_read
        } else {
            read
        };
        if rest.is_empty() {
            return self.read_stream(buffer);
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        *read += count;
        Ok(count)
    }
}

/// The stream behind the prefix.
struct Stream<'source, 'caller>(&'source mut Source<'caller>);

impl Read for Stream<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_stream(buffer)
    }
}
