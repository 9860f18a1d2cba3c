//! The protocol buffers of an event, written by hand: a field is its number and kind, then its value.
//!
//! `Event { wall_time = 1 (double), step = 2 (int64), file_version = 3 (string), summary = 5, session_log = 7 }`,
//! `Summary { value = 1, repeated }`, `Value { tag = 1, simple_value = 2 (float), tensor = 8, metadata = 9 }`.

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
