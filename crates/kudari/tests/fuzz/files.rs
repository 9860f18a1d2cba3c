//! Files of numbers: NPY, NPZ, IDX, pictures, models.

use std::io::{Cursor, Write};

use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};
use kudari::array::Stream;
use kudari::data::table::{Preparation, Table};
use kudari::data::{
    Colour, Normalisation, Npz, PictureForm, RawArray, class_names, decode_picture, parse_idx, parse_npy, samples_with_targets,
    text_from,
};
use kudari::model::{Model, Network, NetworkOptions};
use kudari::optimizers::Adam;
use kudari::train::{Checkpoint, Length, Loss, Observer, TrainOptions, train};

use crate::harness::{Expected, damage, feed, mixture, noise, one};

fn npy(kind: &str, columns_first: &str, shape: &str, body: usize) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': {columns_first}, 'shape': {shape}, }}\n");
    let body: Vec<u8> = (0..body).map(|i| (i * 7 % 256) as u8).collect();
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &body].concat()
}

fn good_npy() -> Vec<Vec<u8>> {
    vec![
        npy("<f4", "False", "(3, 4)", 48),
        npy(">f8", "True", "(2, 3)", 48),
        npy("|u1", "True", "(2, 3, 4, 1)", 24),
        npy("<i8", "False", "(6,)", 48),
        npy("|b1", "False", "(5, 1)", 5),
        npy(">u2", "False", "()", 2),
        npy("<f2", "False", "(0, 9)", 0),
    ]
}

const NPY_PIECES: &[&[u8]] = &[
    b"\x93NUMPY",
    b"\x01\x00",
    b"\x02\x00\x10\x00\x00\x00",
    b"\x03\x00\xff\xff\xff\xff",
    b"\x76\x00",
    b"{",
    b"}",
    b"'descr': ",
    b"'<f4', ",
    b"'|O', ",
    b"'>i8', ",
    b"[('a', '<f4')], ",
    b"'fortran_order': ",
    b"True, ",
    b"False, ",
    b"'shape': ",
    b"(18446744073709551615, 3), ",
    b"(4294967296, 4294967296), ",
    b"(99999999999L,), ",
    b"(0, 18446744073709551615), ",
    b"(-1,)",
    b"(1,1,1,1,1,1,1,1), ",
    b"(3, 4), ",
    b"()",
    b"'",
    b"\"",
    b"\n",
    b"\xff",
    b"\0\0\0\0",
];

/// Uses an array in every way that a program has.
fn use_array(x: RawArray) -> bool {
    let bytes = match &x.numbers {
        kudari::data::RawNumbers::Bytes(bytes) => bytes.len(),
        kudari::data::RawNumbers::Array(array) => array.len(),
    };
    assert_eq!(x.shape.iter().product::<usize>(), bytes);
    let t = RawArray {
        shape: x.shape.iter().take(1).copied().collect(),
        numbers: kudari::data::RawNumbers::Bytes(vec![1; x.shape.first().copied().unwrap_or(0)]),
    };
    if let Ok(classes) = class_names("fuzz", &[&t])
        && let Ok(data) = samples_with_targets("fuzz", x.clone(), t, &classes)
    {
        let data = data.with_dtype(kudari::DType::F64).unwrap();
        let normalisation = data.usual_normalisation();
        assert!(normalisation.scale.is_finite() && normalisation.shift.is_finite());
        let _ = data.with_normalisation(normalisation).range(0, 3);
    }
    let _ = class_names("fuzz", &[&x]).map(|classes| samples_with_targets("fuzz", x.clone(), x, &classes));
    true
}

#[test]
fn any_bytes_are_an_npy_file_or_an_error() {
    let good = good_npy();
    let good: Vec<&[u8]> = good.iter().map(Vec::as_slice).collect();
    // Small integers become 64 bits, classes have names.
    let expected = Expected { name: "npy", usual: 20_000, memory: [100, 1 << 16], one_of: 50 };
    feed(&expected, |stream| mixture(stream, &good, NPY_PIECES), |bytes| parse_npy(bytes).is_ok_and(use_array));
}

