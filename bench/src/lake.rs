//! Partitioning a stream's lines, planned and written to memory, against only copying them.

use std::time::Instant;

use firehose_local::{PartitionBy, Record, Stream, StreamConfig, data_line};

use crate::table;

const ROUNDS: usize = 5;
/// Bytes of input, in lines of about 800.
const BYTES: usize = 64 << 20;

/// Runs the comparison for several numbers of users.
pub fn run() -> anyhow::Result<()> {
    table::head("partitioning by user", "copying");
    for users in [1, 65, 500, 5_000] {
        let lines = lines(users);
        let total: usize = lines.iter().map(Vec::len).sum();
        let megabytes = total as f64 / 1e6;
        let records: Vec<Record<'_>> = lines
            .iter()
            .map(|line| Record {
                data: line,
                arrival_ms: 1_767_323_046_000,
            })
            .collect();
        let stream = Stream::new(StreamConfig::clickstream(PartitionBy::User))?;
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let started = Instant::now();
            let mut random = || [u8::try_from(round).unwrap_or(0); 16];
            let objects = stream.plan(&records, &mut random, 1_767_323_047_000);
            let mut written = 0;
            for object in &objects {
                let mut out = Vec::new();
                for record in &object.records {
                    if let Some(record) = records.get(*record as usize) {
                        data_line(record.data, &mut out);
                    }
                }
                written += out.len();
            }
            anyhow::ensure!(written == total + lines.len(), "{written} bytes of {total}");
            ours.push(megabytes / started.elapsed().as_secs_f64());

            let started = Instant::now();
            let mut out = Vec::new();
            for record in &records {
                data_line(record.data, &mut out);
            }
            anyhow::ensure!(out.len() == written, "copied {} bytes", out.len());
            peer.push(megabytes / started.elapsed().as_secs_f64());
        }
        table::row(&format!("  {users} users"), "MB/s", &ours, &peer);
    }
    Ok(())
}

/// Lines whose users come in an order that no cache can guess.
fn lines(users: usize) -> Vec<Vec<u8>> {
    let filler = "x".repeat(640);
    let mut state = 1_u64;
    (0..BYTES / 800)
        .map(|number| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let user = usize::try_from(state >> 33).unwrap_or(0) % users;
            format!(
                r#"{{"type":"track","event":"E","messageId":"{number:032}","context":{{"page":{{"path":"/books/"}},"filler":"{filler}"}},"userId":"{user}","userBucket":"017"}}"#
            )
            .into_bytes()
        })
        .collect()
}
