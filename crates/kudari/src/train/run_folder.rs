//! The folder of a run: `metrics.csv`, `metrics.jsonl`, `model.safetensors`, `report.html`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::record::{EpochRecord, RunRecord};
use super::report::report_html;
use crate::error::{Error, Result};
use crate::model::{Model, write_atomically};

/// Time between two saves of the model during training.
const SAVE_EVERY: Duration = Duration::from_secs(5);

/// A folder that holds what a run leaves behind. Every file in it is always whole.
pub struct RunFolder {
    path: PathBuf,
    saved: Option<Instant>,
}

impl RunFolder {
    /// Makes the folder, or takes an existing one that holds no model yet, and makes sure that it can be written.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or written, or a model is there already.
    pub fn create(path: &Path) -> Result<RunFolder> {
        std::fs::create_dir_all(path).map_err(|e| Error::io(path, &e))?;
        let folder = RunFolder { path: path.to_path_buf(), saved: None };
        if folder.model().exists() {
            return Err(Error::value(format!("{} already holds a model", path.display()))
                .help("choose another folder with --out, or remove this one"));
        }
        folder.write_metrics(&[])?;
        Ok(folder)
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

    /// The report's file.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.html")
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
        assert!(RunFolder::create(one.path()).err().unwrap().what().ends_with("already holds a model"));
        assert!(RunFolder::create(&one.model().join("below a file")).is_err());
        std::fs::remove_dir_all(&base).unwrap();
    }
}
