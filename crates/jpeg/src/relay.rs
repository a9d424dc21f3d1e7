//! Rows on their way to the sink, which works on a second thread.
//!
//! The calling thread reads codes in their order; the sink takes rows in theirs. Whole rows of blocks lie between them,
//! which either thread may decode: the second one as long as it waits for work, else the first. Both do the same
//! arithmetic, so who does it changes no sample.
//!
//! Tried and dropped: codes read by the one and blocks transformed by the other. Reading waits for itself, and the
//! transform costs nearly nothing in that time: 55 ms together at 12 MP, 60 and 29 apart.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::scale::Scale;
use crate::sink::Sink;
use crate::stripe::Stripe;

/// Rows that wait for the sink, which takes longer for those that complete eight resized ones.
const DEPTH: usize = 16;
/// Below so many rows on their way the second thread is given one to decode.
const AHEAD: usize = 6;

/// Rows to decode of which there are buffers, at the most: those on their way, and one that is being written.
pub(crate) const JOBS: usize = AHEAD + 1;
/// Rows of samples of which there are: those that wait, one with each thread, and what both threads decode into.
pub(crate) const SAMPLES: usize = DEPTH + 4;

/// Whether there is work for a second thread. At 1/8 reading codes is nearly all there is to do.
pub(crate) fn pays(scales: &[Scale]) -> bool {
    scales.iter().all(|&scale| scale != Scale::Eighth)
}

/// What decodes rows; each thread has its own.
pub(crate) trait Hands<Job>: Send {
    /// Decodes a row into the stripes.
    fn decode(&mut self, job: &mut Job);
    /// The stripe of each part of the scan, and its component.
    fn stripes(&mut self) -> impl Iterator<Item = (usize, &mut Stripe)>;
}

/// A row of MCUs.
enum Row<Job> {
    /// To be decoded.
    Job(Job),
    /// The samples of each part.
    Samples(Vec<Vec<u8>>),
}

/// Where the calling thread puts its rows.
pub(crate) struct Outlet<Job> {
    rows: SyncSender<Row<Job>>,
    back: Receiver<Row<Job>>,
    on_their_way: usize,
    jobs: Vec<Job>,
    samples: Vec<Vec<Vec<u8>>>,
}

impl<Job> Outlet<Job> {
    /// Whether the second thread will soon wait.
    pub(crate) fn is_hungry(&mut self) -> bool {
        while let Ok(row) = self.back.try_recv() {
            self.take_back(row);
        }
        self.on_their_way < AHEAD
    }

    /// A row that the second thread has decoded.
    pub(crate) fn decoded(&mut self) -> Option<Job> {
        self.jobs.pop()
    }

    /// Has the second thread decode a row.
    pub(crate) fn decode(&mut self, job: Job) {
        self.send(Row::Job(job));
    }

    /// Hands on the row that `hands` have decoded.
    pub(crate) fn deliver(&mut self, hands: &mut impl Hands<Job>) {
        let mut row = self.samples.pop().unwrap_or_default();
        for (part, (_, stripe)) in hands.stripes().enumerate() {
            if row.len() == part {
                row.push(vec![0; stripe.samples.len()]);
            }
            std::mem::swap(&mut row[part], &mut stripe.samples);
        }
        self.send(Row::Samples(row));
    }

    /// Waits until the sink has every row.
    pub(crate) fn wait(&mut self) {
        while self.on_their_way > 0
            && let Ok(row) = self.back.recv()
        {
            self.take_back(row);
        }
    }

    fn send(&mut self, row: Row<Job>) {
        // Behind a sink that panicked nobody takes rows; `relay` goes on with its panic.
        self.on_their_way += usize::from(self.rows.send(row).is_ok());
    }

    fn take_back(&mut self, row: Row<Job>) {
        self.on_their_way -= 1;
        match row {
            Row::Job(job) => self.jobs.push(job),
            Row::Samples(samples) => self.samples.push(samples),
        }
    }
}

/// Runs `read` with an outlet whose rows `hands` decode and `sink` takes, on a second thread.
///
/// # Panics
/// With what the second thread panicked with.
pub(crate) fn relay<S: Sink + ?Sized, Job: Send, T>(
    sink: &mut S,
    hands: impl Hands<Job>,
    read: impl FnOnce(Outlet<Job>) -> T,
) -> T {
    thread::scope(|scope| {
        let (rows, to_sink) = sync_channel(DEPTH);
        let (give_back, back) = channel();
        let second = scope.spawn(move || serve(&to_sink, &give_back, hands, sink));
        // The outlet is gone with `read`, so the second thread ends behind its last row.
        let result = read(Outlet { rows, back, on_their_way: 0, jobs: Vec::new(), samples: Vec::new() });
        second.join().unwrap_or_else(|panic| resume_unwind(panic));
        result
    })
}

fn serve<S: Sink + ?Sized, Job>(
    rows: &Receiver<Row<Job>>,
    back: &Sender<Row<Job>>,
    mut hands: impl Hands<Job>,
    sink: &mut S,
) {
    for mut row in rows {
        match &mut row {
            Row::Job(job) => hands.decode(job),
            Row::Samples(row) => {
                for ((_, stripe), samples) in hands.stripes().zip(row) {
                    std::mem::swap(&mut stripe.samples, samples);
                }
            }
        }
        hands.stripes().for_each(|(component, stripe)| stripe.deliver(component, sink));
        let _ = back.send(row);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{Hands, relay};
    use crate::sink::{Rows, Sink};
    use crate::stripe::Stripe;

    struct Numbers(Vec<u8>, Option<usize>);

    impl Sink for Numbers {
        fn rows(&mut self, _: usize, rows: Rows<'_>) {
            assert_ne!(Some(self.0.len()), self.1, "as the test wants it");
            self.0.extend(rows.iter().flatten());
        }
    }

    struct Fill(Stripe);

    impl Hands<u8> for Fill {
        fn decode(&mut self, job: &mut u8) {
            self.0.samples.fill(*job);
        }

        fn stripes(&mut self) -> impl Iterator<Item = (usize, &mut Stripe)> {
            std::iter::once((0, &mut self.0))
        }
    }

    /// 200 rows, of which the second thread decodes one in `every`.
    fn run(sink: &mut Numbers, every: u8, panics_at: Option<u8>) {
        let mut first = Fill(Stripe::of_size(2, 1, 200));
        let second = Fill(first.0.clone());
        relay(sink, second, |mut outlet| {
            for mut row in 0..200 {
                assert_ne!(Some(row), panics_at, "as the test wants it");
                if row % every == 0 {
                    outlet.decode(row);
                } else {
                    first.decode(&mut row);
                    outlet.deliver(&mut first);
                }
                outlet.is_hungry();
            }
            outlet.wait();
        });
    }

    #[test]
    fn rows_arrive_in_their_order_whoever_decodes_them() {
        for every in [1, 2, 3, 50] {
            let mut sink = Numbers(Vec::new(), None);
            run(&mut sink, every, None);
            assert!(sink.0.iter().copied().eq((0..200).flat_map(|row| [row; 2])));
        }
    }

    #[test]
    fn a_panic_of_either_thread_is_the_callers_and_nobody_waits_for_ever() {
        for (sink_at, read_at) in [(Some(0), None), (Some(300), None), (None, Some(0)), (None, Some(99))] {
            let panic = catch_unwind(AssertUnwindSafe(|| run(&mut Numbers(Vec::new(), sink_at), 2, read_at)));
            let panic = panic.expect_err("one of them panics");
            assert!(panic.downcast_ref::<String>().is_some_and(|words| words.contains("as the test wants it")));
        }
    }
}
