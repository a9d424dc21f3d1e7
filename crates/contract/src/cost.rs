//! What an image costs on Lambda: the model that calibration, metrics and reports share.
//!
//! Pure arithmetic on [`RegionPrices`]. What a function was really billed stands in its REPORT record, which this
//! does not read.

use crate::{Architecture, Dollars, RegionPrices};

/// The memory at which Lambda gives a function one vCPU, in MB; less gives a share, more gives more than one.
///
/// **Source:** AWS Lambda developer guide, "Configure Lambda function memory".
pub const MB_PER_VCPU: f64 = 1769.0;

/// The period in which a function's share of a CPU is handed out, in milliseconds: what has used its part waits for the
/// next.
///
/// **Source:** measured on Lambda in "How does proportional CPU allocation work with AWS Lambda?", M. Akın, 2018; AWS
/// does not document it.
pub const CPU_PERIOD_MS: f64 = 20.0;

/// A function: its memory, and how many threads it works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// The configured memory, in MB of 2^20 bytes.
    pub memory_mb: u64,
    /// How many threads share the work. One thread never uses more than one vCPU.
    pub threads: u32,
}

/// What one image asks of a function, whatever its size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Time that passes at any share of a CPU: requests to S3, in milliseconds.
    pub io_ms: f64,
    /// CPU time at one whole vCPU, in milliseconds.
    pub cpu_ms: f64,
}

/// The requests of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// Invocations of Lambda.
    pub invocations: u32,
    /// HEAD requests to S3.
    pub heads: u32,
    /// GET requests to S3.
    pub gets: u32,
    /// PUT requests to S3: one for each variant.
    pub puts: u32,
}

/// The vCPUs that a function of `memory_mb` may use: 0.145 at 256 MB, 0.579 at 1,024, 1.70 at 3,008.
#[must_use]
pub fn cpu_share(memory_mb: u64) -> f64 {
    memory_mb as f64 / MB_PER_VCPU
}

/// What Lambda bills for a duration: whole milliseconds, rounded up.
///
/// **Source:** AWS Lambda pricing, "rounded up to the nearest 1 ms".
#[must_use]
pub fn billed_ms(duration_ms: f64) -> u64 {
    // The casts saturate, so a duration that is no number bills nothing instead of anything.
    duration_ms.max(0.0).ceil() as u64
}

impl Function {
    /// As many threads as it takes to use the whole share: two at 3,008 MB, one up to 1,769.
    #[must_use]
    pub fn with_memory(memory_mb: u64) -> Self {
        Self { memory_mb, threads: cpu_share(memory_mb).ceil().max(1.0) as u32 }
    }

    /// The vCPUs that the threads can really use.
    #[must_use]
    pub fn cpus(self) -> f64 {
        cpu_share(self.memory_mb).min(f64::from(self.threads))
    }

    /// How long `cpu_ms` milliseconds of CPU time take by the clock, if a period begins with them.
    ///
    /// Below one vCPU a job that fits in one period's part runs at full speed, and a longer one waits for each further
    /// part: 2 ms take 2 ms at a share of 0.145, and 5 ms take 22.
    #[must_use]
    pub fn busy_ms(self, cpu_ms: f64) -> f64 {
        let cpus = self.cpus();
        let part_ms = cpus * CPU_PERIOD_MS;
        if cpus >= 1.0 || cpu_ms <= part_ms {
            return cpu_ms / cpus.max(1.0);
        }
        let waits = (cpu_ms / part_ms - 1e-9).ceil() - 1.0;
        waits * CPU_PERIOD_MS + cpu_ms - waits * part_ms
    }

    /// How long `work` takes on a warm function, in milliseconds: I/O, then CPU at the function's share.
    ///
    /// The two are added, as if nothing overlapped. It is what is seen below one vCPU, and an upper bound above.
    #[must_use]
    pub fn duration_ms(self, work: Work) -> f64 {
        work.io_ms + work.cpu_ms / self.cpus()
    }
}

impl Requests {
    /// Those of a worker: itself, one GET, one PUT for each variant, and where there was one a last look at the source.
    #[must_use]
    pub const fn of_worker(variants: u32) -> Self {
        let heads = if variants > 0 { 1 } else { 0 };
        Self { invocations: 1, heads, gets: 1, puts: variants }
    }

    /// Those of the dispatcher: itself and one HEAD. A look at the header is a GET more.
    #[must_use]
    pub const fn of_dispatcher() -> Self {
        Self { invocations: 1, heads: 1, gets: 0, puts: 0 }
    }
}

impl RegionPrices {
    /// The price of `billed_ms` milliseconds of `memory_mb` MB.
    #[must_use]
    pub fn compute(&self, architecture: Architecture, memory_mb: u64, billed_ms: u64) -> Dollars {
        let gb_seconds = memory_mb as f64 / 1024.0 * billed_ms as f64 / 1000.0;
        self.lambda_gb_second.on(architecture) * gb_seconds
    }

