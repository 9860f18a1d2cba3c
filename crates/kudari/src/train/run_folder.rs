//! The folder of a run: `config.toml`, `checkpoints`, `metrics.csv`, `metrics.jsonl`, `model.safetensors`, `report.html`.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::checkpoint::Checkpoint;
use super::record::{EpochRecord, RunRecord};
use super::report::report_html;
use crate::error::{Error, Result};
use crate::model::{Model, write_atomically};

/// Time between two saves of the model during training.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// A folder that holds what a run leaves behind. Every file in it is always whole, and one training at a time writes into it.
pub struct RunFolder {
    path: PathBuf,
    saved: Option<Instant>,
    /// Locked as long as the folder is in use; a killed program holds no locks.
    _lock: Option<File>,
}

impl RunFolder {
    /// Makes the folder, or takes an existing one that holds no run yet, and makes sure that it can be written.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written, or a model or the beginnings of a run are there already.
    pub fn create(path: &Path) -> Result<RunFolder> {
        std::fs::create_dir_all(path).map_err(|e| Error::io(path, &e))?;
        let folder = RunFolder { path: path.to_path_buf(), saved: None, _lock: locked(path)? };
        if folder.model().exists() {
            return Err(Error::value(format!("{} already holds a model", path.display()))
                .help("choose another folder with --out, or remove this one"));
        }
        if folder.config().exists() {
            return Err(Error::value(format!("{} holds a run that was broken off", path.display()))
                .help(format!("go on with --resume {}, or choose another folder with --out", path.display())));
        }
        folder.remove_half_written();
        folder.write_metrics(&[])?;
        Ok(folder)
    }

    /// Takes a folder whose run is to go on, and removes what a kill left half written.
    ///
    /// # Errors
    ///
    /// There is no run, or another program is writing into it.
    pub fn reopen(path: &Path) -> Result<RunFolder> {
        let folder = RunFolder { path: path.to_path_buf(), saved: None, _lock: locked(path)? };
        folder.remove_half_written();
        Ok(folder)
    }

