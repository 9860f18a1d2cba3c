//! Where the time of a training goes: `--profile`. What is written down is in the library, here it is put into its place.

use std::path::{Path, PathBuf};

use kudari::DType;
use kudari::model::write_atomically;
use kudari::profile::{Peak, Profile};
use serde_json::Value;

use crate::failure::Failure;
use crate::output::{Output, with_commas};
use crate::pictures::can_hold;

/// Whether the time is watched, and where it is written to.
#[derive(clap::Args, Clone)]
pub struct Profiling {
    /// Tell where the time went, function by function and layer by layer, beside what the machine can do; the spans of
    /// time go to FILE (by default profile.json in the run folder), for chrome://tracing and ui.perfetto.dev
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    profile: Option<Option<PathBuf>>,
}

/// A training that was watched.
pub struct Watched<'a> {
    pub profile: Profile,
    /// The type of number it computed with.
    pub dtype: DType,
    /// The file for the spans of time, if it is not to be in the run folder.
    pub file: Option<&'a Path>,
}

impl Profiling {
    /// Makes sure, before any work, that the file can be written.
    pub fn check(&self) -> Result<(), Failure> {
        self.file().map_or(Ok(()), can_hold)
    }

    fn file(&self) -> Option<&Path> {
        self.profile.as_ref()?.as_deref()
    }

    /// Runs `body`, which computes in this type of number, and watches it if that was asked for.
    pub fn watch<R>(&self, dtype: DType, body: impl FnOnce() -> R) -> (R, Option<Watched<'_>>) {
        if self.profile.is_none() {
            return (body(), None);
        }
        let (result, profile) = kudari::profile(body);
        (result, Some(Watched { profile, dtype, file: self.file() }))
    }
}

impl Watched<'_> {
    /// Writes the spans of time down and prints the table; gives the profile for programs.
    pub fn write(&self, folder: &Path, output: &Output) -> Result<Value, Failure> {
        let path = self.file.map_or_else(|| folder.join("profile.json"), Path::to_path_buf);
        write_atomically(&path, self.profile.trace_json().as_bytes())?;
        let peak = Peak::measure(self.dtype)?;
        output.line("");
        output.line(self.profile.table(&peak));
        let (shown, spans) = self.profile.spans();
        let first = if shown < spans { format!("the first {} of ", with_commas(shown)) } else { String::new() };
        let spans = with_commas(spans);
        output.line(format_args!("{}: {first}{spans} spans of time, for ui.perfetto.dev", path.display()));
        Ok(self.profile.json(&peak))
    }
}