    /// The price of requests.
    #[must_use]
    pub fn requests(&self, requests: Requests) -> Dollars {
        let Requests { invocations, heads, gets, puts } = requests;
        self.lambda_million_requests * (f64::from(invocations) / 1e6)
            + self.s3_thousand_heads * (f64::from(heads) / 1e3)
            + self.s3_thousand_gets * (f64::from(gets) / 1e3)
            + self.s3_thousand_puts * (f64::from(puts) / 1e3)
    }

    /// What `work` is predicted to cost on `function`, requests apart.
    #[must_use]
    pub fn predicted(&self, architecture: Architecture, function: Function, work: Work) -> Dollars {
        self.compute(architecture, function.memory_mb, billed_ms(function.duration_ms(work)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Prices;

    fn us_east_1() -> RegionPrices {
        Prices::builtin().unwrap().region("us-east-1").unwrap().clone()
    }

    /// Dollars of compute per million images on arm64 with 80 ms of I/O, from the project's cost model.
    #[test]
    fn the_model_gives_the_published_table() {
        let prices = us_east_1();
        let one_thread = Function { memory_mb: 3008, threads: 1 };
        let functions = [256, 1024, 1769].map(Function::with_memory);
        let functions = [functions[0], functions[1], functions[2], one_thread, Function::with_memory(3008)];
        let check = |cpu_ms, want: [f64; 5]| {
            for (function, want) in functions.into_iter().zip(want) {
                let work = Work { io_ms: 80.0, cpu_ms };
                let ms = prices.compute(Architecture::Arm64, function.memory_mb, 1).per_million();
                let exact = ms * function.duration_ms(work);
                assert!((exact.0 - want).abs() <= 0.005, "{function:?} {cpu_ms} ms: {exact} is not {want}");
                // Lambda bills whole milliseconds: at most one more than the exact duration.
                let billed = prices.predicted(Architecture::Arm64, function, work).per_million();
                assert!(billed.0 - exact.0 > -1e-9 && billed.0 - exact.0 < ms.0, "{function:?} {cpu_ms} ms: {billed}");
            }
        };
        check(20.0, [0.73, 1.53, 2.30, 3.92, 3.59]);
        check(100.0, [2.57, 3.37, 4.15, 7.05, 5.44]);
        check(1000.0, [23.30, 24.10, 24.88, 42.30, 26.17]);
    }

    #[test]
    fn the_latency_is_the_published_one() {
        let check = |function: Function, want_s: f64| {
            let duration_s = function.duration_ms(Work { io_ms: 80.0, cpu_ms: 1000.0 }) / 1000.0;
            assert!((duration_s - want_s).abs() <= 0.05, "{function:?}: {duration_s}");
        };
        check(Function::with_memory(256), 7.0);
        check(Function::with_memory(1024), 1.8);
        check(Function::with_memory(1769), 1.1);
        check(Function { memory_mb: 3008, threads: 1 }, 1.1);
        check(Function::with_memory(3008), 0.7);
    }

    #[test]
    fn one_put_outweighs_the_compute_of_a_small_image() {
        let prices = us_east_1();
        let check = |requests, want: f64| {
            let got = prices.requests(requests).per_million();
            assert!((got.0 - want).abs() < 1e-9, "{requests:?}: {got}");
        };
        check(Requests::of_worker(1), 0.20 + 0.80 + 5.00);
        check(Requests::of_worker(3), 0.20 + 0.80 + 15.00);
        check(Requests::of_dispatcher(), 0.20 + 0.40);
    }

    #[test]
    fn a_part_of_a_millisecond_is_billed_as_a_whole_one() {
        assert_eq!([0.0, 0.1, 1.0, 1.01, -3.0, f64::NAN].map(billed_ms), [0, 1, 1, 2, 0, 0]);
    }

    #[test]
    fn a_job_within_one_part_of_a_period_does_not_wait_and_longer_ones_wait_for_each_further_part() {
        let check = |memory_mb, cpu_ms, want_ms: f64| {
            let got = Function::with_memory(memory_mb).busy_ms(cpu_ms);
            assert!((got - want_ms).abs() < 0.05, "{memory_mb} MB, {cpu_ms} ms: {got}");
        };
        // A part is 2.894 ms at 256 MB, 11.58 at 1,024.
        for (cpu_ms, want_ms) in [(0.0, 0.0), (2.8, 2.8), (2.895, 20.0), (6.0, 40.21), (1000.0, 6901.5)] {
            check(256, cpu_ms, want_ms);
        }
        for (cpu_ms, want_ms) in [(11.0, 11.0), (12.0, 20.42), (30.0, 46.85)] {
            check(1024, cpu_ms, want_ms);
        }
        check(1769, 30.0, 30.0);
        check(3008, 17.0, 10.0);
    }
}
