//! Rows on their way to the sink, which works on a second thread.
//!
//! The calling thread reads codes, the second one transforms blocks and runs the sink. Either may be the slower one, so
//! the inverse transform is whose hands are free: a row that finds no room in the channel is transformed by the thread
//! that read it. Both do the same arithmetic, so who does it changes no sample.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;

use crate::scale::Scale;
use crate::sink::Sink;
use crate::stripe::Stripe;

/// Rows that wait. A sink that resizes in bands takes them in bursts: with 2 the reading thread waited for a tenth of its
/// time.
const DEPTH: usize = 8;

/// As many of each buffer there are at the most: those that wait, and one in each thread's hands.
pub(crate) const BUFFERS: usize = DEPTH + 2;

/// Whether there is work for a second thread. At 1/8 reading codes is nearly all there is to do.
pub(crate) fn pays(scales: &[Scale]) -> bool {
    scales.iter().all(|&scale| scale != Scale::Eighth)
}

/// A row of MCUs.
enum Row<Job> {
    /// To be transformed.
    Job(Job),
    /// The samples of each part.
    Samples(Vec<Vec<u8>>),
}

/// Where the calling thread puts its rows.
pub(crate) struct Outlet<'t, Job> {
    rows: SyncSender<Row<Job>>,
    back: Receiver<Row<Job>>,
    jobs: Vec<Job>,
    samples: Vec<Vec<Vec<u8>>>,
    stripes: Vec<Stripe>,
    transform: &'t (dyn Fn(&Job, usize, &mut Stripe) + Sync),
}

impl<Job> Outlet<'_, Job> {
    /// Hands on a row; returns an earlier one to be used again.
    pub(crate) fn row(&mut self, job: Job) -> Option<Job> {
        self.take_back();
        // Behind a sink that panicked nobody takes rows; `relay` goes on with its panic.
        if let Err(TrySendError::Full(Row::Job(job))) = self.rows.try_send(Row::Job(job)) {
            let mut samples = self.samples.pop().unwrap_or_default();
            samples.resize_with(self.stripes.len(), Vec::new);
            for (part, (stripe, samples)) in self.stripes.iter_mut().zip(&mut samples).enumerate() {
                samples.resize(stripe.samples.len(), 0);
                (self.transform)(&job, part, stripe);
                std::mem::swap(&mut stripe.samples, samples);
            }
            let _ = self.rows.send(Row::Samples(samples));
            return Some(job);
        }
        self.jobs.pop()
    }

    fn take_back(&mut self) {
        for row in self.back.try_iter() {
            match row {
                Row::Job(job) => self.jobs.push(job),
                Row::Samples(samples) => self.samples.push(samples),
            }
        }
    }
}

/// Runs `read` with an outlet whose rows go to `sink` on a second thread, each part as its component has it.
///
/// # Panics
/// With what the second thread panicked with.
pub(crate) fn relay<S: Sink + ?Sized, Job: Send, T>(
    sink: &mut S,
    parts: Vec<(usize, Stripe)>,
    transform: &(dyn Fn(&Job, usize, &mut Stripe) + Sync),
    read: impl FnOnce(Outlet<'_, Job>) -> T,
) -> T {
    thread::scope(|scope| {
        let (rows, to_sink) = sync_channel(DEPTH);
        let (give_back, back) = channel();
        let stripes = parts.iter().map(|(_, stripe)| stripe.clone()).collect();
        let outlet = Outlet { rows, back, jobs: Vec::new(), samples: Vec::new(), stripes, transform };
        let second = scope.spawn(move || deliver(&to_sink, &give_back, parts, transform, sink));
        // The outlet is gone with `read`, so the second thread ends behind its last row.
        let result = read(outlet);
        second.join().unwrap_or_else(|panic| resume_unwind(panic));
        result
    })
}

fn deliver<S: Sink + ?Sized, Job>(
    rows: &Receiver<Row<Job>>,
    back: &Sender<Row<Job>>,
    mut parts: Vec<(usize, Stripe)>,
    transform: &(dyn Fn(&Job, usize, &mut Stripe) + Sync),
    sink: &mut S,
) {
    for mut row in rows {
        match &mut row {
            Row::Job(job) => {
                for (part, (_, stripe)) in parts.iter_mut().enumerate() {
                    transform(job, part, stripe);
                }
            }
            Row::Samples(samples) => {
                for ((_, stripe), samples) in parts.iter_mut().zip(samples) {
                    std::mem::swap(&mut stripe.samples, samples);
                }
            }
        }
        // The buffer of codes is free before the sink is done.
        let _ = back.send(row);
        for (component, stripe) in &mut parts {
            stripe.deliver(*component, sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::relay;
    use crate::sink::{Rows, Sink};
    use crate::stripe::Stripe;

    struct Numbers(Vec<u8>, Option<usize>);

    impl Sink for Numbers {
        fn rows(&mut self, _: usize, rows: Rows<'_>) {
            assert_ne!(Some(self.0.len()), self.1, "as the test wants it");
            self.0.extend(rows.iter().flatten());
            std::thread::yield_now();
        }
    }

    fn run(sink: &mut Numbers, panics_at: Option<u8>) {
        let stripe = Stripe::of_size(2, 1, 200);
        let fill = |job: &u8, _: usize, stripe: &mut Stripe| stripe.samples.fill(*job);
        relay(sink, vec![(0, stripe)], &fill, |mut outlet| {
            for row in 0..200 {
                assert_ne!(Some(row), panics_at, "as the test wants it");
                outlet.row(row);
            }
        });
    }

    #[test]
    fn rows_arrive_in_their_order_whoever_transforms_them() {
        let mut sink = Numbers(Vec::new(), None);
        run(&mut sink, None);
        assert!(sink.0.iter().copied().eq((0..200).flat_map(|row| [row; 2])));
    }

    #[test]
    fn a_panic_of_either_thread_is_the_callers_and_nobody_waits_for_ever() {
        for (sink_at, read_at) in [(Some(0), None), (Some(150), None), (None, Some(0)), (None, Some(99))] {
            let panic = catch_unwind(AssertUnwindSafe(|| run(&mut Numbers(Vec::new(), sink_at), read_at)));
            let panic = panic.expect_err("one of them panics");
            assert!(panic.downcast_ref::<String>().is_some_and(|words| words.contains("as the test wants it")));
        }
    }
}
