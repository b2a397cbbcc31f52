//! Another partition key, by configuration alone: no code knows which key a stream divides by.

use firehose_local::{
    PartitionBy, Processor, ProcessorKind, Record, Stream, StreamConfig, data_line,
};

/// 2 January 2026, 03:03:05 UTC.
const ARRIVAL: u64 = 1_767_322_985_006;

/// The clickstream's own configuration, but for prefix and query.
fn by_event() -> StreamConfig {
    let mut config = StreamConfig {
        prefix: "clickstream/event=!{partitionKeyFromQuery:event}/".into(),
        ..StreamConfig::clickstream(PartitionBy::User)
    };
    for processor in &mut config.processors {
        if processor.kind == ProcessorKind::MetadataExtraction {
            *processor = Processor::metadata_extraction("{event:.event}");
        }
    }
    config
}

#[test]
fn events_lie_apart_by_their_name() {
    let stream = Stream::new(by_event()).unwrap();
    let lines = [
        r#"{"userId":"45","event":"Product Viewed"}"#,
        r#"{"userId":"46","event":"Order Completed"}"#,
        r#"{"userId":"46","event":"Product Viewed"}"#,
        r#"{"userId":"45"}"#,
    ];
    let records = lines.map(|line| Record {
        data: line.as_bytes(),
        arrival_ms: ARRIVAL,
    });
    let objects = stream.plan(&records, &mut || [0xAB; 16], ARRIVAL + 5000);
    // A date is appended only to a prefix without any expression.
    let name = "clickstream-1-2026-01-02-03-03-10-abababab-abab-4bab-abab-abababababab";
    let found: Vec<(String, String)> = objects
        .iter()
        .map(|object| {
            let mut bytes = Vec::new();
            for record in &object.records {
                data_line(lines[*record as usize].as_bytes(), &mut bytes);
            }
            (object.key.clone(), String::from_utf8(bytes).unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                format!("clickstream/event=Product Viewed/{name}"),
                format!("{}\n{}\n", lines[0], lines[2]),
            ),
            (
                format!("clickstream/event=Order Completed/{name}"),
                format!("{}\n", lines[1]),
            ),
            (
                format!(
                    "clickstream-errors/metadata-extraction-failed/year=2026/month=01/day=02/hour=03/{name}"
                ),
                format!("{}\n", lines[3]),
            ),
        ]
    );
    let errors: Vec<bool> = objects
        .iter()
        .map(|object| object.error.is_some())
        .collect();
    assert_eq!(errors, [false, false, true]);
}
