//! Samples that lie in a file instead of memory.
//!
//! A [`RowFile`] holds rows of equally many bytes in a temporary file that nobody else sees and that is gone with the program,
//! however it ends. It is read by position and never mapped into memory: a limit on the address space holds.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};

/// How a row's bytes become inputs and targets: a class number or numbers.
type Decode = dyn Fn(&[u8], &mut [f32], &mut [f32]) + Send + Sync;

/// Rows of samples, and how they become inputs and targets.
pub(crate) struct StoredRows {
    file: RowFile,
    width: usize,
    targets: usize,
    decode: Box<Decode>,
}

/// Inputs and targets of some rows.
pub(crate) struct Gathered {
    pub(crate) x: Vec<f32>,
    pub(crate) t: Vec<f32>,
}

impl StoredRows {
    /// Rows of `width` inputs and `targets` targets each.
    pub(crate) fn new(file: RowFile, width: usize, targets: usize, decode: Box<Decode>) -> StoredRows {
        StoredRows { file, width, targets, decode }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.file.rows
    }

    /// Targets of a row.
    pub(crate) fn targets(&self) -> usize {
        self.targets
    }

    /// Bytes of all rows.
    pub(super) fn bytes(&self) -> u64 {
        self.file.rows as u64 * self.file.row_bytes as u64
    }

    /// Bytes of a row in the file.
    pub(super) fn row_bytes(&self) -> usize {
        self.file.row_bytes
    }

    /// Inputs and targets of these rows.
    pub(crate) fn gather(&self, rows: &[i64]) -> Result<Gathered> {
        let mut out = self.space_for(rows.len());
        Window::read(self, rows)?.gather(self, rows, &mut out);
        Ok(out)
    }

    /// Bytes of a row's inputs and targets.
    pub(super) fn gathered_bytes(&self) -> usize {
        (self.width + self.targets) * size_of::<f32>()
    }

    pub(super) fn space_for(&self, rows: usize) -> Gathered {
        Gathered { x: Vec::with_capacity(rows * self.width), t: Vec::with_capacity(rows * self.targets) }
    }
}

/// The bytes of some rows, read in one go for each run of neighbours.
pub(super) struct Window {
    /// The first row of each run, rising, and how many rows lie in the window before it.
    runs: Vec<(i64, usize)>,
    bytes: Vec<u8>,
}

impl Window {
    /// Reads rows, each of which is there.
    pub(super) fn read(rows: &StoredRows, indices: &[i64]) -> Result<Window> {
        let mut sorted = indices.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut runs: Vec<(i64, usize)> = Vec::new();
        for (place, pair) in sorted.iter().enumerate() {
            if place == 0 || sorted[place - 1] + 1 != *pair {
                runs.push((*pair, place));
            }
        }
        let size = rows.row_bytes();
        let mut bytes = vec![0; sorted.len() * size];
        for (run, &(first, from)) in runs.iter().enumerate() {
            let to = runs.get(run + 1).map_or(sorted.len(), |next| next.1);
            rows.file.read(first as usize, &mut bytes[from * size..to * size])?;
        }
        Ok(Window { runs, bytes })
    }

    /// Adds inputs and targets of rows that were read.
    pub(super) fn gather(&self, rows: &StoredRows, indices: &[i64], out: &mut Gathered) {
        let size = rows.row_bytes();
        for &index in indices {
            let run = self.runs.partition_point(|run| run.0 <= index).saturating_sub(1);
            let place = self.runs.get(run).map_or(0, |&(first, from)| from + (index - first) as usize);
            let (x, t) = (out.x.len(), out.t.len());
            out.x.resize(x + rows.width, 0.0);
            out.t.resize(t + rows.targets, 0.0);
            (rows.decode)(&self.bytes[place * size..(place + 1) * size], &mut out.x[x..], &mut out.t[t..]);
        }
    }
}

/// Rows of equally many bytes in a temporary file.
pub(crate) struct RowFile {
    file: Mutex<File>,
    path: PathBuf,
    /// Whether the file has no name any more, so that it goes with the program however that ends.
    nameless: bool,
    row_bytes: usize,
    rows: usize,
}

