//! One picture, PNG or JPEG: from the bytes of its file to planes of bytes of a wanted size.

use std::io::Cursor;

use image::imageops::{FilterType, resize};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::raw::planes;
use crate::error::{Error, Result};

/// Grey or colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// One plane: 0.2126 red + 0.7152 green + 0.0722 blue (Rec. 709).
    Grey,
    /// Three planes: red, green, blue.
    Rgb,
}

impl Colour {
    /// Planes of a picture.
    pub fn planes(self) -> usize {
        match self {
            Colour::Grey => 1,
            Colour::Rgb => 3,
        }
    }
}

/// What all pictures of a data set are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureForm {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Grey or colours.
    pub colour: Colour,
}

impl PictureForm {
    /// The form of pictures of this shape, if it is `[1, height, width]` or `[3, height, width]`.
    pub fn of_shape(shape: &[usize]) -> Option<PictureForm> {
        match *shape {
            [1, height, width] => Some(PictureForm { height, width, colour: Colour::Grey }),
            [3, height, width] => Some(PictureForm { height, width, colour: Colour::Rgb }),
            _ => None,
        }
    }

    /// The shape of a sample: `[planes, height, width]`.
    pub fn shape(self) -> [usize; 3] {
        [self.colour.planes(), self.height, self.width]
    }
}

/// What the beginning of a picture's file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub height: usize,
    pub width: usize,
    /// Whether the file can hold nothing but grey.
    pub is_grey: bool,
}

/// Pixels of a side at most.
const LONGEST_SIDE: u32 = 1 << 15;
/// Bytes that decoding one picture may take.
const MOST_MEMORY: u64 = 1 << 29;
/// Neither format can pack more bytes of pixels into one byte of a file (deflate reaches 1,032, JPEG's shortest codes about 1,370), but
/// for what a small file has anyway.
const MOST_PER_BYTE: u64 = 1_400;
const SMALL: u64 = 1 << 14;

const HELP: &str = "open it in another program to see whether it is whole; save it again as PNG or JPEG, or take it away";

/// The bytes of a picture's file as planes of `form`'s size: height · width bytes each. Its orientation (EXIF) is followed, what is
/// transparent is seen on white, and other sizes are stretched to this one, averaging over what becomes one pixel.
///
/// # Errors
///
/// Neither PNG nor JPEG, cut short, damaged, or larger than any picture can be.
pub fn decode_picture(bytes: &[u8], form: PictureForm) -> Result<Vec<u8>> {
    let picture = on_white(decoded(bytes)?);
    let (width, height) = (form.width as u32, form.height as u32);
    let is_so = (picture.width(), picture.height()) == (width, height);
    Ok(match form.colour {
        Colour::Grey => {
            let grey = picture.into_luma8();
            if is_so { grey.into_raw() } else { resize(&grey, width, height, FilterType::Triangle).into_raw() }
        }
        Colour::Rgb => {
            let colours = picture.into_rgb8();
            let colours = if is_so { colours } else { resize(&colours, width, height, FilterType::Triangle) };
            planes(&colours, form.width * form.height, 3)
        }
    })
}

/// Size and kind of colours from the beginning of a picture's file.
pub(super) fn look_at(bytes: &[u8]) -> Result<Look> {
    let (mut decoder, orientation) = opened(bytes)?;
    let (width, height) = decoder.dimensions();
    let sides = [height as usize, width as usize];
    let [height, width] = if is_turned(orientation) { [sides[1], sides[0]] } else { sides };
    Ok(Look { height, width, is_grey: !decoder_has_colour(&mut decoder) })
}

/// Whether all pixels are grey, red as much as green and blue.
pub(super) fn is_grey(bytes: &[u8]) -> Result<bool> {
    let picture = decoded(bytes)?;
    Ok(!picture.color().has_color() || on_white(picture).into_rgb8().pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]))
}

fn decoder_has_colour(decoder: &mut impl ImageDecoder) -> bool {
    decoder.color_type().has_color()
}

