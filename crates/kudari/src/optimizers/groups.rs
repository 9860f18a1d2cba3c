//! Other settings for parameters whose names match a pattern.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use super::settings::not_negative;
use crate::error::{Error, Result};
use crate::layers::{Layer, Path, matches};

/// The settings that a group of parameters may have for itself, see [`Optimizer::group`](super::Optimizer::group).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupSettings {
    /// Step size η, 0 or above; 0 keeps the parameters where they are.
    pub learning_rate: f64,
    /// Weight decay λ, 0 or above.
    pub weight_decay: f64,
}

/// The groups of an optimizer, in the order in which they were added.
#[derive(Clone, Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    /// Whether every group is known to have a parameter.
    checked: bool,
    /// The name of the parameter that is looked at, kept for its memory.
    name: String,
}

#[derive(Clone)]
struct Group {
    pattern: String,
    change: Arc<dyn Fn(&mut GroupSettings) + Send + Sync>,
}

impl Groups {
    pub fn add(&mut self, pattern: &str, change: impl Fn(&mut GroupSettings) + Send + Sync + 'static) {
        self.groups.push(Group { pattern: pattern.to_string(), change: Arc::new(change) });
        self.checked = false;
    }

    /// Whether every group has a parameter: one that has none is mistyped. Asked once.
    pub fn check(&mut self, layer: &dyn Layer) -> Result<()> {
        if self.checked || self.groups.is_empty() {
            return Ok(());
        }
        let names = layer.parameter_names();
        if let Some(group) = self.groups.iter().find(|group| !names.iter().any(|name| matches(&group.pattern, name))) {
            return Err(Error::value(format!("no parameter belongs to the group `{}`", group.pattern))
                .help(format!("the parameters are {}", names.join(", "))));
        }
        self.checked = true;
        Ok(())
    }

    /// The settings of the parameter of this name.
    pub fn apply(&mut self, path: &Path<'_>, mut settings: GroupSettings) -> Result<GroupSettings> {
        if self.groups.is_empty() {
            return Ok(settings);
        }
        self.name.clear();
        // Writing to a string does not fail.
        let _ = write!(self.name, "{path}");
        for group in self.groups.iter().filter(|group| matches(&group.pattern, &self.name)) {
            (group.change)(&mut settings);
            not_negative("learning rate", settings.learning_rate)
                .and_then(|()| not_negative("weight decay", settings.weight_decay))
                .map_err(|e| e.context(format_args!("group `{}`", group.pattern)))?;
        }
        Ok(settings)
    }
}

impl fmt::Debug for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.groups.iter().map(|group| &group.pattern)).finish()
    }
}

/// Groups are equal if they have the same patterns and the very same changes.
impl PartialEq for Groups {
    fn eq(&self, other: &Groups) -> bool {
        let same = |(a, b): (&Group, &Group)| a.pattern == b.pattern && Arc::ptr_eq(&a.change, &b.change);
        self.groups.len() == other.groups.len() && self.groups.iter().zip(&other.groups).all(same)
    }
}