impl RowFile {
    /// Row `from` and those behind it, as many as `out` has place for.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(crate) fn read(&self, from: usize, out: &mut [u8]) -> Result<()> {
        // A thread that panicked while it read has left nothing that a new position does not mend.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let place = from as u64 * self.row_bytes as u64;
        let read = file.seek(SeekFrom::Start(place)).and_then(|_| file.read_exact(out));
        read.map_err(|e| Error::io(&self.path, &e))
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Gives `each` all rows' bytes, one row after the other.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or what `each` returns.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        const BYTES: usize = 1 << 18;
        let together = (BYTES / self.row_bytes.max(1)).max(1);
        let mut bytes = vec![0; together * self.row_bytes];
        for from in (0..self.rows).step_by(together) {
            let some = &mut bytes[..together.min(self.rows - from) * self.row_bytes];
            self.read(from, some)?;
            some.chunks_exact(self.row_bytes.max(1)).try_for_each(&mut each)?;
        }
        Ok(())
    }
}

impl Drop for RowFile {
    fn drop(&mut self) {
        if !self.nameless {
            // Nobody is left to be told; the system empties the place of temporary files.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Writes the rows of a [`RowFile`].
pub(crate) struct RowWriter {
    out: BufWriter<File>,
    file: RowFile,
}

impl RowWriter {
    /// A file for rows of so many bytes, in the system's place for temporary files (`TMPDIR`).
    ///
    /// # Errors
    ///
    /// No file can be made there.
    pub(crate) fn create(row_bytes: usize) -> Result<RowWriter> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = std::env::temp_dir();
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("kudari-{}-{number}.rows", std::process::id()));
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => {
                    // Where a name may go before the file does, nothing can stay behind.
                    let nameless = std::fs::remove_file(&path).is_ok();
                    let second = file.try_clone().map_err(|e| of_temporary(&path, &e))?;
                    let file = RowFile { file: Mutex::new(file), path, nameless, row_bytes, rows: 0 };
                    return Ok(RowWriter { out: BufWriter::with_capacity(1 << 18, second), file });
                }
                // A program of the same number left it behind.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(of_temporary(&path, &e)),
            }
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// A row of another length, or the disk is full.
    pub(crate) fn push(&mut self, row: &[u8]) -> Result<()> {
        if row.len() != self.file.row_bytes {
            return Err(Error::shape(format!("a row of {} bytes among rows of {}", row.len(), self.file.row_bytes)));
        }
        self.out.write_all(row).map_err(|e| of_temporary(&self.file.path, &e))?;
        self.file.rows += 1;
        Ok(())
    }

    /// The file with all rows.
    ///
    /// # Errors
    ///
    /// The disk is full.
    pub(crate) fn finish(self) -> Result<RowFile> {
        let RowWriter { mut out, file } = self;
        out.flush().map_err(|e| of_temporary(&file.path, &e))?;
        Ok(file)
    }
}

/// An error of the temporary file, which the user has not named.
fn of_temporary(path: &Path, error: &std::io::Error) -> Error {
    let folder = path.parent().unwrap_or(path).display();
    Error::new(ErrorKind::Io, format!("the temporary file for prepared rows in {folder}: {error}"))
        .help("free some space there, or name a folder on a larger disk: TMPDIR=FOLDER kudari …")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of one byte, which is the input; the target is twice that.
    fn rows(count: u8) -> StoredRows {
        let mut writer = RowWriter::create(1).unwrap();
        (0..count).for_each(|row| writer.push(&[row]).unwrap());
        let decode = |bytes: &[u8], x: &mut [f32], t: &mut [f32]| (x[0], t[0]) = (bytes[0].into(), f32::from(bytes[0]) * 2.0);
        StoredRows::new(writer.finish().unwrap(), 1, 1, Box::new(decode))
    }

    #[test]
    fn rows_are_gathered_in_any_order_and_leave_no_file() {
        let rows = rows(200);
        let Gathered { x, t } = rows.gather(&[7, 199, 0, 8, 7, 6]).unwrap();
        assert_eq!((x, t), (vec![7.0, 199.0, 0.0, 8.0, 7.0, 6.0], vec![14.0, 398.0, 0.0, 16.0, 14.0, 12.0]));
        assert!(rows.gather(&[]).unwrap().x.is_empty());
        let mut sum = 0;
        let add = |row: &[u8]| {
            sum += usize::from(row[0]);
            Ok(())
        };
        rows.file.for_each(add).unwrap();
        assert_eq!((sum, rows.len(), rows.bytes()), (199 * 100, 200, 200));
        let path = rows.file.path.clone();
        assert!(rows.gather(&[200]).is_err());
        drop(rows);
        assert!(!path.exists());
    }

    #[test]
    fn rows_have_one_length() {
        assert!(RowWriter::create(2).unwrap().push(&[1]).is_err());
    }
}