/// An archive of stored or deflated files.
fn npz(files: &[&[u8]], deflated: bool) -> Vec<u8> {
    let (mut archive, mut list) = (Vec::new(), Vec::new());
    for (number, bytes) in files.iter().enumerate() {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        let packed = match deflated {
            true => {
                let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            false => bytes.to_vec(),
        };
        let sizes = [sum.sum(), packed.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat();
        let name = format!("x{number}.npy");
        let length = (name.len() as u16).to_le_bytes();
        let head = [&[20, 0, 0, 0, if deflated { 8 } else { 0 }, 0, 0, 0, 0, 0][..], &sizes, &length, &[0, 0]].concat();
        let place = (archive.len() as u32).to_le_bytes();
        archive.extend([b"PK\x03\x04", &head[..], name.as_bytes(), &packed].concat());
        list.extend([b"PK\x01\x02\x14\0", &head[..], &[0; 10], &place, name.as_bytes()].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let (place, size) = ((archive.len() as u32).to_le_bytes(), (list.len() as u32).to_le_bytes());
    [archive, list, [&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &place, &[0, 0]].concat()].concat()
}

const NPZ_PIECES: &[&[u8]] = &[
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"\xff\xff\xff\xff",
    b"\x01\x00\x18\x00",
    b"\x00\x00\x00\x00\x00\x00\x00\x80",
    b"x0.npy",
    b"\x08\x00",
    b"\x63\x00\x00",
    b"\0\0\0\0\0\0\0\0",
];

#[test]
fn any_bytes_are_an_npz_file_or_an_error() {
    const STORED: &[u8] = include_bytes!("../reference/stored.npz");
    const DEFLATED: &[u8] = include_bytes!("../reference/deflated.npz");
    let files = good_npy();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let made = [npz(&files[..2], false), npz(&files[2..5], true)];
    let good = [STORED, DEFLATED, &made[0], &made[1]];
    // Deflate packs up to 1,032 bytes into one.
    let expected = Expected { name: "npz", usual: 20_000, memory: [4_000, 1 << 16], one_of: 30 };
    let make = |stream: &mut Stream| match stream.next_below(4) {
        // An archive that is right around an array that is not.
        0 => {
            let mut file = one(stream, &files).to_vec();
            damage(stream, &mut file, NPY_PIECES);
            npz(&[&file], stream.next_below(2) == 0)
        }
        _ => mixture(stream, &good, NPZ_PIECES),
    };
    feed(&expected, make, |bytes| {
        let Ok(npz) = Npz::parse(bytes) else { return false };
        let names: Vec<String> = npz.names().map(str::to_string).collect();
        names.iter().filter(|name| npz.array(name).is_ok_and(use_array)).count() > 0
    });
}

#[test]
fn any_bytes_are_an_idx_file_or_an_error() {
    let file = |kind: u8, shape: &[u32], size: usize| -> Vec<u8> {
        let body = shape.iter().product::<u32>() as usize * size;
        let sizes = shape.iter().flat_map(|size| size.to_be_bytes());
        [0, 0, kind, shape.len() as u8].into_iter().chain(sizes).chain((0..body).map(|i| (i * 7 % 256) as u8)).collect()
    };
    let plain = [file(8, &[3, 4, 4], 1), file(0xd, &[6], 4), file(0xb, &[2, 2], 2), file(0xe, &[1, 3], 8), file(9, &[5], 1)];
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&plain[0]).unwrap();
    let packed = packed.finish().unwrap();
    let good: Vec<&[u8]> = plain.iter().map(Vec::as_slice).chain([&packed[..]]).collect();
    let pieces: &[&[u8]] = &[
        &[0, 0, 8],
        &[0, 0, 0xd],
        &[1],
        &[3],
        &[0, 0, 0, 2],
        &[0xff; 4],
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x1f, 0x8b, 8, 0],
        &[0; 4],
    ];
    let expected = Expected { name: "idx", usual: 20_000, memory: [4_000, 1 << 17], one_of: 50 };
    feed(&expected, |stream| mixture(stream, &good, pieces), |bytes| parse_idx(bytes).is_ok_and(use_array));
}

#[test]
fn any_bytes_are_a_text_or_an_error() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all("Der Hahn kräht früh.\n".repeat(20).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let good: [&[u8]; 3] = ["\u{feff}Ein Satz – noch einer.\r\n".as_bytes(), b"plain\ntext\n", &packed];
    let pieces: &[&[u8]] = &[b"\x1f\x8b", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", b"\n", b"word ", b"\0"];
    let expected = Expected { name: "text", usual: 20_000, memory: [4_000, 1 << 19], one_of: 50 };
    feed(&expected, |stream| mixture(stream, &good, pieces), |bytes| text_from(bytes).is_ok_and(|text| !text.is_empty()));
}

fn pictures() -> Vec<Vec<u8>> {
    let file = |picture: DynamicImage, format: ImageFormat| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let grey = GrayImage::from_fn(9, 7, |x, y| Luma([(x * 20 + y * 9) as u8]));
    let colours = RgbImage::from_fn(20, 17, |x, y| Rgb([(x * 12) as u8, (y * 14) as u8, (x * y % 256) as u8]));
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_fn(5, 5, |x, y| Luma([(x * 9000 + y * 3000) as u16]));
    vec![
        file(grey.clone().into(), ImageFormat::Png),
        file(colours.clone().into(), ImageFormat::Png),
        file(RgbaImage::from_pixel(4, 4, Rgba([9, 8, 7, 100])).into(), ImageFormat::Png),
        file(GrayAlphaImage::from_pixel(4, 4, LumaA([9, 100])).into(), ImageFormat::Png),
        file(deep.into(), ImageFormat::Png),
        file(grey.into(), ImageFormat::Jpeg),
        file(colours.into(), ImageFormat::Jpeg),
    ]
}

/// Writes the check sums of a PNG file anew, so that damage gets behind them.
fn mend_sums(bytes: &mut [u8]) {
    let mut place = 8;
    while let Some(&length) = bytes.get(place..).and_then(|rest| rest.first_chunk()) {
        let length = u32::from_be_bytes(length) as usize;
        let Some(chunk) = bytes.get_mut(place + 4..).and_then(|rest| rest.get_mut(..length.saturating_add(8))) else { return };
        let mut sum = flate2::Crc::new();
        sum.update(&chunk[..length + 4]);
        chunk[length + 4..].copy_from_slice(&sum.sum().to_be_bytes());
        place += length + 12;
    }
}

const PICTURE_PIECES: &[&[u8]] = &[
    b"\x89PNG\r\n\x1a\n",
    b"\0\0\0\x0dIHDR",
    b"\0\0\x40\0\0\0\x40\0\x08\x02\0\0\0",
    b"\0\0\0\x02\0\0\0\x02\x01\x03\0\0\x01",
    b"\0\0\0\x0aIDAT",
    b"\0\0\0\0IEND\xae\x42\x60\x82",
    b"\0\0\0\x03PLTE\0\0\0",
    b"\0\0\0\x01tRNS\0",
    b"\x78\x9c\x63\0\0",
    b"\xff\xd8\xff\xe0",
    b"\xff\xc0\0\x0b\x08\x40\0\x40\0\x01\x01\x11\0",
    b"\xff\xc2\0\x11\x08\0\x10\0\x10\x03\x01\x44\0\x02\x11\0\x03\x11\0",
    b"\xff\xc4\0\x15\0\x01",
    b"\xff\xda\0\x08\x01\x01\0\0\x3f\0",
    b"\xff\xdd\0\x04\0\x01",
    b"\xff\xe1\0\x22Exif\0\0II*\0",
    b"\xff\xd9",
    b"\xff\xc2",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
];

#[test]
fn any_bytes_are_a_picture_or_an_error() {
    let good = pictures();
    let good: Vec<&[u8]> = good.iter().map(Vec::as_slice).collect();
    // A byte of a file may hold 1,400 of pixels, which are turned, made grey and brought to another size.
    let expected = Expected { name: "pictures", usual: 4_000, memory: [1_400 * 12, 4 << 20], one_of: 50 };
    let make = |stream: &mut Stream| {
        let mut bytes = mixture(stream, &good, PICTURE_PIECES);
        if stream.next_below(2) == 0 {
            mend_sums(&mut bytes);
        }
        // The same numbers as a progressive picture.
        let frame = bytes.windows(2).position(|window| window == b"\xff\xc0");
        if let (Some(place), 0) = (frame, stream.next_below(8)) {
            bytes[place + 1] = 0xc2;
        }
        bytes
    };
    feed(&expected, make, |bytes| {
        let grey = decode_picture(bytes, PictureForm { height: 6, width: 5, colour: Colour::Grey });
        let colours = decode_picture(bytes, PictureForm { height: 17, width: 20, colour: Colour::Rgb });
        assert_eq!(grey.is_ok(), colours.is_ok());
        assert!(grey.iter().all(|bytes| bytes.len() == 30) && colours.iter().all(|bytes| bytes.len() == 3 * 340));
        grey.is_ok()
    });
}

fn models() -> Vec<Vec<u8>> {
    let table = Table::from_bytes("t", b"a,b,target\n1,x,1.5\n2,y,2.5\n3,x,3.5\n4,y,1.0\n").unwrap();
    let preparation = Preparation::learn(&table, &[0, 1, 2, 3], &["target"], &["a".into(), "b".into()]).unwrap();
    let inputs = preparation.inputs();
    let model = |net: &str, shape: &[usize], preparation: Option<Preparation>| {
        let network = Network::new(net, shape, &NetworkOptions::default()).unwrap();
        let labels = if preparation.is_some() { Vec::new() } else { vec!["no".into(), "yes".into()] };
        let training = serde_json::json!({"seed": 5, "dtype": "f32"});
        let normalisation = Normalisation::all(0.5, -1.0);
        Model { network, normalisation, labels, preparation, loss: "softmax_cross_entropy".into(), training }.to_bytes().unwrap()
    };
    vec![
        model("linear(3) leaky_relu(0.2) linear(2)", &[2, 2], None),
        model("conv(2,3) batchnorm relu maxpool(2) flatten linear(2)", &[1, 6, 6], None),
        model("embedding(5,4) lstm(3) last linear(2)", &[4], None),
        model("linear(3) relu linear(1)", &[inputs], Some(preparation)),
    ]
}

const MODEL_PIECES: &[&[u8]] = &[
    b"linear(",
    b"9",
    b"99",
    b"999999999",
    b"18446744073709551616",
    b"-1",
    b"9x(",
    b"99x(99x(linear(9)))",
    b")",
    b" ",
    b"conv(",
    b"res(",
    b"lstm(3)",
    b"upsample(9)",
    b"attention(1)",
    b"\\\"",
    b"\"",
    b",",
    b"[",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"]",
    b"{",
    b"}",
    b":",
    b"\"F64\"",
    b"\"BF16\"",
    b"\"data_offsets\":[0,18446744073709551615]",
    b"null",
    b"1e999",
    b"\xff",
];

#[test]
fn any_bytes_are_a_model_or_an_error() {
    let good = models();
    let slices: Vec<&[u8]> = good.iter().map(Vec::as_slice).collect();
    // Ten thousand layers may be written in a few letters; each takes some hundred bytes.
    let expected = Expected { name: "models", usual: 6_000, memory: [100, 4 << 20], one_of: 100 };
    let make = |stream: &mut Stream| {
        if stream.next_below(3) == 0 {
            return mixture(stream, &slices, MODEL_PIECES);
        }
        // The header damaged, and its length as it is then.
        let bytes = one(stream, &slices);
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let mut header = bytes[8..8 + length].to_vec();
        damage(stream, &mut header, MODEL_PIECES);
        [&(header.len() as u64).to_le_bytes(), &header[..], &bytes[8 + length..], &noise(stream, 4)[..]].concat()
    };
    feed(&expected, make, |bytes| Model::from_bytes(bytes).is_ok_and(|model| !model.weights_sha256().is_empty()));
}

/// A training's checkpoints as files.
struct Keeper(Vec<Vec<u8>>);

impl Observer for Keeper {
    fn wants_checkpoint(&mut self, _: u64) -> bool {
        true
    }
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> kudari::Result<()> {
        self.0.push(checkpoint.to_bytes()?);
        Ok(())
    }
}

#[test]
fn any_bytes_are_a_checkpoint_or_an_error() {
    let data = || kudari::data::Split::new(kudari::data::xor(), kudari::data::xor());
    let network = || Network::new("linear(3) batchnorm relu linear(2)", &[2], &NetworkOptions::default()).unwrap();
    let options = || {
        let loss = Loss::named("softmax_cross_entropy").unwrap();
        TrainOptions { average: Some(0.5), ..TrainOptions::new(loss, Box::new(Adam::new(0.1)), 4, Length::Iterations(3)) }
    };
    let mut keeper = Keeper(Vec::new());
    train(&mut network(), &data(), options(), &mut keeper).unwrap();
    let slices: Vec<&[u8]> = keeper.0.iter().map(Vec::as_slice).collect();
    let expected = Expected { name: "checkpoints", usual: 3_000, memory: [100, 1 << 20], one_of: 20 };
    // Its sum lets nothing pass that was changed: one of ten is left as it is.
    let make = |stream: &mut Stream| match stream.next_below(10) {
        0 => one(stream, &slices).to_vec(),
        _ => mixture(stream, &slices, MODEL_PIECES),
    };
    feed(&expected, make, |bytes| Checkpoint::from_bytes(bytes).is_ok());
}
