//! The process that draws.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    os::{fd::AsFd, unix::net::UnixStream},
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    thread,
};

use nix::sys::{
    prctl::set_pdeathsig,
    resource::{Resource, setrlimit},
    signal::Signal,
};

use crate::{Ask, Drawn, Lack, Refusal, wire};

/// Recursion follows a file's nesting, which the libraries bound by 1,024 elements.
pub(crate) const STACK_BYTES: usize = 16 << 20;
/// Address space beyond what may be written: what the allocator reserves for a thread, and threads' guards.
const RESERVED_BYTES: u64 = 256 << 20;

/// Draws one file for the process at the other end of standard input.
pub fn serve() -> ExitCode {
    let served = thread::Builder::new().stack_size(STACK_BYTES).spawn(|| answer().is_ok());
    match served.map(thread::JoinHandle::join) {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn answer() -> io::Result<()> {
    // Nobody is left to draw for.
    set_pdeathsig(Signal::SIGKILL)?;
    let mut socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut from = BufReader::with_capacity(wire::CHUNK_BYTES, socket.try_clone()?);
    let mut process = Process::at_start()?;
    let (ask, cpu_s) = wire::read_ask(&mut from)?;
    process.limit(cpu_s)?;
    process.limit_memory(ask.memory_bytes)?;
    let Some(file) = wire::read_file(&mut from)? else {
        return wire::send_refusal(&mut socket, &Refusal::OverMemory { needed_bytes: 0 });
    };
    let drawn = guarded(|| {
        let size_for = &mut |size| {
            let held_bytes = process.held_bytes()?;
            wire::send_opened(&mut socket, size, held_bytes)?;
            let (size_px, memory_bytes) = wire::read_draw(&mut from)?;
            process.limit_memory(memory_bytes).map(|()| size_px)
        };
        draw(&ask, file, &mut |size| size_for(size).map_err(Refusal::Broken))
    });
    match drawn {
        Ok((rgba, lacks)) => {
            let drawn = Drawn { rgba, lacks, cpu: usage::cpu_time(), peak_bytes: process.peak_bytes() };
            wire::send_drawn(&mut socket, &drawn)
        }
        Err(Refusal::Broken(error)) => Err(error),
        Err(refusal) => wire::send_refusal(&mut socket, &refusal),
    }
}

/// Rows of premultiplied RGBA, and what is not on them.
type Picture = (Vec<u8>, Vec<Lack>);
/// Tells the size of a file, and gets that of the raster.
type SizeFor<'a> = &'a mut dyn FnMut((f64, f64)) -> Result<(u32, u32), Refusal>;

fn draw(ask: &Ask, file: Vec<u8>, size_for: SizeFor<'_>) -> Result<Picture, Refusal> {
    match ask.kind {
        #[cfg(feature = "svg")]
        crate::Kind::Svg => crate::svg::draw(file, size_for),
        #[cfg(feature = "pdf")]
        crate::Kind::Pdf => crate::pdf::draw(file, ask.page, size_for),
        #[allow(unreachable_patterns)] // With both.
        kind => {
            drop((file, size_for));
            Err(Refusal::Unsupported(format!("a build without {kind:?}")))
        }
    }
}

/// A panic of a library is damage.
fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    std::panic::set_hook(Box::new(|_| ()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Refusal::Corrupt("its reader panicked".to_owned())))
}

/// What the kernel says of this process. Opened before no file can be opened any more.
struct Process {
    status: File,
    written_bytes: u64,
    mapped_bytes: u64,
}

impl Process {
    fn at_start() -> io::Result<Self> {
        let mut process = Self { status: File::open("/proc/self/status")?, written_bytes: 0, mapped_bytes: 0 };
        process.written_bytes = process.read("VmData:")?;
        process.mapped_bytes = process.read("VmSize:")?;
        Ok(process)
    }

    fn read(&mut self, field: &str) -> io::Result<u64> {
        let mut status = String::new();
        self.status.seek(SeekFrom::Start(0))?;
        self.status.read_to_string(&mut status)?;
        usage::proc_bytes(&status, field).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// No more files, connections, processes and written bytes, and so much CPU.
    fn limit(&self, cpu_s: u64) -> io::Result<()> {
        let limits = [
            // Beyond the first the kernel says so by a signal that ends the process, beyond the other it kills.
            (Resource::RLIMIT_CPU, cpu_s, cpu_s + 1),
            (Resource::RLIMIT_NOFILE, 0, 0),
            (Resource::RLIMIT_NPROC, 0, 0),
            (Resource::RLIMIT_FSIZE, 0, 0),
            (Resource::RLIMIT_CORE, 0, 0),
        ];
        limits
            .into_iter()
            .try_for_each(|(resource, current, maximum)| setrlimit(resource, current, maximum).map_err(io::Error::from))
    }

    /// What may be written to beside what was there at the start. Nothing else grows but with the allocator's reserves.
    fn limit_memory(&self, bytes: u64) -> io::Result<()> {
        let limits = [
            (Resource::RLIMIT_DATA, self.written_bytes.saturating_add(bytes)),
            (Resource::RLIMIT_AS, self.mapped_bytes.saturating_add(bytes).saturating_add(RESERVED_BYTES)),
        ];
        limits.into_iter().try_for_each(|(resource, most)| setrlimit(resource, most, most).map_err(io::Error::from))
    }

    fn held_bytes(&mut self) -> io::Result<u64> {
        Ok(self.read("VmData:")?.saturating_sub(self.written_bytes))
    }

    fn peak_bytes(&mut self) -> u64 {
        self.read("VmHWM:").unwrap_or_default()
    }
}
