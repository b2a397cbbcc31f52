"""The origin's producer as a user of boto3 writes it: a stream divided by user, a hundred clicks."""

import json
import time

import boto3

firehose = boto3.client("firehose")
TIME = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"

firehose.create_delivery_stream(
    DeliveryStreamName="boto3",
    DeliveryStreamType="DirectPut",
    ExtendedS3DestinationConfiguration={
        "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        "BucketARN": "arn:aws:s3:::raw",
        "Prefix": "clickstream/userId=!{partitionKeyFromQuery:userId}/" + TIME,
        "ErrorOutputPrefix": "clickstream-errors/!{firehose:error-output-type}/" + TIME,
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "CloudWatchLoggingOptions": {
            "Enabled": True,
            "LogGroupName": "/aws/kinesisfirehose/clickstream",
            "LogStreamName": "ClickStreamLogStream",
        },
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "RecordDeAggregation",
                    "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}],
                },
                {
                    "Type": "AppendDelimiterToRecord",
                    "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
                },
                {
                    "Type": "MetadataExtraction",
                    "Parameters": [
                        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
                        {
                            "ParameterName": "MetadataExtractionQuery",
                            "ParameterValue": "{userId:.userId}",
                        },
                    ],
                },
            ],
        },
    },
)


def stream():
    described = firehose.describe_delivery_stream(DeliveryStreamName="boto3")
    return described["DeliveryStreamDescription"]


states = [stream()["DeliveryStreamStatus"]]
while states[-1] != "ACTIVE":
    time.sleep(0.05)
    states.append(stream()["DeliveryStreamStatus"])

statuses = []
for number in range(100):
    click = {"userId": number % 17, "event": "click", "number": number}
    answer = firehose.put_record(
        DeliveryStreamName="boto3", Record={"Data": json.dumps(click).encode()}
    )
    statuses.append(answer["ResponseMetadata"]["HTTPStatusCode"])

nobody = json.dumps({"event": "click", "number": 100}).encode()
answer = firehose.put_record(DeliveryStreamName="boto3", Record={"Data": nobody})
statuses.append(answer["ResponseMetadata"]["HTTPStatusCode"])

try:
    firehose.put_record(DeliveryStreamName="missing", Record={"Data": b"{}"})
    missing = "nothing"
except firehose.exceptions.ResourceNotFoundException as error:
    missing = str(error)

print(json.dumps({"states": states, "statuses": statuses, "missing": missing}))
