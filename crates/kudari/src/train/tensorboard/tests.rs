//! What is written is read again by a small reader of the same formats.

use super::*;

/// A value of a protocol buffer.
#[derive(Debug, Clone, PartialEq)]
enum Field {
    Integer(u64),
    Double(f64),
    Float(f32),
    Bytes(Vec<u8>),
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return number;
        }
    }
}

/// All fields of a message with their numbers.
fn fields(bytes: &[u8]) -> Vec<(u64, Field)> {
    let (mut at, mut all) = (0, Vec::new());
    while at < bytes.len() {
        let key = varint(bytes, &mut at);
        let field = match key & 7 {
            0 => Field::Integer(varint(bytes, &mut at)),
            1 => {
                at += 8;
                Field::Double(f64::from_le_bytes(bytes[at - 8..at].try_into().unwrap()))
            }
            2 => {
                let length = varint(bytes, &mut at) as usize;
                at += length;
                Field::Bytes(bytes[at - length..at].to_vec())
            }
            5 => {
                at += 4;
                Field::Float(f32::from_le_bytes(bytes[at - 4..at].try_into().unwrap()))
            }
            other => panic!("kind {other}"),
        };
        all.push((key >> 3, field));
    }
    all
}

/// The messages in a field of a message.
fn inside(message: &[(u64, Field)], number: u64) -> Vec<Vec<(u64, Field)>> {
    let messages = message.iter().filter(|f| f.0 == number).map(|f| match &f.1 {
        Field::Bytes(bytes) => fields(bytes),
        other => panic!("{other:?} is no message"),
    });
    messages.collect()
}

fn text(message: &[(u64, Field)], number: u64) -> String {
    match &message.iter().find(|f| f.0 == number).unwrap().1 {
        Field::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("{other:?} is no text"),
    }
}

/// The bytes of all records, whose checksums must be right.
fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let sums = [8, 12 + length].map(|at| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
        let content = &bytes[12..12 + length];
        assert_eq!(sums, [&bytes[..8], content].map(|part| record::masked(record::crc32c(part))));
        all.push(content.to_vec());
        bytes = &bytes[16 + length..];
    }
    all
}

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("kudari-events-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn measured(iteration: u64, accuracy: Option<f64>) -> EpochRecord {
    EpochRecord {
        epoch: iteration as f64 / 100.0,
        iteration,
        train_loss: 0.1,
        train_accuracy: accuracy,
        validation_loss: accuracy.map(|a| 2.0 * a),
        test_loss: f64::INFINITY,
        test_accuracy: accuracy,
        learning_rate: 1e-3,
        ..EpochRecord::default()
    }
}

#[test]
fn every_measurement_is_in_the_file_as_soon_as_it_was_made() {
    let folder = folder("written");
    let settings = [("network".to_string(), "linear(2) | odd".to_string())];
    let mut board = TensorBoard::create(&folder, 0, &settings).unwrap();
    let path = board.path().to_path_buf();
    let before = now();
    let mut history = vec![measured(0, None)];
    board.write(&history).unwrap();
    history.push(measured(300, Some(0.75)));
    history.push(measured(u64::from(u32::MAX) + 1, Some(1.0)));
    board.write(&history).unwrap();
    board.write(&history).unwrap(); // nothing is written twice

    let events: Vec<_> = records(&std::fs::read(&path).unwrap()).iter().map(|record| fields(record)).collect();
    assert_eq!((events.len(), text(&events[0], 3)), (6, "brain.Event:2".to_string()));
    assert_eq!(inside(&events[1], 7), [[(1, Field::Integer(1))]]);
    let value = &inside(&inside(&events[2], 5)[0], 1)[0];
    assert_eq!(text(value, 1), "settings");
    assert!(text(&inside(value, 8)[0], 8).ends_with("| network | linear(2) \\| odd |\n"));
    assert_eq!(text(&inside(&inside(value, 9)[0], 1)[0], 1), "text");
    let scalars = |event: &Vec<(u64, Field)>| -> Vec<(String, Field)> {
        let values = inside(event, 5).into_iter().flat_map(|summary| inside(&summary, 1));
        values.map(|value| (text(&value, 1), value[1].1.clone())).collect()
    };
    let expected = |epoch: f32, accuracy: Option<f32>| {
        let values =
            [("loss/train", Some(0.1)), ("loss/test", Some(f32::INFINITY)), ("loss/validation", accuracy.map(|a| 2.0 * a))];
        let more =
            [("accuracy/train", accuracy), ("accuracy/test", accuracy), ("learning_rate", Some(1e-3)), ("epoch", Some(epoch))];
        let known = values.into_iter().chain(more).filter_map(|(tag, value)| Some((tag.to_string(), Field::Float(value?))));
        known.collect::<Vec<_>>()
    };
    assert_eq!(scalars(&events[3]), expected(0.0, None));
    assert_eq!(scalars(&events[4]), expected(3.0, Some(0.75)));
    for (event, step) in events[3..].iter().zip([0, 300, u64::from(u32::MAX) + 1]) {
        assert_eq!(event[1], (2, Field::Integer(step)));
        let Field::Double(time) = event[0].1 else { panic!("no time") };
        assert!(time >= before && time <= now());
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_file_of_its_own_for_every_training() {
    let folder = folder("names");
    let [one, two] = [0, 700].map(|from| EventFile::create(&folder, from).unwrap().path().to_path_buf());
    assert!(one < two, "they are read in the order of their names");
    let events: Vec<_> = records(&std::fs::read(&two).unwrap()).iter().map(|record| fields(record)).collect();
    assert_eq!(events[1][1], (2, Field::Integer(700)));
    assert!(EventFile::create(&folder.join("missing"), 0).is_err());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn histograms_are_bins_that_follow_each_other() {
    let folder = folder("histograms");
    let mut events = EventFile::create(&folder, 0).unwrap();
    let histogram = Histogram::of(&crate::Array::from([-1.0f32, 1.0, 1.05, 2.0])).unwrap();
    events.histograms(5, &[("gradients/0.weight".to_string(), &histogram)]).unwrap();
    let last = records(&std::fs::read(events.path()).unwrap()).pop().unwrap();
    let value = &inside(&inside(&fields(&last), 5)[0], 1)[0];
    assert_eq!(text(value, 1), "gradients/0.weight");
    let proto = &inside(value, 5)[0];
    let numbers = [-1.0, 2.0, 4.0, 3.05, 1.0 + 1.0 + 1.1025 + 4.0];
    for ((number, field), (place, expected)) in proto.iter().zip((1..).zip(numbers)) {
        let Field::Double(found) = field else { panic!("{field:?}") };
        assert!(*number == place && (found - expected).abs() < 1e-6, "{number}: {found}");
    }
    let list = |number: u64| match &proto.iter().find(|f| f.0 == number).unwrap().1 {
        Field::Bytes(bytes) => bytes.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect::<Vec<f64>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!((list(6), list(7)), (vec![-1.125, -1.0, 1.0, 1.125, 2.0, 2.25], vec![0.0, 1.0, 0.0, 2.0, 0.0, 1.0]));
    std::fs::remove_dir_all(&folder).unwrap();
}
