//! Pictures inside the page: PNG in a data address.

use std::io::Write;

/// A picture of bytes, row by row, with 1 (grey) or 3 (red, green, blue) bytes a pixel, as the address of an `<img>`.
/// `None` if the bytes are not that many.
pub(super) fn data_address(width: usize, height: usize, channels: usize, bytes: &[u8]) -> Option<String> {
    png(width, height, channels, bytes).map(|file| format!("data:image/png;base64,{}", base64(&file)))
}

fn png(width: usize, height: usize, channels: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    let kind = match channels {
        1 => 0,
        3 => 2,
        _ => return None,
    };
    let row = width.checked_mul(channels).filter(|&row| row > 0 && row.checked_mul(height) == Some(bytes.len()))?;
    let mut header = Vec::new();
    header.extend(u32::try_from(width).ok()?.to_be_bytes());
    header.extend(u32::try_from(height).ok()?.to_be_bytes());
    header.extend([8, kind, 0, 0, 0]); // 8 bits a channel; the usual compression, filter and order
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for row in bytes.chunks(row) {
        packed.write_all(&[0]).ok()?; // the row is not filtered
        packed.write_all(row).ok()?;
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [(b"IHDR", header), (b"IDAT", packed.finish().ok()?), (b"IEND", Vec::new())] {
        file.extend(u32::try_from(body.len()).ok()?.to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(name);
        sum.update(&body);
        file.extend(name);
        file.extend(body);
        file.extend(sum.sum().to_be_bytes());
    }
    Some(file)
}

/// Bytes as base64, RFC 4648.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |n, i| n << 8 | u32::from(three.get(i).copied().unwrap_or(0)));
        for place in 0..4 {
            let digit = DIGITS.get((number >> (18 - 6 * place)) as usize & 63).copied().unwrap_or(b'=');
            text.push(if place <= three.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn base64_as_in_the_rfc() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn pixels_come_back() {
        let pixels: Vec<u8> = (0..12).map(|i| i * 20).collect();
        for (width, height, channels) in [(4, 3, 1), (2, 2, 3)] {
            let file = png(width, height, channels, &pixels).unwrap();
            assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
            assert_eq!(
                &file[8..29],
                [&[0, 0, 0, 13], &b"IHDR"[..], &[0, 0, 0, width as u8, 0, 0, 0, height as u8, 8, channels as u8 - 1, 0, 0, 0]]
                    .concat()
            );
            let length = u32::from_be_bytes(file[33..37].try_into().unwrap()) as usize;
            assert_eq!(&file[37..41], b"IDAT");
            let mut rows = Vec::new();
            flate2::read::ZlibDecoder::new(&file[41..41 + length]).read_to_end(&mut rows).unwrap();
            let back: Vec<u8> = rows.chunks(width * channels + 1).flat_map(|row| row[1..].to_vec()).collect();
            assert_eq!(back, pixels);
            // The sum of the empty last chunk is the same in every PNG file.
            assert!(file.ends_with(b"IEND\xaeB`\x82"));
        }
        assert!(png(4, 4, 1, &pixels).is_none() && png(0, 0, 1, &[]).is_none() && png(3, 2, 2, &pixels).is_none());
    }
}
