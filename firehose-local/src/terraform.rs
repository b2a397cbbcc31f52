//! A delivery stream as Terraform has it: `aws_kinesis_firehose_delivery_stream`, its arguments
//! evaluated, under the names of the AWS provider's versions 3 to 6.

mod arguments;
pub mod shown;

#[cfg(feature = "server")]
pub mod files;
#[cfg(feature = "server")]
pub mod folder;

use crate::config::{Compression, Processor, ProcessorKind, StreamConfig};
use crate::refusal::ConfigError;
use arguments::Arguments;
use serde_json::Value;

/// The type of the resource that is read.
pub const RESOURCE: &str = "aws_kinesis_firehose_delivery_stream";

/// Why a resource makes no stream. Paths are Terraform's: `extended_s3_configuration.prefix`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// An argument that must be there, or whose value nobody knows yet.
    #[error("{0} is missing, or its value is not known")]
    Missing(String),
    /// A value of another type, or none that the argument takes.
    #[error("{path} takes {wanted}")]
    Value {
        /// Which argument.
        path: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// AWS takes it, this crate does not.
    #[error("{0} is not built in firehose-local: leave it out")]
    NotBuilt(String),
    /// The stream's configuration as a whole.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// The stream that a resource's values make, not yet checked as a whole ([`crate::Stream::new`]
/// does that). `values` is the resource as `terraform show -json` has it: blocks are lists of
/// objects.
///
/// What says nothing about where a record goes (role, tags, keys of encryption, timeouts) is
/// passed over; everything else is known or refused by name.
///
/// # Errors
/// The first argument that is missing, of a wrong type, or not built.
pub fn stream(values: &Value) -> Result<StreamConfig, ResourceError> {
    let mut resource = Arguments::new("", values)?;
    resource.pass_over(&[
        "id",
        "destination_id",
        "region",
        "server_side_encryption",
        "tags",
        "tags_all",
        "timeouts",
    ]);
    let name = resource.text("name")?.ok_or_else(|| missing("name"))?;
    let mut config = StreamConfig {
        name,
        ..StreamConfig::clickstream(crate::PartitionBy::User)
    };
    if let Some(arn) = resource.text("arn")?
        && let [_, _, _, region, account, _] = arn.split(':').collect::<Vec<_>>()[..]
    {
        config.region = region.to_owned();
        config.account = account.to_owned();
    }
    if let Some(version) = resource.text("version_id")? {
        config.version = version.parse().map_err(|_| ResourceError::Value {
            path: "version_id".into(),
            wanted: "a whole number as text",
        })?;
    }
    let block = match resource.text("destination")?.as_deref() {
        Some("extended_s3") => "extended_s3_configuration",
        // What versions of the provider before 5 had for a stream without processors.
        Some("s3") => "s3_configuration",
        Some(other) => return Err(ResourceError::NotBuilt(format!("destination {other}"))),
        None => return Err(missing("destination")),
    };
    let destination = resource.block(block)?.ok_or_else(|| missing(block))?;
    resource.finish()?;
    read_destination(destination, &mut config)?;
    Ok(config)
}

fn missing(path: &str) -> ResourceError {
    ResourceError::Missing(path.to_owned())
}

/// The bucket of an ARN such as `arn:aws:s3:::NAME`.
fn bucket(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":s3:::")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

fn read_destination(
    mut destination: Arguments<'_>,
    config: &mut StreamConfig,
) -> Result<(), ResourceError> {
    destination.pass_over(&["role_arn", "kms_key_arn"]);
    let arn = destination.required_text("bucket_arn")?;
    config.bucket = bucket(&arn)
        .ok_or_else(|| ResourceError::Value {
            path: destination.path("bucket_arn"),
            wanted: "a bucket's ARN, such as arn:aws:s3:::name",
        })?
        .to_owned();
    // The API's defaults. Versions of the provider before 5 said buffer for buffering.
    let size = destination.whole("buffering_size")?;
    let interval = destination.whole("buffering_interval")?;
    config.buffering_size_mib = size.or(destination.whole("buffer_size")?).unwrap_or(5);
    config.buffering_interval_seconds = interval
        .or(destination.whole("buffer_interval")?)
        .unwrap_or(300);
    config.prefix = destination.text("prefix")?.unwrap_or_default();
    config.error_output_prefix = destination.text("error_output_prefix")?.unwrap_or_default();
    let zone = destination
        .text("custom_time_zone")?
        .filter(|zone| !zone.is_empty());
    config.custom_time_zone = zone.unwrap_or_else(|| "UTC".into());
    let compression = destination.text("compression_format")?;
    let compression = compression.as_deref().unwrap_or("UNCOMPRESSED");
    config.compression = Compression::ALL
        .into_iter()
        .find(|known| known.name() == compression)
        .ok_or_else(|| ResourceError::Value {
            path: destination.path("compression_format"),
            wanted: "UNCOMPRESSED, GZIP, ZIP, Snappy or HADOOP_SNAPPY",
        })?;
    destination.only_default("s3_backup_mode", "Disabled")?;
    config.file_extension = destination.text("file_extension")?.unwrap_or_default();
    read_log(destination.block("cloudwatch_logging_options")?, config)?;
    read_partitioning(
        destination.block("dynamic_partitioning_configuration")?,
        config,
    )?;
    read_processors(destination.block("processing_configuration")?, config)?;
    destination.finish()
}

/// Without an enabled log, nothing is logged.
fn read_log(
    options: Option<Arguments<'_>>,
    config: &mut StreamConfig,
) -> Result<(), ResourceError> {
    config.log_group_name.clear();
    config.log_stream_name.clear();
    let Some(mut options) = options else {
        return Ok(());
    };
    if options.yes("enabled")?.unwrap_or(false) {
        config.log_group_name = options.required_text("log_group_name")?;
        config.log_stream_name = options.required_text("log_stream_name")?;
    } else {
        options.pass_over(&["log_group_name", "log_stream_name"]);
    }
    options.finish()
}

fn read_partitioning(
    partitioning: Option<Arguments<'_>>,
    config: &mut StreamConfig,
) -> Result<(), ResourceError> {
    config.dynamic_partitioning = false;
    let Some(mut partitioning) = partitioning else {
        return Ok(());
    };
    config.dynamic_partitioning = partitioning.yes("enabled")?.unwrap_or(false);
    config.retry_seconds = partitioning.whole("retry_duration")?.unwrap_or(300);
    if config.retry_seconds > 7200 {
        return Err(ResourceError::Value {
            path: partitioning.path("retry_duration"),
            wanted: "0 to 7200 seconds",
        });
    }
    partitioning.finish()
}

fn read_processors(
    processing: Option<Arguments<'_>>,
    config: &mut StreamConfig,
) -> Result<(), ResourceError> {
    config.processing = false;
    config.processors.clear();
    let Some(mut processing) = processing else {
        return Ok(());
    };
    config.processing = processing.yes("enabled")?.unwrap_or(false);
    for mut processor in processing.blocks("processors")? {
        let name = processor.required_text("type")?;
        let kind = ProcessorKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| ResourceError::Value {
                path: processor.path("type"),
                wanted: "a processor's type, such as MetadataExtraction",
            })?;
        let mut parameters = Vec::new();
        for mut parameter in processor.blocks("parameters")? {
            let name = parameter.required_text("parameter_name")?;
            let value = parameter.required_text("parameter_value")?;
            parameter.finish()?;
            parameters.push((name, value));
        }
        processor.finish()?;
        config.processors.push(match kind {
            // AWS keeps none of its parameters.
            ProcessorKind::AppendDelimiterToRecord => Processor::append_delimiter(),
            kind => Processor { kind, parameters },
        });
    }
    processing.finish()
}

#[cfg(test)]
mod tests;
