//! The stream that is deployed and the one that the demo's lake emulates have the same values.

use clickstream_lab::program;
use firehose_local::{PartitionBy, StreamConfig};

#[test]
fn the_deployed_stream_and_the_local_one_agree() -> anyhow::Result<()> {
    let folder = program::root().join("infrastructure");
    let deployed = fs_err::read_to_string(folder.join("kinesis.tf"))?
        + &fs_err::read_to_string(folder.join("variables.tf"))?
        + &fs_err::read_to_string(folder.join("cloudwatch.tf"))?;
    for by in [PartitionBy::User, PartitionBy::Bucket] {
        let local = StreamConfig::clickstream(by);
        for value in [
            &local.prefix,
            &local.error_output_prefix,
            &local.name,
            &local.log_stream_name,
        ] {
            let written = format!("\"{value}\"");
            assert!(deployed.contains(&written), "Terraform lacks {written}");
        }
        let sizes = [local.buffering_size_mib, local.buffering_interval_seconds];
        for size in sizes {
            let written = format!("default     = {size}\n");
            assert!(deployed.contains(&written), "Terraform lacks {written:?}");
        }
        for processor in &local.processors {
            for (name, value) in &processor.parameters {
                // HCL writes a backslash twice.
                let value = value.replace('\\', "\\\\");
                assert!(deployed.contains(&format!("\"{name}\"")), "{name}");
                assert!(
                    deployed.contains(&format!("\"{value}\"")),
                    "{name}: {value}"
                );
            }
        }
        let compression = "compression_format  = \"UNCOMPRESSED\"";
        assert!(deployed.contains(compression));
    }
    Ok(())
}
