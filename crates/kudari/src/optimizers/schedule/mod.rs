//! Schedules: how the learning rate changes while training.

mod notation;
mod plateau;

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

pub use notation::SCHEDULES;
pub(crate) use notation::words;
pub use plateau::Plateau;

use crate::error::{Error, Result};

/// How the learning rate changes while training: phases one after the other, each a factor of the optimizer's learning rate.
///
/// In the formulas t counts the updates from 0 at the start of the phase, and T is the number of updates of the phase. Phases
/// without a length of their own take all that is left: only the last can be one. The training loop asks it before every
/// update, as `optimizer.set_rate_factor(schedule.factor(update, updates))` does in a loop of your own.
///
/// ```
/// use kudari::optimizers::Schedule;
/// let schedule = Schedule::warmup(100).then(Schedule::cosine(0.0));
/// assert_eq!(schedule, Schedule::parse("warmup(100) cosine")?);
/// let of_a_thousand: Vec<f64> = [0, 49, 100, 550].map(|update| schedule.factor(update, 1000)).into();
/// assert_eq!(of_a_thousand, [0.01, 0.5, 1.0, 0.5]);
/// # Ok::<(), kudari::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// At least one.
    phases: Vec<Phase>,
}

/// A part of a schedule.
#[derive(Clone, PartialEq)]
enum Phase {
    Constant { updates: Option<u64> },
    Warmup { updates: u64 },
    Step { every: u64, factor: f64 },
    Exponential { factor: f64 },
    Cosine { least: f64 },
    Restarts { period: u64, growth: u64, least: f64 },
    OneCycle { rise: f64, start: f64, end: f64 },
    Polynomial { power: f64, end: f64 },
    Plateau(Plateau),
    Function(Custom),
}

