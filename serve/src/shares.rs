//! Tiers as classes of concurrency: what a job of each may hold, and which one may start. Pure.

use contract::TierTable;

use crate::memory::Limit;

/// What the process holds beside images: the program, the SDK, connections, the journal. In MB.
const BASE_MB: u64 = 96;

/// What a job holds beside what its plan says: its body on the way, its thumbnails until they are stored. In MB.
const BESIDE_MB: u64 = 16;

/// How many jobs of one tier run at once for each core: while one waits for the store, another decodes.
const JOBS_PER_CORE: usize = 2;

/// Of the memory, what is left for what the allocator cannot give back at once.
const SPARE: f64 = 0.1;

/// How much each tier's job takes, and how much there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Of a job of each tier, in MB, from the smallest tier.
    pub(crate) cost_mb: Vec<u64>,
    /// For all jobs together, in MB.
    pub(crate) total_mb: u64,
    /// How many jobs of one tier run at once.
    pub(crate) most: usize,
}

/// The memory is not enough for one job of the smallest tier.
#[derive(Debug, thiserror::Error)]
#[error(
    "{found_mb} MB of memory, as {set_by} has it, are too little: one image of tier `{tier}` needs {least_mb} MB with \
     the process around it; give it more, or a smaller budget_mb in tiers.json"
)]
pub(crate) struct TooLittle {
    found_mb: u64,
    set_by: &'static str,
    least_mb: u64,
    tier: String,
}

/// What is decided once, at the start.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) shares: Shares,
    /// The table, whose largest tiers may have smaller budgets than in the file, or be missing.
    pub(crate) tiers: TierTable,
    /// The sentence about what was cut.
    pub(crate) cut: Option<String>,
}

/// Shares `limit` among the tiers: one job of every tier fits at the same time, so that none waits for another tier's.
///
/// Where that is too much, the largest tier gets what is left, or goes: its images are those of the next smaller one then,
/// and what plans to hold more is refused by name, before a pixel is decoded.
///
/// # Errors
/// [`TooLittle`].
pub(crate) fn decide(tiers: &TierTable, limit: &Limit, cores: usize) -> Result<Decided, TooLittle> {
    let usable_mb = (limit.mb as f64 * (1.0 - SPARE)) as u64;
    let total_mb = usable_mb.saturating_sub(BASE_MB);
    let smallest = tiers.smallest();
    if smallest.budget_mb + BESIDE_MB > total_mb {
        let least_mb = ((smallest.budget_mb + BESIDE_MB + BASE_MB) as f64 / (1.0 - SPARE)).ceil() as u64;
        let tier = smallest.name.clone();
        return Err(TooLittle { found_mb: limit.mb, set_by: limit.set_by, least_mb, tier });
    }
    let (mut budgets, mut left_mb) = (Vec::<u64>::new(), total_mb);
    for tier in tiers.iter() {
        let budget_mb = tier.budget_mb.min(left_mb.saturating_sub(BESIDE_MB));
        // Not larger than the tier before it, it is none.
        if budgets.last().is_some_and(|before| budget_mb <= *before) {
            break;
        }
        budgets.push(budget_mb);
        left_mb -= budget_mb + BESIDE_MB;
    }
    // What a tier that went would have had is the largest one's.
    if budgets.len() < tiers.iter().len()
        && let Some(last) = budgets.last_mut()
    {
        *last += left_mb;
    }
    let whole: u64 = tiers.iter().map(|tier| tier.budget_mb + BESIDE_MB).sum();
    let cut = (whole > total_mb).then(|| {
        let kept = tiers.iter().zip(&budgets).map(|(tier, mb)| format!("{} {mb} MB of {}", tier.name, tier.budget_mb));
        let kept = kept.collect::<Vec<_>>().join(", ");
        let want_mb = ((whole + BASE_MB) as f64 / (1.0 - SPARE)).ceil() as u64;
        format!(
            "{} MB of memory, as {} has it, are less than all of tiers.json needs: an image may plan to hold {kept}; one \
             that needs more is refused as over_budget; {want_mb} MB are enough for all",
            limit.mb, limit.set_by
        )
    });
    let tiers = tiers.within(&budgets);
    let cost_mb = tiers.iter().map(|tier| tier.budget_mb + BESIDE_MB).collect();
    Ok(Decided { shares: Shares { cost_mb, total_mb, most: cores.max(1) * JOBS_PER_CORE }, tiers, cut })
}

