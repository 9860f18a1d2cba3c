//! Event files, from which TensorBoard shows a training while it runs.
//!
//! `record` frames and checks bytes, `message` writes the few protocol buffers that are needed. The formats are those of TensorFlow's
//! `tfrecord`, `event.proto` and `summary.proto`.

mod message;
mod record;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::histogram::Histogram;
use super::layer_histograms::LayerMoment;
use super::observer::Observer;
use super::record::EpochRecord;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Network;
use message::Event;

/// An event file: scalars and texts under tags, at steps.
pub struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Makes `events.out.tfevents.SECONDS.kudari` in a folder, with the seconds since 1970. What earlier files in the folder tell of step
    /// `from` and later ones no longer holds: 0 for a training from its beginning, else the step from which it is resumed.
    ///
    /// # Errors
    ///
    /// The file cannot be made.
    pub fn create(folder: &Path, from: u64) -> Result<EventFile> {
        let now = now();
        // A second training in this second takes the next one's name: the order of the names is that in which the files are read.
        for seconds in now as u64.. {
            let path = folder.join(format!("events.out.tfevents.{seconds}.kudari"));
            match File::create_new(&path) {
                Ok(file) => {
                    let mut events = EventFile { file, path };
                    events.write(&[Event::version(now), Event::session_start(now, from)])?;
                    return Ok(events);
                }
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(Error::io(&path, &e)),
            }
        }
        Err(Error::new(ErrorKind::Io, format!("{}: no name for an event file is free", folder.display())))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds numbers with their tags at a step. The format holds f32 numbers.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn scalars(&mut self, step: u64, values: &[(&str, f64)]) -> Result<()> {
        let mut event = Event::at(now(), step);
        values.iter().for_each(|(tag, value)| event.scalar(tag, *value as f32));
        self.write(&[event])
    }

    /// Adds histograms with their tags at a step.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn histograms(&mut self, step: u64, values: &[(String, &Histogram)]) -> Result<()> {
        let mut event = Event::at(now(), step);
        values.iter().for_each(|(tag, histogram)| event.histogram(tag, histogram));
        self.write(&[event])
    }

    /// Adds a text in Markdown under a tag at a step.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn text(&mut self, step: u64, tag: &str, markdown: &str) -> Result<()> {
        let mut event = Event::at(now(), step);
        event.text(tag, markdown);
        self.write(&[event])
    }

    /// Writes whole records at once, so that whoever reads along sees whole ones.
    fn write(&mut self, events: &[Event]) -> Result<()> {
        let bytes: Vec<u8> = events.iter().flat_map(|event| record::framed(event.bytes())).collect();
        self.file.write_all(&bytes).and_then(|()| self.file.flush()).map_err(|e| Error::io(&self.path, &e))
    }
}

/// Whether there is an event file in a folder.
fn has_events(folder: &Path) -> bool {
    let is_one = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().contains("tfevents");
    std::fs::read_dir(folder).into_iter().flatten().flatten().any(is_one)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// Writes the measurements of a training into an event file as they come, under the tags `loss/train`, `loss/validation`,
/// `loss/test`, `accuracy/train`, …, `learning_rate` and `epoch`. A step is an update.
pub struct TensorBoard {
    events: EventFile,
    /// Measurements up to this update are in the file.
    written: Option<u64>,
}

impl TensorBoard {
    /// Begins an event file in `folder`, with the settings as a text; `from` as in [`EventFile::create`].
    ///
    /// # Errors
    ///
    /// The file cannot be made or written.
    pub fn create(folder: &Path, from: u64, settings: &[(String, String)]) -> Result<TensorBoard> {
        // What an earlier file has need not be written again.
        let continued = from > 0 && has_events(folder);
        let mut events = EventFile::create(folder, from)?;
        let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
        let rows: String = settings.iter().map(|(name, value)| format!("| {} | {} |\n", cell(name), cell(value))).collect();
        events.text(from, "settings", &format!("| setting | value |\n|---|---|\n{rows}"))?;
        Ok(TensorBoard { events, written: from.checked_sub(1).filter(|_| continued) })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.events.path()
    }

    /// Writes those measurements that are not in the file yet.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&mut self, history: &[EpochRecord]) -> Result<()> {
        for record in history.iter().filter(|record| self.written.is_none_or(|written| record.iteration > written)) {
            let mut values = vec![("loss/train", record.train_loss), ("loss/test", record.test_loss)];
            let optional = [
                ("loss/validation", record.validation_loss),
                ("accuracy/train", record.train_accuracy),
                ("accuracy/validation", record.validation_accuracy),
                ("accuracy/test", record.test_accuracy),
            ];
            values.extend(optional.into_iter().filter_map(|(tag, value)| Some((tag, value?))));
            values.extend([("learning_rate", record.learning_rate), ("epoch", record.epoch)]);
            self.events.scalars(record.iteration, &values)?;
        }
        self.written = history.last().map(|record| record.iteration).or(self.written);
        Ok(())
    }
}

impl TensorBoard {
    /// Writes where the parameters and their gradients lie, under `parameters/NAME` and `gradients/NAME`.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn layers(&mut self, moment: &LayerMoment) -> Result<()> {
        let mut values = Vec::new();
        for parameter in &moment.parameters {
            values.push((format!("parameters/{}", parameter.name), &parameter.values));
            values.extend(parameter.gradient.iter().map(|gradient| (format!("gradients/{}", parameter.name), gradient)));
        }
        self.events.histograms(moment.iteration, &values)
    }
}

impl Observer for TensorBoard {
    fn measured(&mut self, _: &Network, history: &[EpochRecord]) -> Result<()> {
        self.write(history)
    }
}

#[cfg(test)]
mod tests;
