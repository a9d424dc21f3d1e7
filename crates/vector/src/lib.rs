//! SVG and PDF, drawn in a process of its own.
//!
//! Both are programs more than pictures: 300 bytes of filters ran for 20 s, 2 KB of nested forms for 30, and no header
//! says what a page will take. So the kernel says it: the program starts itself once more ([`Process`]), and that child
//! ([`serve`]) has no network, no files, no environment, two seconds of CPU and as much memory as is left of the budget.
//! It reads the file and its commands from its standard input, which is a socket, and answers there.
//!
//! The child alone parses: whoever asks gets a size, then pixels, or why there are none ([`Refusal`]).

#[cfg(target_os = "linux")]
mod child;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(target_os = "linux")]
mod process;
mod seam;
#[cfg(feature = "svg")]
mod svg;
#[cfg(target_os = "linux")]
mod wire;

#[cfg(target_os = "linux")]
pub use child::serve;
#[cfg(target_os = "linux")]
pub use process::Process;
pub use seam::{Ask, Drawing, Drawn, Kind, Lack, Refusal, Renderer};

/// Draws and ends the process, where its first argument asks for that. The first thing that a program does which has
/// itself drawn by [`by_this_program`].
pub fn serve_if_asked() {
    #[cfg(target_os = "linux")]
    if std::env::args_os().nth(1).is_some_and(|argument| argument == process::ASKED) {
        std::process::exit(i32::from(serve() != std::process::ExitCode::SUCCESS));
    }
}

/// Has each file drawn by this program, started once more; `None` outside of Linux, where nothing would bound it.
/// `patience` is for a process that gets no CPU.
#[must_use]
pub fn by_this_program(patience: std::time::Duration) -> Option<&'static dyn Renderer> {
    #[cfg(target_os = "linux")]
    return Some(Box::leak(Box::new(Process::of_this_program(patience))));
    #[cfg(not(target_os = "linux"))]
    return Option::<&'static dyn Renderer>::None.filter(|_| patience.is_zero());
}
