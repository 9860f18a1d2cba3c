//! A picture of the time, for programs that show such pictures.
//!
//! The format is the Trace Event Format of Chromium's tracing tools: complete events (`"ph": "X"`) with their beginning and
//! duration in microseconds.

use serde_json::{Value, json};

use super::{Pass, Profile};
use crate::autograd::{Event, layer_name};

impl Profile {
    /// The first 100,000 spans of time with those inside them, in the Trace Event Format that `chrome://tracing` and
    /// <https://ui.perfetto.dev> open.
    pub fn trace_json(&self) -> String {
        let mut events: Vec<&Event> = self.events.iter().collect();
        // They were written down as they ended; of two that begin together the outer one comes first.
        events.sort_by_key(|event| (event.start, std::cmp::Reverse(event.duration)));
        let lines: Vec<String> = std::iter::once(process()).chain(events.into_iter().map(one)).map(|e| e.to_string()).collect();
        let note = json!({"spans": self.spans, "shown": self.events.len()});
        format!("{{\"traceEvents\": [\n{}\n], \"displayTimeUnit\": \"ms\", \"otherData\": {note}}}\n", lines.join(",\n"))
    }

    /// How many spans of time [`Profile::trace_json`] shows, and how many there were.
    pub fn spans(&self) -> (u64, u64) {
        (self.events.len() as u64, self.spans)
    }
}

/// The process, whose name stands above its row of spans.
fn process() -> Value {
    json!({"name": "process_name", "ph": "M", "pid": 1, "tid": 1, "args": {"name": "kudari"}})
}

fn one(event: &Event) -> Value {
    let Event { description, start, duration } = *event;
    let (name, category) = match description.pass {
        Pass::Forward => (description.name.to_string(), "forward"),
        Pass::Backward => (format!("backward of {}", description.name), "backward"),
        Pass::Update => (format!("update by {}", description.name), "update"),
        Pass::Part => (description.name.to_string(), "part"),
    };
    let microseconds = |nanoseconds: u64| nanoseconds as f64 / 1e3;
    json!({
        "name": name,
        "cat": category,
        "ph": "X",
        "ts": microseconds(start),
        "dur": microseconds(duration),
        "pid": 1,
        "tid": 1,
        "args": {
            "layer": layer_name(description.layer),
            "operations": description.operations,
            "bytes": description.bytes,
        },
    })
}
