// The same producer as a user of the AWS SDK for JavaScript writes it, in batches.
const {
  CreateDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  PutRecordBatchCommand,
  ResourceInUseException,
} = require("@aws-sdk/client-firehose");

const firehose = new FirehoseClient({});
const time =
  "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/";
const create = new CreateDeliveryStreamCommand({
  DeliveryStreamName: "node",
  ExtendedS3DestinationConfiguration: {
    RoleARN: "arn:aws:iam::000000000000:role/firehose",
    BucketARN: "arn:aws:s3:::raw",
    Prefix: `clickstream/userId=!{partitionKeyFromQuery:userId}/${time}`,
    ErrorOutputPrefix: `clickstream-errors/!{firehose:error-output-type}/${time}`,
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
    CloudWatchLoggingOptions: {
      Enabled: true,
      LogGroupName: "/aws/kinesisfirehose/clickstream",
      LogStreamName: "ClickStreamLogStream",
    },
    DynamicPartitioningConfiguration: { Enabled: true },
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        { Type: "AppendDelimiterToRecord" },
        {
          Type: "MetadataExtraction",
          Parameters: [
            { ParameterName: "JsonParsingEngine", ParameterValue: "JQ-1.6" },
            { ParameterName: "MetadataExtractionQuery", ParameterValue: "{userId:.userId}" },
          ],
        },
      ],
    },
  },
});

async function main() {
  await firehose.send(create);
  const states = [];
  do {
    await new Promise((done) => setTimeout(done, 50));
    const { DeliveryStreamDescription: stream } = await firehose.send(
      new DescribeDeliveryStreamCommand({ DeliveryStreamName: "node" }),
    );
    states.push(stream.DeliveryStreamStatus);
  } while (states.at(-1) !== "ACTIVE");

  const statuses = [];
  const put = async (events) => {
    const Records = events.map((event) => ({ Data: Buffer.from(JSON.stringify(event)) }));
    const answer = await firehose.send(
      new PutRecordBatchCommand({ DeliveryStreamName: "node", Records }),
    );
    if (answer.FailedPutCount !== 0) throw new Error(JSON.stringify(answer));
    statuses.push(answer.$metadata.httpStatusCode);
  };
  for (let batch = 0; batch < 10; batch += 1) {
    const numbers = Array.from({ length: 10 }, (_, index) => batch * 10 + index);
    await put(numbers.map((number) => ({ userId: number % 17, event: "click", number })));
  }
  await put([{ event: "click", number: 100 }]);

  let again = "nothing";
  try {
    await firehose.send(create);
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
    again = error.message;
  }
  console.log(JSON.stringify({ states, statuses, again }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
