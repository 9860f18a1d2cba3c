//! GIF and HTML hold every frame, for as long as they should.

#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use kudari_plot::{Animation, Color, Picture, TextStyle, palette};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder that disappears when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("kudari-plot-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn frame(step: usize) -> Picture {
    let mut picture = Picture::new(120.0, 80.0);
    picture.describe("A dot </script> moves", "");
    picture.text(5.0, 15.0, "a fixed text, \"quoted\" & more", TextStyle::new(8.0));
    picture.circle(20.0 + 20.0 * step as f64, 50.0, 8.0, palette(step));
    picture
}

fn film(frames: usize, caption: bool) -> Animation {
    let mut film = Animation::new("A <b>dot</b> & more", Duration::from_millis(70));
    for step in 0..frames {
        film.push(frame(step), if caption { format!("step {step}: ½ </script>") } else { String::new() });
    }
    film
}

/// A GIF: delays in hundredths of a second, the sizes of the parts that are stored, and the whole frames as RGB.
struct Decoded {
    delays: Vec<u16>,
    sizes: Vec<(u16, u16)>,
    frames: Vec<Vec<u8>>,
    width: usize,
    height: usize,
}

fn decode(path: &Path) -> Decoded {
    let bytes = std::fs::read(path).unwrap();
    let mut decoder = gif::Decoder::new(&bytes[..]).unwrap();
    assert_eq!(decoder.repeat(), gif::Repeat::Infinite);
    let palette = decoder.global_palette().unwrap().to_vec();
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let mut screen = vec![0; 3 * width * height];
    let (mut delays, mut sizes, mut frames) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        assert!(frame.palette.is_none(), "one palette for all");
        for (i, &index) in frame.buffer.iter().enumerate().filter(|(_, index)| Some(**index) != frame.transparent) {
            let (column, row) = (i % usize::from(frame.width), i / usize::from(frame.width));
            let place = 3 * ((row + usize::from(frame.top)) * width + column + usize::from(frame.left));
            screen[place..place + 3].copy_from_slice(&palette[3 * usize::from(index)..][..3]);
        }
        delays.push(frame.delay);
        sizes.push((frame.width, frame.height));
        frames.push(screen.clone());
    }
    Decoded { delays, sizes, frames, width, height }
}

#[test]
fn a_gif_has_every_frame_for_its_time() {
    let folder = Folder::new("gif");
    let path = folder.0.join("dot.gif");
    film(5, false).save(&path).unwrap();
    let Decoded { delays, sizes, frames, width, height } = decode(&path);
    assert_eq!((width, height), (120, 80));
    assert_eq!(delays, [7, 7, 7, 7, 150], "hundredths of a second; the last one stays");
    for (step, shown) in frames.iter().enumerate() {
        let drawn = frame(step).rgba(1.0).unwrap();
        let worst = (0..120 * 80)
            .flat_map(|i| (0..3).map(move |c| (i, c)))
            .map(|(i, c)| shown[3 * i + c].abs_diff(drawn.pixels[4 * i + c]));
        assert_eq!(worst.max(), Some(0), "frame {step}: few colours are exact");
    }
    assert_eq!(sizes[0], (120, 80));
    assert!(sizes[1..].iter().all(|(width, height)| *width <= 38 && *height <= 17), "only what moves: {sizes:?}");
    assert_eq!(folder.files(), ["dot.gif"], "nothing temporary stays");
}

