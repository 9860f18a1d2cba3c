//! The embedded data is exactly the published data.

use kudari_mnist::{
    DIGIT_PIXELS, DIGITS, DecodeError, PIXELS, TEST, TRAIN, digits_8x8, test_images, test_labels, train_images, train_labels,
};
use md5::{Digest, Md5};

fn md5(parts: &[&[u8]]) -> String {
    let hash = parts.iter().fold(Md5::new(), Md5::chain_update).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The header of an IDX file of bytes: the number of dimensions and their sizes.
fn idx_header(sizes: &[usize]) -> Vec<u8> {
    let dimensions = [0, 0, 8, sizes.len() as u8];
    dimensions.into_iter().chain(sizes.iter().flat_map(|&size| (size as u32).to_be_bytes())).collect()
}

fn histogram(labels: &[u8]) -> [usize; 10] {
    let mut counts = [0; 10];
    labels.iter().for_each(|&label| counts[usize::from(label)] += 1);
    counts
}

// The published MD5 sums are those of the four unpacked IDX files.

#[test]
fn train_images_are_the_published_ones() -> Result<(), DecodeError> {
    let images = train_images()?;
    assert_eq!(images.len(), TRAIN * PIXELS);
    assert_eq!(md5(&[&idx_header(&[60_000, 28, 28]), images]), "6bbc9ace898e44ae57da46a324031adb");
    Ok(())
}

#[test]
fn test_images_are_the_published_ones() -> Result<(), DecodeError> {
    let images = test_images()?;
    assert_eq!(images.len(), TEST * PIXELS);
    assert_eq!(md5(&[&idx_header(&[10_000, 28, 28]), images]), "2646ac647ad5339dbf082846283269ea");
    Ok(())
}

#[test]
fn labels_are_the_published_ones() -> Result<(), DecodeError> {
    let (train, test) = (train_labels()?, test_labels()?);
    assert_eq!(md5(&[&idx_header(&[60_000]), train]), "a25bea736e30d166cdddb491f175f624");
    assert_eq!(md5(&[&idx_header(&[10_000]), test]), "27ae3e4e09519cfbb04c329615203637");
    assert_eq!(histogram(train), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    assert_eq!(histogram(test), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    Ok(())
}

/// The expected sums come from scikit-learn's own file:
///
/// ```text
/// gunzip -c digits.csv.gz | python3 -c "
/// import hashlib, sys
/// rows = [bytes(map(int, line.split(','))) for line in sys.stdin]
/// print(hashlib.md5(b''.join(row[:64] for row in rows)).hexdigest())
/// print(hashlib.md5(b''.join(row[64:] for row in rows)).hexdigest())"
/// ```
#[test]
fn small_digits_are_those_of_scikit_learn() -> Result<(), DecodeError> {
    let (images, labels) = digits_8x8()?;
    assert_eq!((images.len(), labels.len()), (DIGITS * DIGIT_PIXELS, DIGITS));
    assert_eq!((images.iter().min(), images.iter().max()), (Some(&0), Some(&16)));
    assert_eq!(histogram(labels), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(md5(&[images]), "fa70cba135d4cdd4cde65da70dbffde2");
    assert_eq!(md5(&[labels]), "96ecbac7ce6c9c7e9f9f82160cffba40");
    Ok(())
}

#[test]
fn all_threads_see_the_same_bytes() -> Result<(), DecodeError> {
    let addresses: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| test_images().map(|images| images.as_ptr() as usize))).collect();
        threads.into_iter().map(|thread| thread.join()).collect()
    });
    let first = test_images()?.as_ptr() as usize;
    assert!(addresses.iter().all(|address| matches!(address, Ok(Ok(address)) if *address == first)));
    Ok(())
}
