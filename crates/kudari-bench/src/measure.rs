//! Running a step over and over, and what the process cost.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use kudari::Result;

/// How long is measured.
#[derive(clap::Args)]
pub struct Repetitions {
    /// Repetitions, of which the median is taken
    #[arg(long, value_name = "N", default_value_t = 5, global = true)]
    pub reps: usize,
    /// Seconds of one repetition
    #[arg(long, value_name = "S", default_value_t = 0.6, global = true)]
    pub rep_seconds: f64,
}

/// What was measured of a step.
pub struct Measured {
    /// Steps per second of every repetition, rising.
    pub rates: Vec<f64>,
    /// Seconds from the start of the process (the environment variable `BENCH_T0`, else NaN) to the end of the first step.
    pub first_step: f64,
    /// Processors in use while it ran.
    pub processors: f64,
    /// Steps in all.
    pub steps: usize,
    /// The loss of the first and of the last step.
    pub losses: [f64; 2],
}

impl Measured {
    /// The median of the rates.
    pub fn median(&self) -> f64 {
        self.rates.get(self.rates.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Runs `step`, which gives the loss when it is asked to, back to back: a warm-up of half a second, then the repetitions.
/// The loss is read at the end of a repetition only, as a training loop would.
pub fn measure(repetitions: &Repetitions, mut step: impl FnMut(bool) -> Result<f64>) -> Result<Measured> {
    let first_loss = step(true)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(f64::NAN, |t| t.as_secs_f64());
    let began = std::env::var("BENCH_T0").ok().and_then(|t| t.parse::<f64>().ok()).unwrap_or(f64::NAN);
    let (warm_up, mut warm) = (Instant::now(), 0usize);
    while warm < 3 || warm_up.elapsed().as_secs_f64() < 0.5 {
        step(true)?;
        warm += 1;
    }
    let each = warm_up.elapsed().as_secs_f64() / warm as f64;
    let count = ((repetitions.rep_seconds / each).round() as usize).max(1);
    let (processor, wall) = (processor_seconds(), Instant::now());
    let (mut rates, mut last_loss) = (Vec::new(), first_loss);
    for _ in 0..repetitions.reps.max(1) {
        let began = Instant::now();
        for _ in 1..count {
            step(false)?;
        }
        last_loss = step(true)?;
        rates.push(count as f64 / began.elapsed().as_secs_f64());
    }
    let processors = (processor_seconds() - processor) / wall.elapsed().as_secs_f64();
    let steps = 1 + warm + count * rates.len();
    rates.sort_by(f64::total_cmp);
    Ok(Measured { rates, first_step: now - began, processors, steps, losses: [first_loss, last_loss] })
}

/// The largest memory is counted anew from here on, where the system can do that.
pub fn forget_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The largest memory that the process held so far, in MB (2²⁰ bytes); NaN where the system does not tell.
pub fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

/// Processor time of all threads of the process, to a hundredth of a second; NaN where the system does not tell.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program stands in parentheses and may hold spaces; user and system time are the 12th and 13th after.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse().ok()).collect();
    if ticks.len() == 2 { (ticks[0] + ticks[1]) / 100.0 } else { f64::NAN }
}
