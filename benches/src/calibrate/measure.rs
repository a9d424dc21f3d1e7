//! The jobs that are run: every file in a fresh process, then in each tier's limits, round by round.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;

use anyhow::Context;
use calibrate::Terms;
use contract::{Tier, TierTable, fnv1a};
use indicatif::{ProgressBar, ProgressStyle};

use super::arguments::Arguments;
use super::journal::{FRESH, Journal};
use crate::grid::Input;
use crate::places::Places;
use crate::rig::{Ending, Limits, Rig, Worker};

/// How far beyond the latency target a file is still made in a tier that will not take it: near the threshold the
/// measurement decides, further away the model is enough.
const BEYOND_TARGET: f64 = 1.5;

/// Everything that a measurement needs.
pub(super) struct Bench<'a> {
    pub(super) rig: &'a Rig,
    pub(super) places: &'a Places,
    pub(super) tiers: &'a TierTable,
    pub(super) terms: &'a Terms,
    pub(super) journal: &'a mut Journal,
}

/// One job to do.
struct Todo<'a> {
    input: &'a Input,
    tier: &'a Tier,
    round: u32,
    expected_ms: f64,
}

/// Makes the files that are not there yet, as many at a time as there are CPUs: nothing is measured meanwhile.
pub(super) fn make_inputs(inputs: &[Input], places: &Places) -> anyhow::Result<()> {
    let folder = places.inputs();
    let progress = bar("making the files", inputs.iter().map(|input| input.size_bytes).sum());
    let next = Mutex::new(inputs.iter());
    let make_all = || -> anyhow::Result<()> {
        loop {
            let Some(input) = next.lock().expect("no thread panicked").next() else { return Ok(()) };
            progress.set_message(input.name());
            input.file(&folder).with_context(|| format!("making {}", input.name()))?;
            progress.inc(input.size_bytes);
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(make_all)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panicked"))
    })?;
    progress.finish_and_clear();
    Ok(())
}