/// A function of the user's own.
#[derive(Clone)]
struct Custom(Arc<dyn Fn(u64, u64) -> f64 + Send + Sync>);

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Schedule {
    fn of(phase: Phase) -> Schedule {
        Schedule { phases: vec![phase] }
    }

    /// The learning rate as it is: 1.
    pub fn constant() -> Schedule {
        Schedule::of(Phase::Constant { updates: None })
    }

    /// The learning rate as it is for so many updates, before another phase.
    pub fn hold(updates: u64) -> Schedule {
        Schedule::of(Phase::Constant { updates: Some(updates) })
    }

    /// A straight rise over `updates` updates: (t + 1)/updates.
    pub fn warmup(updates: u64) -> Schedule {
        Schedule::of(Phase::Warmup { updates })
    }

    /// Steps down: factor^⌊t/every⌋.
    pub fn step(every: u64, factor: f64) -> Schedule {
        Schedule::of(Phase::Step { every, factor })
    }

    /// An even fall: factorᵗ.
    pub fn exponential(factor: f64) -> Schedule {
        Schedule::of(Phase::Exponential { factor })
    }

    /// Half a wave of the cosine from 1 down to `least`: least + (1 − least)·(1 + cos(π·t/T))/2 (Loshchilov and Hutter 2016).
    pub fn cosine(least: f64) -> Schedule {
        Schedule::of(Phase::Cosine { least })
    }

    /// As [`cosine`](Schedule::cosine) over `period` updates, then again from 1 over `growth` times as many, and so on.
    pub fn restarts(period: u64, growth: u64, least: f64) -> Schedule {
        Schedule::of(Phase::Restarts { period, growth, least })
    }

    /// One cycle: half waves of the cosine from `start` up to 1 over the share `rise` of the updates, then down to `end`
    /// (Smith and Topin 2018, as in PyTorch). The last update has `end` exactly: with T the number of updates and
    /// P = rise·T − 1, a + (b − a)·(1 − cos(π·s))/2 with s = t/P up to P and (t − P)/(T − 1 − P) from there. Usual are 0.3,
    /// 1/25 and 1/250000.
    pub fn one_cycle(rise: f64, start: f64, end: f64) -> Schedule {
        Schedule::of(Phase::OneCycle { rise, start, end })
    }

    /// A polynomial's fall from 1 to `end`: end + (1 − end)·(1 − t/T)^power; a straight line for power 1.
    pub fn polynomial(power: f64, end: f64) -> Schedule {
        Schedule::of(Phase::Polynomial { power, end })
    }

    /// Times `factor` whenever the loss has not improved for more than `patience` measurements, see [`Plateau`]. Only
    /// alone or as the last phase; the loop that trains tells it the losses.
    pub fn plateau(factor: f64, patience: u64) -> Schedule {
        Schedule::of(Phase::Plateau(Plateau::new(factor, patience)))
    }

    /// A function of the update within the phase and the updates of the phase.
    pub fn function(factor: impl Fn(u64, u64) -> f64 + Send + Sync + 'static) -> Schedule {
        Schedule::of(Phase::Function(Custom(Arc::new(factor))))
    }

    /// With another schedule after this one.
    #[must_use]
    pub fn then(mut self, next: Schedule) -> Schedule {
        self.phases.extend(next.phases);
        self
    }

    /// The factor of the learning rate in update `update` (from 0) of `updates`. A plateau is 1: its factor depends on the
    /// losses, see [`Schedule::waits_for_losses`].
    pub fn factor(&self, update: u64, updates: u64) -> f64 {
        let mut before = 0u64;
        let last = self.phases.len().saturating_sub(1);
        for (i, phase) in self.phases.iter().enumerate() {
            let (within, left) = (update.saturating_sub(before), updates.saturating_sub(before));
            match phase.length() {
                Some(length) if i < last && within >= length => before = before.saturating_add(length),
                _ => return phase.factor(within, left),
            }
        }
        1.0
    }

    /// The rule by which losses change the learning rate, where the last phase is a plateau.
    pub fn waits_for_losses(&self) -> Option<Plateau> {
        match self.phases.last() {
            Some(Phase::Plateau(plateau)) => Some(plateau.clone()),
            _ => None,
        }
    }

    /// Whether all numbers make sense and a training of so many updates gets to the last phase.
    ///
    /// # Errors
    ///
    /// A factor below 0 or a number that is not finite, a length of 0, a phase without a length before another one, or phases
    /// that take all updates before the last begins.
    pub fn validate(&self, updates: u64) -> Result<()> {
        let mut before = 0u64;
        for (i, phase) in self.phases.iter().enumerate() {
            phase.validate().map_err(|why| Error::value(format!("schedule `{self}`: {why}")).help(self.usage()))?;
            if i + 1 == self.phases.len() {
                break;
            }
            let Some(length) = phase.length() else {
                return Err(Error::value(format!("schedule `{self}`: {} would go on to the end", phase.word()))
                    .help("only the last phase takes the rest; before it stand warmup(updates) and constant(updates)"));
            };
            before = before.saturating_add(length);
        }
        if before >= updates && self.phases.len() > 1 {
            return Err(Error::value(format!("schedule `{self}`: its last phase begins after {before} updates, of {updates}"))
                .help("shorten the phases before it, or train longer"));
        }
        Ok(())
    }

    /// What may be written.
    fn usage(&self) -> String {
        format!("use one of {}, or several one after the other", SCHEDULES.join(", "))
    }
}

impl Phase {
    /// The updates of a phase that others can follow.
    fn length(&self) -> Option<u64> {
        match self {
            Phase::Constant { updates } => *updates,
            Phase::Warmup { updates } => Some(*updates),
            _ => None,
        }
    }

    /// The factor in update `t` of `updates`.
    fn factor(&self, t: u64, updates: u64) -> f64 {
        let share = if updates == 0 { 1.0 } else { (t as f64 / updates as f64).min(1.0) };
        match self {
            Phase::Constant { .. } | Phase::Plateau(_) => 1.0,
            Phase::Warmup { updates } => (t as f64 + 1.0).min(*updates as f64) / *updates as f64,
            Phase::Step { every, factor } => factor.powf((t / every) as f64),
            Phase::Exponential { factor } => factor.powf(t as f64),
            Phase::Cosine { least } => wave(1.0, *least, share),
            Phase::Restarts { period, growth, least } => {
                let (t, period) = within_period(t, *period, *growth);
                wave(1.0, *least, t as f64 / period as f64)
            }
            Phase::OneCycle { rise, start, end } => {
                let (t, last) = (t as f64, updates.saturating_sub(1) as f64);
                let top = rise * updates as f64 - 1.0;
                if t <= top {
                    wave(*start, 1.0, (t / top).min(1.0))
                } else {
                    wave(1.0, *end, ((t - top) / (last - top)).min(1.0))
                }
            }
            Phase::Polynomial { power, end } => end + (1.0 - end) * (1.0 - share).powf(*power),
            Phase::Function(function) => (function.0)(t, updates),
        }
    }

