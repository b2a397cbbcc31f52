//! The inputs of the control calls, after the service's model of 2015-08-04 (botocore 1.44.5).
//! A test holds their members to the model that boto3 brings along.

use super::pattern;
use super::shape::{Member, Shape, may, must};

use Shape::{Boolean, List, NotBuilt, Number, OneOf, Structure, Text};

/// `DeliveryStreamName`.
pub const NAME: Shape = Text(1, 64, Some((r"[a-zA-Z0-9_.-]+", pattern::name)));

const ROLE: Shape = Text(
    1,
    512,
    Some((
        r"arn:.*:iam::\d{12}:role/[a-zA-Z_0-9+=,.@\-_/]+",
        pattern::role,
    )),
);
const BUCKET: Shape = Text(
    1,
    2048,
    Some((r"arn:.*:s3:::[\w\.\-]{1,255}", pattern::bucket)),
);
const KEY: Shape = Text(
    1,
    512,
    Some((
        r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:key/[a-zA-Z_0-9+=,.@\-_/]+",
        pattern::key,
    )),
);
const KEY_OR_ALIAS: Shape = Text(
    1,
    512,
    Some((
        r"arn:.*:kms:[a-zA-Z0-9\-]+:\d{12}:(key|alias)/[a-zA-Z_0-9+=,.@\-_/]+",
        pattern::key_or_alias,
    )),
);
const PREFIX: Shape = Text(0, 1024, Some((".*", pattern::one_line)));
const COMPRESSION: Shape = OneOf(&["ZIP", "HADOOP_SNAPPY", "Snappy", "GZIP", "UNCOMPRESSED"]);
const TIME_ZONE: Shape = Text(0, 50, Some((r"^$|[a-zA-Z/_]+", pattern::time_zone)));
const EXTENSION: Shape = Text(
    0,
    128,
    Some((r"^$|\.[0-9a-z!\-_.*'()]+", pattern::extension)),
);
const HINTS: Shape = Structure(&[
    may("SizeInMBs", &Number(1, 128)),
    may("IntervalInSeconds", &Number(0, 900)),
]);
const ENCRYPTION: Shape = Structure(&[
    may("NoEncryptionConfig", &OneOf(&["NoEncryption"])),
    may(
        "KMSEncryptionConfig",
        &Structure(&[must("AWSKMSKeyARN", &KEY_OR_ALIAS)]),
    ),
]);
const LOGGING: Shape = Structure(&[
    may("Enabled", &Boolean),
    may(
        "LogGroupName",
        &Text(0, 512, Some((r"[\.\-_/#A-Za-z0-9]*", pattern::log_group))),
    ),
    may(
        "LogStreamName",
        &Text(0, 512, Some((r"[^:*]*", pattern::log_stream))),
    ),
]);
const PARAMETER: Shape = Structure(&[
    must(
        "ParameterName",
        &OneOf(&[
            "LambdaArn",
            "NumberOfRetries",
            "MetadataExtractionQuery",
            "JsonParsingEngine",
            "RoleArn",
            "BufferSizeInMBs",
            "BufferIntervalInSeconds",
            "SubRecordType",
            "Delimiter",
            "CompressionFormat",
            "DataMessageExtraction",
        ]),
    ),
    must(
        "ParameterValue",
        &Text(1, 5120, Some((r"^(?!\s*$).+", pattern::not_blank))),
    ),
]);
const PROCESSOR: Shape = Structure(&[
    must(
        "Type",
        &OneOf(&[
            "RecordDeAggregation",
            "Decompression",
            "CloudWatchLogProcessing",
            "Lambda",
            "MetadataExtraction",
            "AppendDelimiterToRecord",
        ]),
    ),
    may("Parameters", &List(&PARAMETER, 0, MANY)),
]);
/// The model bounds no list of processors or parameters; this many of them are looked at.
const MANY: usize = 1000;
const PROCESSING: Shape = Structure(&[
    may("Enabled", &Boolean),
    may("Processors", &List(&PROCESSOR, 0, MANY)),
]);
const PARTITIONING: Shape = Structure(&[
    may(
        "RetryOptions",
        &Structure(&[may("DurationInSeconds", &Number(0, 7200))]),
    ),
    may("Enabled", &Boolean),
]);
const FORMATS: Shape = NotBuilt("records are delivered as they are: leave the conversion out");
const CONVERSION: Shape = Structure(&[
    may("SchemaConfiguration", &FORMATS),
    may("InputFormatConfiguration", &FORMATS),
    may("OutputFormatConfiguration", &FORMATS),
    may("Enabled", &Boolean),
]);
const BACKUP: Shape = NotBuilt("set S3BackupMode to Disabled and leave it out");

