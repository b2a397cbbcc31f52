//! The stream that is deployed and the one that the demo emulates are the same.

use crate::command::root;

/// Every value that both must have, written the same way in both files.
const SAME: [&str; 6] = [
    "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/",
    "clickstream-errors/!{firehose:error-output-type}",
    "MetadataExtraction",
    "RecordDeAggregation",
    "AppendDelimiterToRecord",
    "partitionKeyFromQuery:",
];

#[test]
fn the_deployed_stream_and_the_local_one_agree() {
    let deployed = fs_err::read_to_string(root().join("infrastructure/kinesis.tf")).unwrap();
    let local = fs_err::read_to_string(root().join("firehose-local/src/config.rs")).unwrap();
    // In HCL a literal `!{` is written as it is; `${` would be an expression.
    for value in SAME {
        assert!(
            deployed.contains(value),
            "infrastructure/kinesis.tf lacks {value}"
        );
        assert!(
            local.contains(value),
            "firehose-local/src/config.rs lacks {value}"
        );
    }
}