/// Whether rows stand where columns belong.
fn is_turned(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// A decoder whose picture is small enough for its file and for the memory, and its orientation.
fn opened(bytes: &[u8]) -> Result<(impl ImageDecoder + use<'_>, Orientation)> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| Error::format(e.to_string()))?;
    match reader.format() {
        Some(ImageFormat::Jpeg) if !is_whole_jpeg(bytes) => return Err(Error::format("the picture is cut short").help(HELP)),
        Some(ImageFormat::Png | ImageFormat::Jpeg) => {}
        _ => return Err(Error::format("neither PNG nor JPEG").help(HELP)),
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST_SIDE), Some(LONGEST_SIDE));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|e| cannot(&e))?;
    let (pixels, (width, height)) = (decoder.total_bytes(), decoder.dimensions());
    if pixels > MOST_MEMORY || pixels > (bytes.len() as u64).saturating_mul(MOST_PER_BYTE).saturating_add(SMALL) {
        let what = format!("a picture of {width}×{height} pixels in a file of {} bytes", bytes.len());
        return Err(Error::format(what).help(HELP));
    }
    let orientation = decoder.orientation().map_err(|e| cannot(&e))?;
    Ok((decoder, orientation))
}

fn decoded(bytes: &[u8]) -> Result<DynamicImage> {
    let (decoder, orientation) = opened(bytes)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|e| cannot(&e))?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn cannot(error: &image::ImageError) -> Error {
    let text: String = error.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    Error::format(format!("cannot be decoded: {text}")).help(HELP)
}

/// What is seen of a picture with transparent parts on white paper.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let has_color = picture.color().has_color();
    let seen = picture.into_rgba8();
    let mut paper = image::RgbImage::new(seen.width(), seen.height());
    for (out, pixel) in paper.pixels_mut().zip(seen.pixels()) {
        let opacity = u32::from(pixel.0[3]);
        let over = |value: u8| ((u32::from(value) * opacity + 255 * (255 - opacity) + 127) / 255) as u8;
        out.0 = [over(pixel.0[0]), over(pixel.0[1]), over(pixel.0[2])];
    }
    let paper = DynamicImage::ImageRgb8(paper);
    if has_color { paper } else { DynamicImage::ImageLuma8(paper.into_luma8()) }
}

