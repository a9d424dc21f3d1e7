//! What goes wrong while uploads come: AWS refuses, connections break, processes are killed, a tier is throttled.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use tokio::time::sleep;

use super::dice::Dice;
use super::progress::Progress;
use super::traffic::AHEAD;
use crate::{Deployment, faults, function_name};

/// From which hundredth of the run on calls fail at which rate, by the names of `local/faults.py`.
const WEATHER: [(u64, &str); 6] = [
    (0, r#"{"delay": 0.1}"#),
    (15, r#"{"delay": 0.1, "slow_down": 0.15, "reset": 0.04}"#),
    (45, r#"{"delay": 0.1}"#),
    (50, r#"{"delay": 0.1, "too_many_requests": 0.5, "reset": 0.02}"#),
    (70, r#"{"delay": 0.1}"#),
    (95, "{}"),
];

/// When processes are killed, and when a tier may run one job at a time, in hundredths of the run.
const KILLING: (u64, u64) = (10, 90);
const THROTTLING: (u64, u64) = (72, 85);
const THROTTLED: &str = "worker-medium";

/// A process that has worked since the last look is killed with this chance, in a hundred.
const KILL_PERCENT: u64 = 6;
const LOOK: Duration = Duration::from_millis(100);

/// All of it, over as long as uploads take; afterwards the sky is clear.
pub(super) async fn rage(deployment: &Deployment, uploading: Duration, seed: u64, progress: &Progress) {
    let at = |percent: u64| uploading.mul_f64(percent as f64 / 100.0);
    sleep(AHEAD).await;
    let failing = async {
        for (place, (percent, rates)) in WEATHER.into_iter().enumerate() {
            let before = place.checked_sub(1).map_or(0, |place| WEATHER[place].0);
            sleep(at(percent) - at(before)).await;
            faults(rates).await;
        }
    };
    let killing = async {
        sleep(at(KILLING.0)).await;
        let end = tokio::time::Instant::now() + at(KILLING.1) - at(KILLING.0);
        let mut dice = Dice::of(seed, "kills");
        let mut before = cpu_times(deployment);
        while tokio::time::Instant::now() < end {
            sleep(LOOK).await;
            let now = cpu_times(deployment);
            for (process, time) in &now {
                if before.get(process).is_none_or(|before| time > before) && dice.percent(KILL_PERCENT) {
                    // It may have ended by itself.
                    let killed = Command::new("kill").args(["-KILL", &process.to_string()]).status();
                    if killed.is_ok_and(|status| status.success()) {
                        progress.killed();
                    }
                }
            }
            before = now;
        }
    };
    let throttling = async {
        sleep(at(THROTTLING.0)).await;
        let call = deployment.lambda.put_function_concurrency().function_name(function_name(THROTTLED));
        call.reserved_concurrent_executions(1).send().await.expect("a tier can be throttled");
        sleep(at(THROTTLING.1) - at(THROTTLING.0)).await;
        let call = deployment.lambda.delete_function_concurrency().function_name(function_name(THROTTLED));
        call.send().await.expect("a tier can be let go");
    };
    tokio::join!(failing, killing, throttling);
}

/// CPU time of each process of the functions.
pub(super) fn cpu_times(deployment: &Deployment) -> BTreeMap<u32, Duration> {
    let processes = deployment.processes("");
    processes.into_iter().filter_map(|process| Some((process, usage::cpu_time_of(process)?))).collect()
}