    /// Removes what a kill left under a temporary name.
    fn remove_half_written(&self) {
        for place in [&self.path, &self.checkpoints()] {
            let half_written = |name: &str| name.starts_with('.') && name.ends_with(".tmp");
            for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
                if entry.file_name().to_str().is_some_and(half_written) {
                    // One that cannot be removed is in nobody's way.
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
    }

    /// The first of `base-1`, `base-2`, … that does not exist.
    ///
    /// # Errors
    ///
    /// As [`RunFolder::create`].
    pub fn create_numbered(base: &Path) -> Result<RunFolder> {
        if let Some(parent) = base.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(parent).map_err(|e| Error::io(parent, &e))?;
        }
        for number in 1u64.. {
            let path = PathBuf::from(format!("{}-{number}", base.display()));
            // Making the folder decides: two runs that start together get two folders.
            match std::fs::create_dir(&path) {
                Ok(()) => return RunFolder::create(&path),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io(&path, &e)),
            }
        }
        Err(Error::value(format!("{}: no number is free", base.display())))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model's file.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// The file of the last parameters, where the model holds better ones.
    pub fn last(&self) -> PathBuf {
        self.path.join("last.safetensors")
    }

    /// The file with all settings.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// Where the checkpoints are.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Writes a checkpoint and removes all but the last `keep` (at least one) before it.
    ///
    /// # Errors
    ///
    /// It cannot be written; the older ones are then all there.
    pub fn save_checkpoint(&self, checkpoint: &Checkpoint, keep: usize) -> Result<()> {
        let folder = self.checkpoints();
        std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, &e))?;
        write_atomically(&folder.join(file_name(checkpoint.iteration())), &checkpoint.to_bytes()?)?;
        let old = self.checkpoint_files();
        for path in old.iter().rev().skip(keep.max(1)) {
            std::fs::remove_file(path).map_err(|e| Error::io(path, &e))?;
        }
        Ok(())
    }

    /// The last checkpoint that is whole, and errors of later ones that are not.
    pub fn last_checkpoint(&self) -> (Option<Checkpoint>, Vec<Error>) {
        let mut errors = Vec::new();
        for path in self.checkpoint_files().iter().rev() {
            let bytes = std::fs::read(path).map_err(|e| Error::io(path, &e));
            match bytes.and_then(|bytes| Checkpoint::from_bytes(&bytes).map_err(|e| e.context(path.display()))) {
                Ok(checkpoint) => return (Some(checkpoint), errors),
                Err(error) => errors.push(error),
            }
        }
        (None, errors)
    }

    /// The files of checkpoints in the order of their iterations, which is that of their names.
    fn checkpoint_files(&self) -> Vec<PathBuf> {
        let is_one = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_suffix(ENDING).is_some_and(|stem| !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_digit()))
        };
        let entries = std::fs::read_dir(self.checkpoints()).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_one).collect();
        files.sort();
        files
    }

    /// The report's file.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// Whether the training ended after its last checkpoint: the report is written last, so it is not older than that.
    pub fn is_finished(&self) -> bool {
        let written = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
        let checkpoint = self.checkpoint_files().last().and_then(|path| written(path));
        written(&self.report()).is_some_and(|report| checkpoint.is_none_or(|checkpoint| report >= checkpoint))
    }

    /// Writes all measurements: `metrics.csv`, and the same as one JSON object a line in `metrics.jsonl`.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn write_metrics(&self, history: &[EpochRecord]) -> Result<()> {
        let lines = history.iter().map(EpochRecord::csv_line);
        let text: Vec<String> = std::iter::once(EpochRecord::CSV_HEAD.to_string()).chain(lines).collect();
        write_atomically(&self.path.join("metrics.csv"), (text.join("\n") + "\n").as_bytes())?;
        let lines = history.iter().map(|record| record.json_line().map(|line| line + "\n"));
        write_atomically(&self.path.join("metrics.jsonl"), lines.collect::<Result<String>>()?.as_bytes())
    }

    /// Saves the model if the last save is some seconds ago, so that a kill loses little.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save_now_and_then(&mut self, model: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        let now = Instant::now();
        match self.saved {
            None => self.saved = Some(now),
            Some(last) if now - last >= SAVE_EVERY => {
                write_atomically(&self.model(), &model()?)?;
                self.saved = Some(now);
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Writes the model, the measurements and the report.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn finish(&self, model: &Model, record: &RunRecord) -> Result<()> {
        model.save(&self.model())?;
        self.write_metrics(&record.history)?;
        write_atomically(&self.report(), report_html(record).as_bytes())
    }
}

/// The ending of a checkpoint's file.
const ENDING: &str = ".safetensors";

/// Names whose order is that of the iterations.
fn file_name(iteration: u64) -> String {
    format!("{iteration:012}{ENDING}")
}

/// Locks a folder for this program. Where folders or locks cannot be had, nothing is locked.
fn locked(path: &Path) -> Result<Option<File>> {
    let Ok(folder) = File::open(path) else { return Ok(None) };
    match folder.try_lock() {
        Ok(()) => Ok(Some(folder)),
        Err(TryLockError::WouldBlock) => {
            Err(Error::value(format!("{}: another training writes into this folder", path.display()))
                .help("wait for its end, or choose another folder with --out"))
        }
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_numbered_and_models_are_not_overwritten() {
        let base = std::env::temp_dir().join(format!("kudari-runs-{}", std::process::id()));
        let (one, two) =
            (RunFolder::create_numbered(&base.join("xor")).unwrap(), RunFolder::create_numbered(&base.join("xor")).unwrap());
        assert!(one.path().ends_with("xor-1") && two.path().ends_with("xor-2"));
        assert_eq!(std::fs::read_to_string(one.path().join("metrics.csv")).unwrap().trim(), EpochRecord::CSV_HEAD);
        std::fs::write(one.model(), b"precious").unwrap();
        assert!(RunFolder::create(one.path()).err().unwrap().what().ends_with("another training writes into this folder"));
        let path = one.path().to_path_buf();
        drop(one);
        assert!(RunFolder::create(&path).err().unwrap().what().ends_with("already holds a model"));
        std::fs::remove_file(path.join("model.safetensors")).unwrap();
        std::fs::write(path.join("config.toml"), b"").unwrap();
        assert!(RunFolder::create(&path).err().unwrap().what().ends_with("holds a run that was broken off"));
        std::fs::write(path.join(".metrics.csv.77.tmp"), b"half").unwrap();
        let one = RunFolder::reopen(&path).unwrap();
        assert!(!path.join(".metrics.csv.77.tmp").exists());
        assert!(RunFolder::create(&one.config().join("below a file")).is_err());
        std::fs::remove_dir_all(&base).unwrap();
    }
}
