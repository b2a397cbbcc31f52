//! A stream's destination as the API describes it: what a call gave, with AWS's defaults filled
//! in, so that whoever reads it back finds nothing to change.

use super::error::ApiError;
use crate::config::{Compression, Processor, ProcessorKind, StreamConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The one id that a stream's only destination has.
pub const DESTINATION_ID: &str = "destinationId-000000000001";

/// An S3 destination, with its defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Destination {
    /// Whether it came as an extended one, which can divide and process records.
    extended: bool,
    /// Its members under the API's names.
    values: Map<String, Value>,
}

/// Members that only an extended destination has.
const EXTENDED_ONLY: [&str; 6] = [
    "ProcessingConfiguration",
    "S3BackupMode",
    "DataFormatConversionConfiguration",
    "DynamicPartitioningConfiguration",
    "FileExtension",
    "CustomTimeZone",
];

impl Destination {
    /// Of a call's configuration, which has the shape of the model.
    ///
    /// # Errors
    /// `InvalidArgumentException`, in AWS's words as far as they are known.
    pub fn new(extended: bool, given: &Map<String, Value>) -> Result<Self, ApiError> {
        let mut destination = Self {
            extended,
            values: Map::new(),
        };
        destination.merge(given)?;
        destination.fill();
        Ok(destination)
    }

    /// As an update leaves it: each member given replaces the old one.
    ///
    /// # Errors
    /// As [`Self::new`], and where dynamic partitioning would be switched.
    pub fn updated(&self, extended: bool, given: &Map<String, Value>) -> Result<Self, ApiError> {
        let mut next = self.clone();
        next.extended |= extended;
        next.merge(given)?;
        next.fill();
        match next.partitioning() == self.partitioning() {
            true => Ok(next),
            false => Err(ApiError::invalid_argument(
                "Dynamic Partitioning can be enabled or disabled only when a delivery stream is created",
            )),
        }
    }

    /// Of a configuration that was not made by a call.
    pub fn of(config: &StreamConfig) -> Self {
        let mut values = Map::new();
        let mut put = |name: &str, value: Value| values.insert(name.into(), value);
        let role = format!("arn:aws:iam::{}:role/firehose-local", config.account);
        put("RoleARN", json!(role));
        put("BucketARN", json!(config.bucket_arn()));
        put("Prefix", json!(config.prefix));
        put("ErrorOutputPrefix", json!(config.error_output_prefix));
        put(
            "BufferingHints",
            json!({
                "SizeInMBs": config.buffering_size_mib,
                "IntervalInSeconds": config.buffering_interval_seconds,
            }),
        );
        put("CompressionFormat", json!(config.compression.name()));
        if config.logs() {
            put(
                "CloudWatchLoggingOptions",
                json!({
                    "Enabled": true,
                    "LogGroupName": config.log_group_name,
                    "LogStreamName": config.log_stream_name,
                }),
            );
        }
        put("CustomTimeZone", json!(config.custom_time_zone));
        let processors: Vec<Value> = config.processors.iter().map(describe).collect();
        put(
            "ProcessingConfiguration",
            json!({"Enabled": config.processing, "Processors": processors}),
        );
        put(
            "DynamicPartitioningConfiguration",
            json!({"Enabled": config.dynamic_partitioning}),
        );
        let mut destination = Self {
            extended: true,
            values,
        };
        destination.fill();
        destination
    }