impl Shares {
    /// Whether a job of `tier` may start, while so many of each run, and with some of each waiting.
    ///
    /// The others leave the share of a tier's first job free: those of larger tiers always, those of smaller ones, beyond
    /// their own first, as soon as it waits. So the smallest never wait for larger ones, and no tier starves.
    pub(crate) fn may_start(&self, tier: usize, running: &[usize], is_waiting: &[bool]) -> bool {
        if running[tier] >= self.most {
            return false;
        }
        let used_mb: u64 = self.cost_mb.iter().zip(running).map(|(mb, jobs)| mb * *jobs as u64).sum();
        let kept_mb: u64 = (0..self.cost_mb.len())
            .filter(|other| *other != tier && running[*other] == 0)
            .filter(|other| *other < tier || (is_waiting[*other] && running[tier] > 0))
            .map(|other| self.cost_mb[other])
            .sum();
        used_mb + self.cost_mb[tier] + kept_mb <= self.total_mb
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(mb: u64) -> Decided {
        decide(&TierTable::builtin().unwrap(), &Limit { mb, set_by: "--memory" }, 4).unwrap()
    }

    fn budgets(decided: &Decided) -> Vec<(String, u64)> {
        decided.tiers.iter().map(|tier| (tier.name.clone(), tier.budget_mb)).collect()
    }

    #[test]
    fn with_enough_memory_the_table_is_the_files() {
        let decided = decided(8192);
        assert_eq!(decided.tiers, TierTable::builtin().unwrap());
        assert!(decided.cut.is_none());
        assert_eq!(decided.shares, Shares { cost_mb: vec![176, 876, 2716], total_mb: 7276, most: 8 });
    }

    #[test]
    fn with_less_the_largest_is_cut_and_then_goes() {
        let some = decided(3000);
        assert_eq!(budgets(&some), [("small".into(), 160), ("medium".into(), 860), ("large".into(), 1536)]);
        assert!(some.cut.unwrap().contains("large 1536 MB of 2700"));
        let less = decided(1500);
        assert_eq!(budgets(&less), [("small".into(), 160), ("medium".into(), 1062)]);
        // What was large goes to the largest that is left.
        let bytes = TierTable::builtin().unwrap().largest().max_object_bytes(None);
        assert_eq!(less.tiers.smallest_for(None, bytes).unwrap().name, "medium");
        for mb in (310..8000).step_by(37) {
            let Decided { shares, .. } = decided(mb);
            assert!(shares.cost_mb.iter().sum::<u64>() <= shares.total_mb, "{mb}: {shares:?}");
        }
    }

    #[test]
    fn too_little_says_how_much_would_do() {
        let error = decide(&TierTable::builtin().unwrap(), &Limit { mb: 256, set_by: "its control group" }, 1);
        let message = error.unwrap_err().to_string();
        for want in ["256 MB", "its control group", "tier `small` needs 303 MB"] {
            assert!(message.contains(want), "{message}");
        }
        assert!(decide(&TierTable::builtin().unwrap(), &Limit { mb: 303, set_by: "" }, 1).is_ok());
    }

    #[test]
    fn the_first_of_a_tier_never_waits_and_memory_is_never_exceeded() {
        let shares = Shares { cost_mb: vec![1, 5, 20], total_mb: 30, most: 8 };
        // Whatever runs by these rules, with whatever waiting.
        let mut seen = vec![vec![0, 0, 0]];
        let mut at = 0;
        while at < seen.len() {
            let running = seen[at].clone();
            let used: usize = running.iter().zip(&shares.cost_mb).map(|(jobs, mb)| jobs * *mb as usize).sum();
            assert!(used <= 30, "{running:?}");
            for waiting in 0..8_usize {
                let is_waiting: Vec<bool> = (0..3).map(|tier| waiting & (1 << tier) != 0).collect();
                for tier in (0..3).filter(|tier| is_waiting[*tier]) {
                    if shares.may_start(tier, &running, &is_waiting) {
                        let mut more = running.clone();
                        more[tier] += 1;
                        if !seen.contains(&more) {
                            seen.push(more);
                        }
                    } else {
                        // The smallest tier's first never waits; another's only for smaller ones beyond their first.
                        let smaller: usize = running[..tier].iter().sum();
                        assert!(running[tier] > 0 || smaller > 1, "{tier} of {running:?}");
                    }
                }
            }
            at += 1;
        }
        assert!(seen.len() > 20, "{}", seen.len());
    }
}