    /// What is wrong with the numbers, if anything.
    fn validate(&self) -> Result<(), String> {
        let share = |name: &str, value: f64| match value {
            value if (0.0..=1.0).contains(&value) => Ok(()),
            value => Err(format!("{name} {value} is not from 0 to 1")),
        };
        let count = |name: &str, value: u64| if value > 0 { Ok(()) } else { Err(format!("{name} must be at least 1")) };
        match self {
            Phase::Constant { updates: None } | Phase::Function(_) => Ok(()),
            Phase::Constant { updates: Some(updates) } | Phase::Warmup { updates } => count("updates", *updates),
            Phase::Step { every, factor } => count("every", *every).and(share("factor", *factor)),
            Phase::Exponential { factor } => share("factor", *factor),
            Phase::Cosine { least } => share("least", *least),
            Phase::Restarts { period, growth, least } => {
                count("period", *period).and(count("growth", *growth)).and(share("least", *least))
            }
            Phase::OneCycle { rise, start, end } => share("rise", *rise).and(share("start", *start)).and(share("end", *end)),
            Phase::Polynomial { power, end } => share("end", *end).and(match *power > 0.0 && power.is_finite() {
                true => Ok(()),
                false => Err(format!("power {power} must be above 0 and finite")),
            }),
            Phase::Plateau(plateau) => share("factor", plateau.factor()),
        }
    }
}

/// From `from` to `to` on half a wave of the cosine, at a share of the way.
fn wave(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * share).cos()) / 2.0
}

/// The update within its period, and that period.
fn within_period(mut t: u64, mut period: u64, growth: u64) -> (u64, u64) {
    if growth == 1 {
        return (t % period, period);
    }
    while t >= period {
        t -= period;
        period = period.saturating_mul(growth);
    }
    (t, period)
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_follow_each_other() {
        let schedule = Schedule::warmup(4).then(Schedule::hold(2)).then(Schedule::polynomial(1.0, 0.0));
        schedule.validate(10).unwrap();
        let factors: Vec<f64> = (0..12).map(|t| schedule.factor(t, 10)).collect();
        assert_eq!(factors, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
        // The last phase goes on, whatever its length.
        assert_eq!(Schedule::warmup(2).factor(7, 10), 1.0);
        assert_eq!(Schedule::function(|t, of| (t * of) as f64).factor(3, 10), 30.0);
    }

    #[test]
    fn nothing_overflows_at_the_ends_of_the_range() {
        let all = [
            "warmup(18446744073709551615)",
            "restarts(1,2)",
            "restarts(1,18446744073709551615)",
            "step(1)",
            "onecycle",
            "cosine",
        ];
        for text in all {
            let schedule = Schedule::parse(text).unwrap();
            for updates in [0, 1, 2, u64::MAX] {
                for update in [0, 1, u64::MAX] {
                    let factor = schedule.factor(update, updates);
                    assert!((0.0..=1.0).contains(&factor), "{text} {update} {updates}: {factor}");
                }
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        let fails = |schedule: Schedule, updates: u64| schedule.validate(updates).unwrap_err().to_string();
        assert!(fails(Schedule::cosine(0.0).then(Schedule::constant()), 10).contains("cosine would go on to the end"));
        let late = fails(Schedule::warmup(10).then(Schedule::constant()), 10);
        assert!(late.starts_with("schedule `warmup(10) constant`: its last phase begins after 10 updates, of 10\n"), "{late}");
        for schedule in [
            Schedule::warmup(0),
            Schedule::step(0, 0.5),
            Schedule::step(5, -0.5),
            Schedule::exponential(f64::NAN),
            Schedule::cosine(1.5),
            Schedule::restarts(0, 1, 0.0),
            Schedule::restarts(5, 0, 0.0),
            Schedule::one_cycle(2.0, 0.0, 0.0),
            Schedule::polynomial(0.0, 0.0),
            Schedule::plateau(f64::INFINITY, 3),
        ] {
            assert!(schedule.validate(100).is_err(), "{schedule}");
        }
    }
}
