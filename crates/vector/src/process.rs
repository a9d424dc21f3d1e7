//! The process that asks: starts this program once more, and watches over it.

use std::{
    ffi::OsString,
    fmt,
    io::{self, BufReader, Read},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::ExitStatusExt},
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{Ask, Drawing, Drawn, Refusal, Renderer, wire};

/// The first argument of a program that is to draw.
pub(crate) const ASKED: &str = "--draw-one-file";

/// What a process holds before it reads anything, in bytes: what is written of the program's data, and a stack.
const PROCESS_BYTES: u64 = 6 << 20;
/// How much of the last words of a process is read.
const MOST_WORDS: u64 = 4 << 10;

/// Has each file drawn by a process of its own.
#[derive(Clone, Debug)]
pub struct Process {
    program: PathBuf,
    arguments: Vec<OsString>,
    /// CPU for reading and drawing a file, in seconds.
    cpu_s: u64,
    /// The longest silence of the process, whatever CPU it gets.
    patience: Duration,
}

impl Process {
    /// This program, which calls [`crate::serve_if_asked`] first of all. `patience` is for a process that gets no CPU.
    #[must_use]
    pub fn of_this_program(patience: Duration) -> Self {
        // What is run, even if the file was replaced since.
        Self::of("/proc/self/exe".into(), vec![ASKED.into()], patience)
    }

    /// A program that calls [`crate::serve`] when it has those arguments.
    #[must_use]
    pub const fn of(program: PathBuf, arguments: Vec<OsString>, patience: Duration) -> Self {
        Self { program, arguments, cpu_s: 2, patience }
    }

    /// With so many seconds of CPU for a file instead of two.
    #[must_use]
    pub const fn with_cpu_s(mut self, cpu_s: u64) -> Self {
        self.cpu_s = cpu_s;
        self
    }
}

impl Renderer for Process {
    fn open(&self, ask: &Ask, file: &mut dyn Read) -> Result<Box<dyn Drawing>, Refusal> {
        // A budget is for all of it.
        let Some(memory_bytes) = ask.memory_bytes.checked_sub(PROCESS_BYTES) else {
            return Err(Refusal::OverMemory { needed_bytes: PROCESS_BYTES });
        };
        let (ours, theirs) = UnixStream::pair().map_err(Refusal::Broken)?;
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Refusal::Broken)?;
        let mut drawer = Drawer {
            child,
            socket: BufReader::with_capacity(wire::CHUNK_BYTES, ours),
            limit_s: self.cpu_s,
            memory_bytes,
            size: (0.0, 0.0),
            held_bytes: 0,
        };
        let socket = drawer.socket.get_ref();
        socket.set_read_timeout(Some(self.patience)).map_err(Refusal::Broken)?;
        socket.set_write_timeout(Some(self.patience)).map_err(Refusal::Broken)?;
        let ask = Ask { memory_bytes, ..*ask };
        drawer.send(|to| wire::send_ask(to, &ask, self.cpu_s))?;
        let mut chunk = vec![0; wire::CHUNK_BYTES];
        loop {
            match file.read(&mut chunk) {
                Ok(count) => {
                    drawer.send(|to| wire::send_chunk(to, &chunk[..count]))?;
                    if count == 0 {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Refusal::Broken(error)),
            }
        }
        let opened = wire::read_opened(&mut drawer.socket);
        (drawer.size, drawer.held_bytes) = drawer.outcome(opened)?;
        Ok(Box::new(drawer))
    }
}

/// A process that has read a file. It ends with this.
struct Drawer {
    child: Child,
    socket: BufReader<UnixStream>,
    limit_s: u64,
    memory_bytes: u64,
    size: (f64, f64),
    held_bytes: u64,
}

impl fmt::Debug for Drawer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Drawer").field("process", &self.child.id()).field("size", &self.size).finish()
    }
}

impl Drawing for Drawer {
    fn size(&self) -> (f64, f64) {
        self.size
    }

    fn held_bytes(&self) -> u64 {
        PROCESS_BYTES + self.held_bytes
    }

    fn draw(&mut self, size_px: (u32, u32), memory_bytes: u64) -> Result<Drawn, Refusal> {
        self.memory_bytes = self.memory_bytes.min(memory_bytes.saturating_sub(PROCESS_BYTES));
        let memory_bytes = self.memory_bytes;
        self.send(|to| wire::send_draw(to, size_px, memory_bytes))?;
        let drawn = wire::read_drawn(&mut self.socket, size_px);
        self.outcome(drawn)
    }
}

impl Drawer {
    fn send(&mut self, message: impl FnOnce(&mut UnixStream) -> io::Result<()>) -> Result<(), Refusal> {
        let sent = message(self.socket.get_mut()).map(Ok::<(), Refusal>);
        self.outcome(sent)
    }

    /// What an answer says, or why there is none.
    fn outcome<T>(&mut self, answer: io::Result<Result<T, Refusal>>) -> Result<T, Refusal> {
        match answer {
            // It knows nothing of what was there before.
            Ok(Err(Refusal::OverMemory { .. })) => Err(self.over_memory(0)),
            Ok(answer) => answer,
            // The time of a socket is up.
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Err(Refusal::TooSlow { limit_s: self.limit_s })
            }
            // Whatever took that process over, it is not listened to.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Refusal::Corrupt("the process that draws answers nonsense".to_owned()))
            }
            Err(error) => Err(self.end().unwrap_or(Refusal::Broken(error))),
        }
    }

    /// `more` bytes than it was given.
    fn over_memory(&self, more: u64) -> Refusal {
        Refusal::OverMemory { needed_bytes: (PROCESS_BYTES + self.memory_bytes).saturating_add(more.max(1)) }
    }

    /// How the process ended that does not answer any more.
    fn end(&mut self) -> Option<Refusal> {
        let mut words = String::new();
        let mut last = self.child.stderr.take()?.take(MOST_WORDS);
        // It has ended, and nobody else holds that pipe.
        last.read_to_string(&mut words).ok()?;
        let status = self.child.wait().ok()?;
        match status.signal()? {
            SIGXCPU => Some(Refusal::TooSlow { limit_s: self.limit_s }),
            SIGABRT if let Some(bytes) = failed_allocation(&words) => Some(self.over_memory(bytes)),
            // The kernel does that where the machine has no memory left.
            SIGKILL => Some(self.over_memory(0)),
            SIGABRT | SIGSEGV => Some(Refusal::Unsupported("parts nested too deep".to_owned())),
            signal => Some(Refusal::Corrupt(format!("the process that draws was ended by signal {signal}"))),
        }
    }
}

/// Numbers of signal(7), which are the same on x86 and ARM.
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;
const SIGXCPU: i32 = 24;

/// The bytes that could not be had, in the words of Rust's standard library.
fn failed_allocation(words: &str) -> Option<u64> {
    let (_, rest) = words.split_once("memory allocation of ")?;
    rest.split(' ').next()?.parse().ok()
}

impl Drop for Drawer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