const S3: Shape = Structure(&[
    must("RoleARN", &ROLE),
    must("BucketARN", &BUCKET),
    may("Prefix", &PREFIX),
    may("ErrorOutputPrefix", &PREFIX),
    may("BufferingHints", &HINTS),
    may("CompressionFormat", &COMPRESSION),
    may("EncryptionConfiguration", &ENCRYPTION),
    may("CloudWatchLoggingOptions", &LOGGING),
]);
const S3_UPDATE: Shape = Structure(&[
    may("RoleARN", &ROLE),
    may("BucketARN", &BUCKET),
    may("Prefix", &PREFIX),
    may("ErrorOutputPrefix", &PREFIX),
    may("BufferingHints", &HINTS),
    may("CompressionFormat", &COMPRESSION),
    may("EncryptionConfiguration", &ENCRYPTION),
    may("CloudWatchLoggingOptions", &LOGGING),
]);
const EXTENDED: Shape = Structure(&[
    must("RoleARN", &ROLE),
    must("BucketARN", &BUCKET),
    may("Prefix", &PREFIX),
    may("ErrorOutputPrefix", &PREFIX),
    may("BufferingHints", &HINTS),
    may("CompressionFormat", &COMPRESSION),
    may("EncryptionConfiguration", &ENCRYPTION),
    may("CloudWatchLoggingOptions", &LOGGING),
    may("ProcessingConfiguration", &PROCESSING),
    may("S3BackupMode", &OneOf(&["Disabled", "Enabled"])),
    may("S3BackupConfiguration", &BACKUP),
    may("DataFormatConversionConfiguration", &CONVERSION),
    may("DynamicPartitioningConfiguration", &PARTITIONING),
    may("FileExtension", &EXTENSION),
    may("CustomTimeZone", &TIME_ZONE),
]);
const EXTENDED_UPDATE: Shape = Structure(&[
    may("RoleARN", &ROLE),
    may("BucketARN", &BUCKET),
    may("Prefix", &PREFIX),
    may("ErrorOutputPrefix", &PREFIX),
    may("BufferingHints", &HINTS),
    may("CompressionFormat", &COMPRESSION),
    may("EncryptionConfiguration", &ENCRYPTION),
    may("CloudWatchLoggingOptions", &LOGGING),
    may("ProcessingConfiguration", &PROCESSING),
    may("S3BackupMode", &OneOf(&["Disabled", "Enabled"])),
    may("S3BackupUpdate", &BACKUP),
    may("DataFormatConversionConfiguration", &CONVERSION),
    may("DynamicPartitioningConfiguration", &PARTITIONING),
    may("FileExtension", &EXTENSION),
    may("CustomTimeZone", &TIME_ZONE),
]);

const OTHER: Shape =
    NotBuilt("firehose-local delivers to S3: use ExtendedS3DestinationConfiguration");
const OTHER_UPDATE: Shape =
    NotBuilt("firehose-local delivers to S3: use ExtendedS3DestinationUpdate");
const SOURCE: Shape = NotBuilt("firehose-local takes records by PutRecord and PutRecordBatch");

