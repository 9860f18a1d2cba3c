//! The protocol buffers of an event, written by hand: a field is its number and kind, then its value.
//!
//! `Event { wall_time = 1 (double), step = 2 (int64), file_version = 3 (string), summary = 5, session_log = 7 }`,
//! `Summary { value = 1, repeated }`, `Value { tag = 1, simple_value = 2 (float), histo = 5, tensor = 8, metadata = 9 }`.

use crate::train::histogram::Histogram;

/// A message under construction.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn integer(&mut self, field: u64, value: u64) {
        self.varint(field << 3);
        self.varint(value);
    }

    fn double(&mut self, field: u64, value: f64) {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
    }

    fn float(&mut self, field: u64, value: f32) {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
    }

    /// A string, bytes, or a message in this one.
    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
    }
}

/// An event.
pub struct Event(Message);

impl Event {
    /// At this time (seconds since 1970) and step, with nothing in it yet.
    pub fn at(wall_time: f64, step: u64) -> Event {
        let mut event = Message::default();
        event.double(1, wall_time);
        event.integer(2, step);
        Event(event)
    }

    /// The event that every file begins with.
    pub fn version(wall_time: f64) -> Event {
        let mut event = Event::at(wall_time, 0);
        event.0.bytes(3, b"brain.Event:2");
        event
    }

    /// Says that a program begins to write at this step: what others wrote of later steps is forgotten.
    pub fn session_start(wall_time: f64, step: u64) -> Event {
        const START: u64 = 1;
        let (mut event, mut log) = (Event::at(wall_time, step), Message::default());
        log.integer(1, START);
        event.0.bytes(7, &log.0);
        event
    }

    /// Adds a number.
    pub fn scalar(&mut self, tag: &str, value: f32) {
        let mut entry = Message::default();
        entry.bytes(1, tag.as_bytes());
        entry.float(2, value);
        self.value(&entry);
    }

    /// Adds a histogram: `min = 1, max = 2, num = 3, sum = 4, sum_squares = 5`, and packed lists of the upper edges (6) and counts (7) of bins that
    /// follow each other.
    pub fn histogram(&mut self, tag: &str, histogram: &Histogram) {
        let (mut limits, mut counts) = (Vec::<f64>::new(), Vec::<f64>::new());
        for (low, high, count) in histogram.bins() {
            // Where nothing lies is a bin too.
            if limits.last().is_none_or(|&last| last < low) {
                limits.push(low);
                counts.push(0.0);
            }
            limits.push(high);
            counts.push(count as f64);
        }
        let mut proto = Message::default();
        let numbers = [histogram.least, histogram.most, histogram.count as f64, histogram.sum, histogram.sum_of_squares];
        (1..).zip(numbers).for_each(|(field, number)| proto.double(field, number));
        let packed = |numbers: Vec<f64>| numbers.into_iter().flat_map(f64::to_le_bytes).collect::<Vec<u8>>();
        proto.bytes(6, &packed(limits));
        proto.bytes(7, &packed(counts));
        let mut entry = Message::default();
        entry.bytes(1, tag.as_bytes());
        entry.bytes(5, &proto.0);
        self.value(&entry);
    }

    /// Adds a text: a tensor of one string that the plugin for texts is to show.
    pub fn text(&mut self, tag: &str, text: &str) {
        const STRING: u64 = 7;
        let mut entry = Message::default();
        entry.bytes(1, tag.as_bytes());
        let (mut tensor, mut shape, mut axis) = (Message::default(), Message::default(), Message::default());
        axis.integer(1, 1);
        shape.bytes(2, &axis.0);
        tensor.integer(1, STRING);
        tensor.bytes(2, &shape.0);
        tensor.bytes(8, text.as_bytes());
        entry.bytes(8, &tensor.0);
        let (mut metadata, mut plugin) = (Message::default(), Message::default());
        plugin.bytes(1, b"text");
        metadata.bytes(1, &plugin.0);
        entry.bytes(9, &metadata.0);
        self.value(&entry);
    }

    /// Adds a value to the summary. A summary in several parts is one.
    fn value(&mut self, entry: &Message) {
        let mut summary = Message::default();
        summary.bytes(1, &entry.0);
        self.0.bytes(5, &summary.0);
    }

    /// The message.
    pub fn bytes(&self) -> &[u8] {
        &self.0.0
    }
}
