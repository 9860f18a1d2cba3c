//! Files: which endings there are, and writing without leaving half a file behind.

use crate::error::{Error, Result};
use crate::picture::Picture;
use std::io::Write;
use std::path::Path;

/// Pixels per CSS pixel in a PNG: sharp on today's screens and in print.
const PNG_SCALE: f64 = 2.0;

/// The ending of `path` in small letters, if it is one of `known`; so that a command can refuse before any work.
///
/// ```
/// use kudari_plot::check_ending;
/// assert_eq!(check_ending("out/loss.PNG", &["svg", "png"])?, "png");
/// assert!(check_ending("loss.pdf", &["svg", "png"]).is_err());
/// # Ok::<(), kudari_plot::Error>(())
/// ```
pub fn check_ending<'a>(path: impl AsRef<Path>, known: &[&'a str]) -> Result<&'a str> {
    let path = path.as_ref();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    known.iter().find(|known| known.eq_ignore_ascii_case(ending)).copied().ok_or_else(|| {
        let list = known.iter().map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(" or ");
        Error::new(format!("{}: this ending is not known", path.display())).help(format!("end the name in {list}"))
    })
}

/// Writes a picture as its ending says: `svg` or `png`.
pub fn save(picture: &Picture, path: impl AsRef<Path>) -> Result<()> {
    let bytes = match check_ending(&path, &["svg", "png"])? {
        "svg" => picture.svg().into_bytes(),
        _ => picture.rgba(PNG_SCALE)?.png(PNG_SCALE)?,
    };
    write(path.as_ref(), &bytes)
}

/// Writes a file under a temporary name beside it, then renames it: whoever reads it finds the old file or the whole new one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = std::fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    });
    written.map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        Error::new(format!("{}: {error}", path.display()))
            .help("choose a place that exists, that you may write to and that has room")
    })
}