const STREAM_TYPE: Shape = OneOf(&[
    "DirectPut",
    "KinesisStreamAsSource",
    "MSKAsSource",
    "DatabaseAsSource",
]);
const STREAM_ENCRYPTION: Shape = Structure(&[
    may("KeyARN", &KEY),
    must(
        "KeyType",
        &OneOf(&["AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK"]),
    ),
]);
const TAG_KEY: Shape = Text(
    1,
    128,
    Some((r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$", pattern::tag_key)),
);
const TAG: Shape = Structure(&[
    must("Key", &TAG_KEY),
    may(
        "Value",
        &Text(
            0,
            256,
            Some((r"^[\p{L}\p{Z}\p{N}_.:\/=+\-@%]*$", pattern::tag_value)),
        ),
    ),
]);
const TAGS: Shape = List(&TAG, 1, 50);

/// Members that are each a destination of CreateDeliveryStream.
pub const DESTINATIONS: [Member; 10] = [
    may("S3DestinationConfiguration", &S3),
    may("ExtendedS3DestinationConfiguration", &EXTENDED),
    may("RedshiftDestinationConfiguration", &OTHER),
    may("ElasticsearchDestinationConfiguration", &OTHER),
    may("AmazonopensearchserviceDestinationConfiguration", &OTHER),
    may("SplunkDestinationConfiguration", &OTHER),
    may("HttpEndpointDestinationConfiguration", &OTHER),
    may("AmazonOpenSearchServerlessDestinationConfiguration", &OTHER),
    may("SnowflakeDestinationConfiguration", &OTHER),
    may("IcebergDestinationConfiguration", &OTHER),
];

/// Members that are each a change of UpdateDestination.
pub const UPDATES: [Member; 10] = [
    may("S3DestinationUpdate", &S3_UPDATE),
    may("ExtendedS3DestinationUpdate", &EXTENDED_UPDATE),
    may("RedshiftDestinationUpdate", &OTHER_UPDATE),
    may("ElasticsearchDestinationUpdate", &OTHER_UPDATE),
    may("AmazonopensearchserviceDestinationUpdate", &OTHER_UPDATE),
    may("SplunkDestinationUpdate", &OTHER_UPDATE),
    may("HttpEndpointDestinationUpdate", &OTHER_UPDATE),
    may("AmazonOpenSearchServerlessDestinationUpdate", &OTHER_UPDATE),
    may("SnowflakeDestinationUpdate", &OTHER_UPDATE),
    may("IcebergDestinationUpdate", &OTHER_UPDATE),
];

const CREATE: Shape = Structure(&{
    let [a, b, c, d, e, f, g, h, i, j] = DESTINATIONS;
    [
        must("DeliveryStreamName", &NAME),
        may("DeliveryStreamType", &STREAM_TYPE),
        may(
            "DirectPutSourceConfiguration",
            &Structure(&[must("ThroughputHintInMBs", &Number(1, 100))]),
        ),
        may("KinesisStreamSourceConfiguration", &SOURCE),
        may(
            "DeliveryStreamEncryptionConfigurationInput",
            &STREAM_ENCRYPTION,
        ),
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        may("Tags", &TAGS),
        h,
        may("MSKSourceConfiguration", &SOURCE),
        i,
        j,
        may("DatabaseSourceConfiguration", &SOURCE),
    ]
});

const UPDATE: Shape = Structure(&{
    let [a, b, c, d, e, f, g, h, i, j] = UPDATES;
    [
        must("DeliveryStreamName", &NAME),
        must(
            "CurrentDeliveryStreamVersionId",
            &Text(1, 50, Some((r"[0-9]+", pattern::digits))),
        ),
        must("DestinationId", &DESTINATION_ID),
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        i,
        j,
    ]
});

const DESTINATION_ID: Shape = Text(1, 100, Some((r"[a-zA-Z0-9-]+", pattern::destination_id)));

const STREAM: Member = must("DeliveryStreamName", &NAME);

/// The control calls and their inputs.
pub const INPUTS: [(&str, Shape); 10] = [
    ("CreateDeliveryStream", CREATE),
    (
        "DeleteDeliveryStream",
        Structure(&[STREAM, may("AllowForceDelete", &Boolean)]),
    ),
    (
        "DescribeDeliveryStream",
        Structure(&[
            STREAM,
            may("Limit", &Number(1, 10_000)),
            may("ExclusiveStartDestinationId", &DESTINATION_ID),
        ]),
    ),
    (
        "ListDeliveryStreams",
        Structure(&[
            may("Limit", &Number(1, 10_000)),
            may("DeliveryStreamType", &STREAM_TYPE),
            may("ExclusiveStartDeliveryStreamName", &NAME),
        ]),
    ),
    ("UpdateDestination", UPDATE),
    (
        "TagDeliveryStream",
        Structure(&[STREAM, must("Tags", &TAGS)]),
    ),
    (
        "UntagDeliveryStream",
        Structure(&[STREAM, must("TagKeys", &List(&TAG_KEY, 1, 50))]),
    ),
    (
        "ListTagsForDeliveryStream",
        Structure(&[
            STREAM,
            may("ExclusiveStartTagKey", &TAG_KEY),
            may("Limit", &Number(1, 50)),
        ]),
    ),
    (
        "StartDeliveryStreamEncryption",
        Structure(&[
            STREAM,
            may(
                "DeliveryStreamEncryptionConfigurationInput",
                &STREAM_ENCRYPTION,
            ),
        ]),
    ),
    ("StopDeliveryStreamEncryption", Structure(&[STREAM])),
];
