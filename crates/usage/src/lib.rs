//! What a piece of work took of the process: CPU time and peak resident memory.

use std::time::Duration;

use nix::time::ClockId;

/// CPU time of all threads of this process since it started.
#[must_use]
pub fn cpu_time() -> Duration {
    since_start(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU time of the calling thread since it started.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    since_start(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn since_start(clock: ClockId) -> Duration {
    // A kernel without this clock is older than Rust's oldest.
    clock.now().map_or(Duration::ZERO, Duration::from)
}

/// CPU time of another process so far, its ended children not counted; `None` where it is gone, or without `/proc`.
///
/// Source: proc_pid_stat(5), fields 14 and 15, in hundredths of a second.
#[must_use]
pub fn cpu_time_of(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before may have blanks and brackets.
    let fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11).take(2);
    let ticks: u64 = fields.map(|ticks| ticks.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some(Duration::from_millis(ticks * 10))
}

/// Starts a new measurement of [`peak_bytes`], because a process does many pieces of work.
///
/// Where the kernel does not allow it, the peak stays that of the process.
/// Source: proc(5), `/proc/pid/clear_refs`.
pub fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The largest resident set since [`reset_peak`], in bytes; 0 where `/proc` has no answer.
///
/// Source: proc(5), `/proc/pid/status`, `VmHWM`, in units of 1,024 bytes. `ru_maxrss` would not do: a process that
/// was forked starts with its parent's.
#[must_use]
pub fn peak_bytes() -> u64 {
    proc_bytes(&std::fs::read_to_string("/proc/self/status").unwrap_or_default(), "VmHWM:").unwrap_or(0)
}

/// A field that counts memory, such as `VmHWM:`, of the text of `/proc/pid/status` or `/proc/meminfo`, in bytes.
///
/// Source: proc(5), both in units of 1,024 bytes.
#[must_use]
pub fn proc_bytes(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// Milliseconds to the microsecond: more digits say nothing.
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_follows_an_allocation_and_can_be_reset() {
        reset_peak();
        let before_bytes = peak_bytes();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(peak_bytes() >= before_bytes + (60 << 20), "{before_bytes} -> {}", peak_bytes());
        drop(block);
        reset_peak();
        assert!(peak_bytes() < before_bytes + (60 << 20));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn cpu_time_of_a_process_is_what_it_says_of_itself() {
        let until = cpu_time() + Duration::from_millis(100);
        while cpu_time() < until {}
        let (before, told, after) = (cpu_time(), cpu_time_of(std::process::id()).unwrap(), cpu_time());
        // Each of two fields loses up to a hundredth of a second, and threads that run count at the next tick.
        let step = Duration::from_millis(50);
        assert!(before <= told + step && told <= after + step, "{before:?}, {told:?}, {after:?}");
        assert_eq!(cpu_time_of(u32::MAX), None);
    }

    #[test]
    fn cpu_time_only_rises() {
        let before = cpu_time();
        let sum: u64 = std::hint::black_box((0..10_000_000_u64).fold(0, |sum, n| sum ^ (n * n)));
        assert!(cpu_time() > before, "{sum}");
        let before = thread_cpu_time();
        let others =
            std::thread::spawn(|| (0..50_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ (n * n)))).join();
        assert!(thread_cpu_time() - before < Duration::from_millis(10), "{others:?}");
    }
}