#[test]
fn a_gif_of_many_colours_is_close() {
    let mut film = Animation::new("", Duration::from_millis(100));
    let rainbow = |shift: usize| {
        let cell = |i: usize| Color::rgb((4 * (i % 64)) as u8, (4 * (i / 64)) as u8, (40 * shift) as u8);
        let mut picture = Picture::new(64.0, 64.0);
        picture.raster(0.0, 0.0, 64.0, 64.0, 64, 64, (0..4096).map(cell).collect());
        picture
    };
    for shift in 0..3 {
        film.push(rainbow(shift), "");
    }
    let folder = Folder::new("rainbow");
    let path = folder.0.join("a.gif");
    film.gif(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for (shift, shown) in decode(&path).frames.iter().enumerate() {
        let drawn = rainbow(shift).rgba(1.0).unwrap();
        let off: Vec<u32> = (0..4096)
            .flat_map(|i| (0..3).map(move |c| (i, c)))
            .map(|(i, c)| shown[3 * i + c].abs_diff(drawn.pixels[4 * i + c]).into())
            .collect();
        // 12,288 colours in 255 boxes of 6 to 8 by 6 to 8 cells of 4: half a box is at most 16 away, 8 on average.
        assert!(off.iter().max() <= Some(&36), "worst {:?}", off.iter().max());
        assert!(off.iter().sum::<u32>() / (off.len() as u32) < 9, "mean {}", off.iter().sum::<u32>() / off.len() as u32);
    }
    film.gif(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same film is the same file");
}

#[test]
fn captions_stand_under_the_picture() {
    let folder = Folder::new("caption");
    let path = folder.0.join("a.gif");
    film(2, true).gif(&path).unwrap();
    let Decoded { frames, width, height, .. } = decode(&path);
    assert_eq!(width, 120);
    assert!(height > 80);
    assert!(frames[0][3 * 120 * 80..].iter().any(|&value| value < 100), "a caption is written");
    assert_ne!(frames[0][3 * 120 * 80..], frames[1][3 * 120 * 80..]);
}

#[test]
fn equal_frames_and_single_frames() {
    let mut still = Animation::new("", Duration::ZERO);
    still.push(frame(0), "").push(frame(0), "");
    let folder = Folder::new("still");
    let path = folder.0.join("a.gif");
    still.gif(&path).unwrap();
    let Decoded { delays, sizes, frames, .. } = decode(&path);
    assert_eq!((delays, sizes[1], frames.len()), (vec![2, 150], (1, 1), 2));
    film(1, true).gif(&path).unwrap();
    assert_eq!(decode(&path).delays, [150]);
}

#[test]
fn the_page_holds_every_frame_and_needs_nothing_else() {
    let folder = Folder::new("html");
    let path = folder.0.join("dot.html");
    let film = film(4, true);
    film.save(&path).unwrap();
    let page = std::fs::read_to_string(&path).unwrap();
    let start = page.find("type=\"application/json\">").unwrap() + "type=\"application/json\">".len();
    let data: serde_json::Value = serde_json::from_str(&page[start..start + page[start..].find("</script>").unwrap()]).unwrap();
    for (i, frame) in film.frames.iter().enumerate() {
        let runs: Vec<usize> = data["frames"][i].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect();
        let lines = runs.chunks(2).flat_map(|run| run[0]..run[0] + run[1]).map(|line| data["lines"][line].as_str().unwrap());
        assert_eq!(lines.map(|line| format!("{line}\n")).collect::<String>(), frame.picture.svg());
        assert_eq!(data["captions"][i], frame.caption);
    }
    assert_eq!(data["frames"].as_array().unwrap().len(), 4);
    // A line that all frames share is there once.
    assert_eq!(page.matches("a fixed text").count(), 1);
    assert!(page.contains("<title>A &lt;b&gt;dot&lt;/b&gt; &amp; more</title>"));
    assert!(!page.contains("{{"), "every field is filled in");
    for foreign in ["http://", "https://", "src=", "<link", "@import", "url("] {
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(foreign), "{foreign}");
    }
    for part in ["id=\"play\"", "type=\"range\" min=\"0\" max=\"3\"", "ArrowLeft", "ArrowRight", "delay = 70,"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn nothing_to_show_and_nowhere_to_write_are_errors() {
    let folder = Folder::new("errors");
    let empty = Animation::new("", Duration::from_millis(100));
    for name in ["a.gif", "a.html"] {
        assert!(empty.save(folder.0.join(name)).unwrap_err().what().contains("without frames"));
    }
    let error = film(2, false).save(folder.0.join("a.mp4")).unwrap_err();
    assert!(error.what().ends_with("a.mp4: this ending is not known"), "{error}");
    assert_eq!(error.what_to_do(), "end the name in .gif or .html");
    assert!(film(2, false).save(folder.0.join("gif")).is_err(), "a name without an ending");
    let error = film(2, false).save(folder.0.join("missing/a.gif")).unwrap_err();
    assert!(error.what().contains("missing"), "{error}");
    // A folder of that name is in the way: the temporary file must go.
    std::fs::create_dir(folder.0.join("b.gif")).unwrap();
    assert!(film(2, false).save(folder.0.join("b.gif")).is_err());
    assert_eq!(folder.files(), ["b.gif"]);
}