/// Whether a JPEG file goes on to its end mark: decoders take one that is cut short, and fill the rest with grey.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut place = 2;
    while let Some(found) = bytes.get(place..).and_then(|rest| rest.iter().position(|&byte| byte == 0xff)) {
        place += found + 1;
        let Some(&mark) = bytes.get(place) else { return false };
        match mark {
            0xd9 => return true,
            // Filling, a byte of 255 in the numbers, marks without contents.
            0xff => continue,
            0x00 | 0x01 | 0xd0..=0xd8 => place += 1,
            _ => {
                let Some(&[high, low]) = bytes.get(place + 1..).and_then(|rest| rest.first_chunk()) else { return false };
                place += 1 + u16::from_be_bytes([high, low]) as usize;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, ImageEncoder, Luma, Rgb, RgbImage, Rgba, RgbaImage};

    fn file(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    const fn form(height: usize, width: usize, colour: Colour) -> PictureForm {
        PictureForm { height, width, colour }
    }

    #[test]
    fn colours_become_planes_and_grey_by_its_weights() {
        let picture = RgbImage::from_fn(2, 1, |x, _| if x == 0 { Rgb([10, 20, 30]) } else { Rgb([200, 100, 0]) });
        let bytes = file(picture, ImageFormat::Png);
        assert_eq!(decode_picture(&bytes, form(1, 2, Colour::Rgb)).unwrap(), [10, 200, 20, 100, 30, 0]);
        // 0.2126·10 + 0.7152·20 + 0.0722·30 = 18.596; 0.2126·200 + 0.7152·100 = 114.04
        assert_eq!(decode_picture(&bytes, form(1, 2, Colour::Grey)).unwrap(), [19, 114]);
        assert_eq!(look_at(&bytes).unwrap(), Look { height: 1, width: 2, is_grey: false });
        assert!(!is_grey(&bytes).unwrap());
        let grey = file(RgbImage::from_pixel(3, 2, Rgb([7, 7, 7])), ImageFormat::Png);
        assert!(is_grey(&grey).unwrap() && !look_at(&grey).unwrap().is_grey);
        assert_eq!(decode_picture(&grey, form(2, 3, Colour::Grey)).unwrap(), [7; 6]);
        let luma = file(GrayImage::from_pixel(3, 2, Luma([9])), ImageFormat::Png);
        assert!(look_at(&luma).unwrap().is_grey && is_grey(&luma).unwrap());
        assert_eq!(decode_picture(&luma, form(2, 3, Colour::Rgb)).unwrap(), [9; 18]);
    }

    #[test]
    fn other_sizes_are_averages() {
        let picture = GrayImage::from_fn(8, 4, |x, _| Luma([if x < 4 { 0 } else { 200 }]));
        let small = decode_picture(&file(picture, ImageFormat::Png), form(2, 2, Colour::Grey)).unwrap();
        // Weights of a triangle four pixels to either side: (0.25·… ) the halves mix only a little over the border.
        assert!(small[0] == small[2] && small[1] == small[3], "{small:?}");
        assert!(small[0] < 60 && small[1] > 140 && small[0] as u32 + small[1] as u32 == 200, "{small:?}");
        let large = decode_picture(&file(GrayImage::from_pixel(1, 1, Luma([50])), ImageFormat::Png), form(3, 5, Colour::Grey));
        assert_eq!(large.unwrap(), [50; 15]);
    }

    #[test]
    fn transparent_parts_are_white_paper() {
        let picture = RgbaImage::from_fn(3, 1, |x, _| Rgba([0, 100, 0, [0, 128, 255][x as usize]]));
        let planes = decode_picture(&file(picture, ImageFormat::Png), form(1, 3, Colour::Rgb)).unwrap();
        assert_eq!(planes, [255, 127, 0, 255, 177, 100, 255, 127, 0]);
    }

    #[test]
    fn jpeg_is_read_near_to_what_it_was() {
        let bytes = file(RgbImage::from_pixel(20, 10, Rgb([200, 30, 60])), ImageFormat::Jpeg);
        let planes = decode_picture(&bytes, form(10, 20, Colour::Rgb)).unwrap();
        for (plane, value) in planes.chunks(200).zip([200u8, 30, 60]) {
            assert!(plane.iter().all(|&byte| byte.abs_diff(value) < 6), "{plane:?}");
        }
        // A camera that was held upright says so in EXIF: the picture is turned.
        let mut turned = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut turned);
        let orientation = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        encoder.set_exif_metadata(orientation.to_vec()).unwrap();
        encoder.encode(&[77; 200], 20, 10, image::ExtendedColorType::L8).unwrap();
        assert_eq!(look_at(&turned).unwrap(), Look { height: 20, width: 10, is_grey: true });
    }

    #[test]
    fn pictures_that_are_not_whole_are_errors() {
        let picture = RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, (x * y) as u8]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let bytes = file(picture.clone(), format);
            for length in (0..bytes.len()).step_by(7) {
                let error = decode_picture(&bytes[..length], form(8, 8, Colour::Rgb));
                // All pixels of a PNG are there before its last twelve bytes, which only say that it ends.
                assert!(error.is_err() || format == ImageFormat::Png && length + 12 >= bytes.len(), "{format:?} {length}");
            }
        }
        let what = |bytes: &[u8]| decode_picture(bytes, form(8, 8, Colour::Grey)).unwrap_err().what().to_string();
        assert_eq!(what(b"GIF89a"), "neither PNG nor JPEG");
        assert_eq!(what(b""), "neither PNG nor JPEG");
        assert_eq!(what(&file(picture.clone(), ImageFormat::Jpeg)[..600]), "the picture is cut short");
        // A file that promises 20,000 × 20,000 pixels and has none.
        let mut bytes = file(picture, ImageFormat::Png);
        bytes[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
        let mut sum = flate2::Crc::new();
        sum.update(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.sum().to_be_bytes());
        assert!(what(&bytes).starts_with("a picture of 20000×20000 pixels in a file of"), "{}", what(&bytes));
    }
}