    fn merge(&mut self, given: &Map<String, Value>) -> Result<(), ApiError> {
        for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            match (name.as_str(), value) {
                ("S3BackupMode", Value::String(mode)) if mode != "Disabled" => {
                    return Err(ApiError::not_built(
                        &format!("S3BackupMode {mode}"),
                        "use Disabled",
                    ));
                }
                // What is converted is enabled, but where it says that it is not.
                ("DataFormatConversionConfiguration", value) if value["Enabled"] != false => {
                    return Err(ApiError::not_built(
                        "DataFormatConversionConfiguration",
                        "records are delivered as they are: leave it out",
                    ));
                }
                ("BufferingHints", value) => {
                    let given = |member: &str| !value[member].is_null();
                    if given("SizeInMBs") != given("IntervalInSeconds") {
                        return Err(ApiError::invalid_argument(
                            "BufferingHints: SizeInMBs and IntervalInSeconds go together, both or neither",
                        ));
                    }
                    if given("SizeInMBs") {
                        self.values.insert(name.clone(), value.clone());
                    }
                }
                ("ProcessingConfiguration", value) => {
                    self.values.insert(name.clone(), processing(value));
                }
                _ => {
                    self.values.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(())
    }

    /// AWS's defaults.
    fn fill(&mut self) {
        let mut default = |name: &str, value: Value| {
            self.values.entry(name).or_insert(value);
        };
        default(
            "BufferingHints",
            json!({"SizeInMBs": 5, "IntervalInSeconds": 300}),
        );
        default("CompressionFormat", json!("UNCOMPRESSED"));
        default(
            "EncryptionConfiguration",
            json!({"NoEncryptionConfig": "NoEncryption"}),
        );
        default("CloudWatchLoggingOptions", json!({"Enabled": false}));
        if !self.extended {
            return;
        }
        default(
            "ProcessingConfiguration",
            json!({"Enabled": false, "Processors": []}),
        );
        default("S3BackupMode", json!("Disabled"));
        if let Some(zone) = self.values.get_mut("CustomTimeZone")
            && zone == ""
        {
            *zone = json!("UTC");
        }
        self.values
            .entry("CustomTimeZone")
            .or_insert_with(|| json!("UTC"));
        if self.partitioning()
            && let Some(Value::Object(partitioning)) =
                self.values.get_mut("DynamicPartitioningConfiguration")
        {
            let retry = partitioning
                .entry("RetryOptions")
                .or_insert_with(|| json!({}));
            if retry["DurationInSeconds"].is_null() {
                *retry = json!({"DurationInSeconds": 300});
            }
        }
    }

    fn partitioning(&self) -> bool {
        let partitioning = self.values.get("DynamicPartitioningConfiguration");
        partitioning.is_some_and(|value| value["Enabled"] == true)
    }

    fn text(&self, name: &str) -> &str {
        self.values
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// One entry of `Destinations`.
    pub fn description(&self) -> Value {
        let mut basic = self.values.clone();
        basic.retain(|name, _| !EXTENDED_ONLY.contains(&name.as_str()));
        let mut description = json!({
            "DestinationId": DESTINATION_ID,
            "S3DestinationDescription": basic,
        });
        if self.extended {
            description["ExtendedS3DestinationDescription"] = json!(self.values);
        }
        description
    }

    /// Writes what it says into a configuration.
    pub fn configure(&self, config: &mut StreamConfig) {
        let arn = self.text("BucketARN");
        let bucket = arn.rsplit(":::").next().unwrap_or_default();
        config.bucket = bucket.to_owned();
        config.prefix = self.text("Prefix").to_owned();
        config.error_output_prefix = self.text("ErrorOutputPrefix").to_owned();
        config.custom_time_zone = match self.text("CustomTimeZone") {
            "" => "UTC".to_owned(),
            zone => zone.to_owned(),
        };
        let hints = &self.values["BufferingHints"];
        let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
        config.buffering_size_mib = number(&hints["SizeInMBs"]).unwrap_or(5);
        config.buffering_interval_seconds = number(&hints["IntervalInSeconds"]).unwrap_or(300);
        config.compression = Compression::ALL
            .into_iter()
            .find(|format| format.name() == self.text("CompressionFormat"))
            .unwrap_or_default();
        config.file_extension = self.text("FileExtension").to_owned();
        config.dynamic_partitioning = self.partitioning();
        let retry = &self.values.get("DynamicPartitioningConfiguration");
        config.retry_seconds = retry
            .and_then(|value| number(&value["RetryOptions"]["DurationInSeconds"]))
            .unwrap_or(300);
        let (group, stream) = self.log();
        config.log_group_name = group;
        config.log_stream_name = stream;
        let processing = self.values.get("ProcessingConfiguration");
        config.processing = processing.is_some_and(|value| value["Enabled"] == true);
        config.processors = processing
            .and_then(|value| value["Processors"].as_array())
            .map(|processors| processors.iter().filter_map(processor).collect())
            .unwrap_or_default();
    }

    /// Names of log group and log stream; empty where nothing is logged.
    fn log(&self) -> (String, String) {
        let logging = &self.values["CloudWatchLoggingOptions"];
        let text = |name: &str| logging[name].as_str().unwrap_or_default().to_owned();
        match logging["Enabled"] == true {
            true => (text("LogGroupName"), text("LogStreamName")),
            false => Default::default(),
        }
    }
}

/// As AWS keeps it: `AppendDelimiterToRecord` has no parameters, whatever was given.
fn processing(given: &Value) -> Value {
    let mut kept = given.clone();
    if kept["Enabled"].is_null() {
        kept["Enabled"] = json!(false);
    }
    if kept["Processors"].is_null() {
        kept["Processors"] = json!([]);
    }
    if let Some(processors) = kept["Processors"].as_array_mut() {
        for processor in processors {
            if processor["Parameters"].is_null() || processor["Type"] == "AppendDelimiterToRecord" {
                processor["Parameters"] = json!([]);
            }
        }
    }
    kept
}

fn describe(processor: &Processor) -> Value {
    let parameters: Vec<Value> = processor
        .parameters
        .iter()
        .map(|(name, value)| json!({"ParameterName": name, "ParameterValue": value}))
        .collect();
    json!({"Type": processor.kind.name(), "Parameters": parameters})
}

fn processor(value: &Value) -> Option<Processor> {
    let kind = value["Type"].as_str()?;
    let kind = ProcessorKind::ALL
        .into_iter()
        .find(|known| known.name() == kind)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = value["Parameters"].as_array().map(Vec::as_slice);
    Some(Processor {
        kind,
        parameters: parameters
            .unwrap_or_default()
            .iter()
            .map(|one| (text(&one["ParameterName"]), text(&one["ParameterValue"])))
            .collect(),
    })
}