impl Bench<'_> {
    /// Each file in a process of its own, with the largest tier's memory and every CPU: the peak, and the CPU time
    /// from which the rest is planned.
    pub(super) fn fresh(&mut self, inputs: &[Input]) -> anyhow::Result<()> {
        let tier = self.tiers.largest();
        let missing: Vec<&Input> = inputs.iter().filter(|input| !self.journal.has(&input.name(), FRESH, 0)).collect();
        let progress = bar("peak of a fresh process", missing.iter().map(|input| input.size_bytes).sum());
        for input in missing {
            progress.set_message(input.name());
            let limits = Limits { tier: &tier.name, memory_bytes: tier.memory_mb << 20, cpus: None };
            let ending = self.rig.start(limits)?.make(&input.file(&self.places.inputs())?, tier.timeout_s * 1000)?;
            if let Ending::Refused { reason, message } = &ending {
                progress.println(format!("  {}: {reason}, {message}", input.name()));
            }
            self.journal.add(&input.name(), FRESH, 0, ending)?;
            progress.inc(input.size_bytes);
        }
        progress.finish_and_clear();
        Ok(())
    }

    /// Every file in every tier, round by round; within a round in an order of its own.
    pub(super) fn rounds(&mut self, inputs: &[Input], arguments: &Arguments) -> anyhow::Result<()> {
        let todo: Vec<Todo<'_>> = self.tiers.iter().flat_map(|tier| self.of_tier(inputs, tier, arguments)).collect();
        let todo: Vec<Todo<'_>> = todo.into_iter().filter(|todo| !self.is_done(todo)).collect();
        self.run(todo)
    }

    /// Files in one tier.
    pub(super) fn in_tier(&mut self, inputs: &[Input], tier: &Tier, arguments: &Arguments) -> anyhow::Result<()> {
        let todo = self.of_tier(inputs, tier, arguments);
        let todo: Vec<Todo<'_>> = todo.into_iter().filter(|todo| !self.is_done(todo)).collect();
        self.run(todo)
    }

    fn is_done(&self, todo: &Todo<'_>) -> bool {
        self.journal.has(&todo.input.name(), &todo.tier.name, todo.round)
    }

    fn of_tier<'b>(&self, inputs: &'b [Input], tier: &'b Tier, arguments: &Arguments) -> Vec<Todo<'b>> {
        let cpus = self.terms.function(tier.memory_mb).cpus();
        let expected_ms = |input: &Input| {
            let cpu_ms = self.journal.samples(&input.name(), FRESH).first().map(|sample| sample.cpu_ms);
            cpu_ms.map(|cpu_ms| cpu_ms / cpus)
        };
        let is_largest = tier.name == self.tiers.largest().name;
        let enough_ms = self.terms.latency_target_ms * BEYOND_TARGET;
        let wanted = inputs.iter().filter_map(|input| Some((input, expected_ms(input)?)));
        let wanted = wanted.filter(|(_, expected_ms)| is_largest || *expected_ms <= enough_ms);
        let todo = |(input, expected_ms)| {
            let rounds = 0..arguments.rounds(expected_ms);
            rounds.map(move |round| Todo { input, tier, round, expected_ms })
        };
        wanted.flat_map(todo).collect()
    }

    fn run(&mut self, mut todo: Vec<Todo<'_>>) -> anyhow::Result<()> {
        todo.sort_by_key(|todo| (todo.round, shuffled(todo)));
        let whole_ms = |todo: &Todo<'_>| todo.expected_ms as u64 + 5;
        let progress = bar("each tier for real", todo.iter().map(whole_ms).sum());
        let mut workers: HashMap<&str, Worker> = HashMap::new();
        for todo in &todo {
            let Todo { input, tier, round, .. } = todo;
            progress.set_message(format!("{} in {}, round {}", input.name(), tier.name, round + 1));
            let file = input.file(&self.places.inputs())?;
            let mut worker = match workers.remove(tier.name.as_str()) {
                Some(worker) => worker,
                None => self.warm(tier)?,
            };
            let ending = worker.make(&file, tier.timeout_s * 1000)?;
            match &ending {
                Ending::Made(_) | Ending::Refused { .. } => drop(workers.insert(&tier.name, worker)),
                Ending::Killed => progress.println(format!("  {} was killed in {}", input.name(), tier.name)),
                Ending::TimedOut { .. } => progress.println(format!("  {} timed out in {}", input.name(), tier.name)),
            }
            self.journal.add(&input.name(), &tier.name, *round, ending)?;
            progress.inc(whole_ms(todo));
        }
        progress.finish_and_clear();
        Ok(())
    }

    /// A worker in its tier's limits that has made an image: the first pays for what later ones find warm.
    fn warm(&self, tier: &Tier) -> anyhow::Result<Worker> {
        let cpus = Some(contract::cpu_share(tier.memory_mb));
        let mut worker = self.rig.start(Limits { tier: &tier.name, memory_bytes: tier.memory_mb << 20, cpus })?;
        let first = Input { kind: crate::inputs::Kind::Jpeg, size_bytes: 100_000 };
        worker.make(&first.file(&self.places.inputs())?, tier.timeout_s * 1000)?;
        Ok(worker)
    }
}

/// A number that orders the jobs of a round, another way in each round and the same in each run.
fn shuffled(todo: &Todo<'_>) -> u64 {
    fnv1a(format!("{} {} {}", todo.round, todo.tier.name, todo.input.name()).as_bytes())
}

/// A bar with the time left; without a terminal a line.
pub(super) fn bar(what: &'static str, length: u64) -> ProgressBar {
    let progress = ProgressBar::new(length);
    if progress.is_hidden() && length > 0 {
        eprintln!("· {what}");
    }
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} %, {eta} left  {msg:40!}");
    progress.set_style(style.expect("the template is sound"));
    progress.set_prefix(what);
    progress
}
