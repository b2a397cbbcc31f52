"""What emulators of Firehose do with what AWS documents, by boto3: one answer for each probe and emulator.

Started by `cargo xtask conformance` with the program firehose-local; prints JSON. Each probe says "yes", or what
it saw instead. moto and MiniStack keep objects in their own S3, firehose-local in a folder.
"""

import base64
import gzip
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

import boto3
import botocore.exceptions
from botocore.config import Config

KEY = "!{partitionKeyFromQuery:userId}"
ERRORS = "errors/!{firehose:error-output-type}/"
# Longer than an accelerated interval, or than an emulator needs that delivers at once.
PATIENCE = 20.0


class Emulator:
    """A server of the API, and what lies in its bucket."""

    def __init__(self, name, command, environment, folder=None):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = [word.replace("PORT", str(port)) for word in command]
        self.name, self.folder = name, folder
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            words, env={**os.environ, **environment}, stdout=self.log, stderr=self.log
        )
        options = dict(
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 0}, parameter_validation=False),
        )
        self.firehose = boto3.client("firehose", **options)
        self.s3 = None if folder else boto3.client("s3", **options)
        self.up(port)
        if self.s3:
            self.s3.create_bucket(Bucket="lake")

    def up(self, port):
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                self.firehose.list_delivery_streams()
                return
            except (OSError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                if time.monotonic() > until or self.process.poll() is not None:
                    self.log.seek(0)
                    raise SystemExit(f"{self.name} did not start: {self.log.read().decode()}")
                time.sleep(0.1)

    def objects(self, stream):
        """Objects of a stream: key to bytes. Each stream has its own prefix, its name."""
        found = {}
        if self.folder:
            for path in self.folder.joinpath("lake").rglob("*"):
                if path.is_file() and not any(part.startswith(".") for part in path.parts):
                    key = path.relative_to(self.folder / "lake").as_posix()
                    found[urllib.parse.unquote(key)] = path.read_bytes()
        else:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket="lake"):
                for item in page.get("Contents", []):
                    body = self.s3.get_object(Bucket="lake", Key=item["Key"])["Body"]
                    found[item["Key"]] = body.read()
        return {key: data for key, data in found.items() if stream in key}

    def stream(self, query="{userId:.userId}", prefix=f"userId={KEY}/", more=(), **options):
        """A stream with dynamic partitioning, its prefixes below its own name."""
        name = f"s{uuid.uuid4().hex[:10]}"
        destination = {
            "RoleARN": "arn:aws:iam::000000000000:role/firehose",
            "BucketARN": "arn:aws:s3:::lake",
            "Prefix": f"{name}/{prefix}",
            "ErrorOutputPrefix": f"{name}-{ERRORS}",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": {
                "Enabled": True,
                "Processors": [
                    processor(
                        "MetadataExtraction",
                        MetadataExtractionQuery=query,
                        JsonParsingEngine="JQ-1.6",
                    ),
                    *more,
                ],
            },
        }
        destination.update(options)
        if query is None:
            del destination["DynamicPartitioningConfiguration"]
            del destination["ProcessingConfiguration"]
        self.create(name, destination)
        return name

    def create(self, name, destination):
        self.firehose.create_delivery_stream(
            DeliveryStreamName=name,
            DeliveryStreamType="DirectPut",
            ExtendedS3DestinationConfiguration=destination,
        )
        until = time.monotonic() + PATIENCE
        while self.describe(name)["DeliveryStreamStatus"] != "ACTIVE":
            if time.monotonic() > until:
                raise TimeoutError(f"{name} is not ACTIVE")
            time.sleep(0.05)

    def describe(self, name):
        answer = self.firehose.describe_delivery_stream(DeliveryStreamName=name)
        return answer["DeliveryStreamDescription"]

    def put(self, name, *records):
        """Puts records, and gives the objects that they become."""
        for record in records:
            self.firehose.put_record(DeliveryStreamName=name, Record={"Data": record})
        return self.delivered(name)

    def delivered(self, name):
        until = time.monotonic() + PATIENCE
        while not self.objects(name) and time.monotonic() < until:
            time.sleep(0.1)
        # More objects of the same moment may follow the first, on a busy machine one by one.
        found = {}
        while len(now := self.objects(name)) > len(found):
            found = now
            time.sleep(0.5)
        return found

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def processor(kind, **parameters):
    pairs = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    return {"Type": kind, "Parameters": pairs}


SPLIT = processor("RecordDeAggregation", SubRecordType="JSON")
LINES = processor("AppendDelimiterToRecord")


def folders(objects):
    return sorted({found.group(1) for key in objects if (found := re.search("userId=([^/]*)/", key))})


def errors(objects):
    return {key: data for key, data in objects.items() if "-errors" in key}


def seen(objects):
    """Keys without what no run repeats."""
    keys = sorted({re.sub(r"/[^/]*$", "/", re.sub(r"^s[0-9a-f]{10}", "", key)) for key in objects})
    return "no: " + (", ".join(f"`{key}`" for key in keys[:2]) or "no object")


def jq_path(of):
    objects = of.put(of.stream(), b'{"userId":"45"}')
    return "yes" if folders(objects) == ["45"] else seen(objects)


def jq_any(of):
    query = '{userId:(if .a then .userId|ascii_downcase else "none" end)}'
    objects = of.put(of.stream(query), b'{"userId":"AB","a":true}')
    return "yes" if folders(objects) == ["ab"] else seen(objects)


def jq_numbers(of):
    objects = of.put(of.stream(), b'{"userId":45.0}', b'{"userId":9007199254740993}')
    wanted = ["45", "9007199254740992"]
    return "yes" if folders(objects) == wanted else seen(objects)


def several_keys(of):
    prefix = f"userId={KEY}/kind=!{{partitionKeyFromQuery:kind}}/"
    objects = of.put(of.stream("{userId:.userId,kind:.a.kind}", prefix), b'{"userId":"1","a":{"kind":"x"}}')
    return "yes" if any("/userId=1/kind=x/" in key for key in objects) else seen(objects)


def packed(of):
    objects = of.put(of.stream(more=[SPLIT]), b'{"userId":"1"}{"userId":"2"}\n{"userId":"3"}')
    return "yes" if folders(objects) == ["1", "2", "3"] else seen(objects)


def packed_501(of):
    objects = of.put(of.stream(more=[SPLIT]), b'{"userId":"1"}' * 501)
    whole = folders(objects) == [] and len(errors(objects)) == 1
    return "yes" if whole else seen(objects)


def delimiter(of):
    name = of.stream(more=[LINES])
    for number in range(2):
        record = json.dumps({"userId": "1", "n": number}).encode()
        of.firehose.put_record(DeliveryStreamName=name, Record={"Data": record})
    data = b"".join(of.delivered(name).values())
    return "yes" if data.count(b"}\n") == 2 else "no newline"


def empty_key(of):
    objects = of.put(of.stream(), b'{"userId":""}')
    return "yes" if errors(objects) and not folders(objects) else seen(objects)


def error_place(of):
    objects = of.put(of.stream(), b"{}")
    places = [key for key in errors(objects) if "/metadata-extraction-failed/" in key]
    return "yes" if places else seen(objects)


def error_line(of):
    objects = errors(of.put(of.stream(), b'{"a":1}'))
    if not objects:
        return "no: no error object"
    line = json.loads(next(iter(objects.values())).splitlines()[0])
    wanted = [
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "rawData",
    ]
    if list(line) != wanted:
        return "no: " + ", ".join(list(line))
    said = line["errorMessage"] == "partitionKeys values must not be null or empty"
    data = base64.b64decode(line["rawData"]) == b'{"a":1}'
    return "yes" if said and data else f"no: {line}"


def partition_limit(of):
    name = of.stream()
    records = [{"Data": json.dumps({"userId": str(user)}).encode()} for user in range(501)]
    for part in (records[:500], records[500:]):
        of.firehose.put_record_batch(DeliveryStreamName=name, Records=part)
    objects = of.delivered(name)
    until = time.monotonic() + PATIENCE
    while len(folders(objects)) < 500 and time.monotonic() < until:
        time.sleep(0.2)
        objects = of.objects(name)
    refused = [key for key in objects if "/activePartitionExceeded/" in key]
    return "yes" if len(folders(objects)) == 500 and refused else f"no: {len(folders(objects))} partitions"


def timestamps(of):
    name = of.stream(None, "year=!{timestamp:yyyy}/!{timestamp:'day'DDD}/")
    objects = of.put(name, b"x")
    plain = re.compile(rf"^{name}/year=\d{{4}}/day\d{{3}}/{name}-")
    return "yes" if any(plain.match(key) for key in objects) else seen(objects)


def legacy_prefix(of):
    name = of.stream(None, "legacy")
    objects = of.put(name, b"x")
    dated = re.compile(rf"^{name}/legacy\d{{4}}/\d\d/\d\d/\d\d/")
    return "yes" if any(dated.match(key) for key in objects) else seen(objects)


def object_name(of):
    name = of.stream(None, "!{timestamp:yyyy}/")
    objects = of.put(name, b"x")
    full = re.compile(rf"/{name}-1-\d{{4}}(-\d\d){{5}}-[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$")
    if any(full.search(key) for key in objects):
        return "yes"
    return "no: `" + re.sub("[0-9a-f]", "0", next(iter(objects), "no object").split("/")[-1]) + "`"


def buffering(of):
    name = of.stream(None, "!{timestamp:yyyy}/")
    objects = of.put(name, b"a", b"b", b"c")
    return "yes" if [*objects.values()] == [b"abc"] else f"no: {len(objects)} objects"


def compressed(of):
    name = of.stream(None, "!{timestamp:yyyy}/", CompressionFormat="GZIP")
    objects = of.put(name, b"abc")
    try:
        whole = [gzip.decompress(data) for data in objects.values()] == [b"abc"]
    except gzip.BadGzipFile:
        return "no: not compressed"
    named = all(key.endswith(".gz") for key in objects)
    return "yes" if whole and named else seen(objects)


def refused(of, call, code, words=""):
    try:
        call()
    except botocore.exceptions.ClientError as error:
        said = error.response["Error"]
        if said["Code"] == code and words in said["Message"]:
            return "yes"
        return f"no: {said['Code']}, {said['Message'][:60]}"
    return "no: taken"


def batch_limits(of):
    name = of.stream(None, "!{timestamp:yyyy}/")
    event = {"Data": b"{}"}
    wrong = []
    for what, records, code in [
        ("501 records", [event] * 501, "ValidationException"),
        ("1,024,001 B", [{"Data": b"x" * 1_024_001}], "ValidationException"),
        ("5 MB", [{"Data": b"x" * 1_000_000}] * 5, "InvalidArgumentException"),
        ("none", [], "ValidationException"),
    ]:
        def call(records=records):
            of.firehose.put_record_batch(DeliveryStreamName=name, Records=records)

        said = refused(of, call, code)
        if said == "no: taken":
            wrong.append(what)
    return "yes" if not wrong else "no: takes " + ", ".join(wrong)


def needs_error_prefix(of):
    def call():
        of.stream(None, "!{timestamp:yyyy}/", ErrorOutputPrefix="")

    words = "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"
    return refused(of, call, "InvalidArgumentException", words)


def needs_64_mib(of):
    def call():
        of.stream(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 60})

    words = "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."
    return refused(of, call, "InvalidArgumentException", words)


def enum(of):
    def call():
        of.stream(None, "a/", CompressionFormat="gzip")

    words = "'extendedS3DestinationConfiguration.compressionFormat' failed to satisfy constraint"
    return refused(of, call, "ValidationException", words)


def version_lock(of):
    name = of.stream(None, "a/")
    destination = of.describe(name)["Destinations"][0]["DestinationId"]

    def call():
        of.firehose.update_destination(
            DeliveryStreamName=name,
            CurrentDeliveryStreamVersionId="7",
            DestinationId=destination,
            ExtendedS3DestinationUpdate={"Prefix": "b/"},
        )

    return refused(of, call, "ConcurrentModificationException")


PROBES = {
    "partition keys by a jq path": jq_path,
    "any jq 1.6 query (`if`, `ascii_downcase`)": jq_any,
    "numbers as jq 1.6 prints them (`45.0` → `45`)": jq_numbers,
    "several keys": several_keys,
    "deaggregation of packed JSON": packed,
    "501 objects in a record: none is split, all fail": packed_501,
    "a newline after each record": delimiter,
    "`\"\"` as a key is an error": empty_key,
    "errors below `metadata-extraction-failed/`": error_place,
    "the error object's fields, in AWS's order and words": error_line,
    "the limit of 500 active partitions": partition_limit,
    "`!{timestamp:…}` by Java's letters, no date appended": timestamps,
    "a prefix without expressions gets the date, no slash": legacy_prefix,
    "object names `STREAM-VERSION-TIME-UUID`": object_name,
    "buffering: several calls, one object": buffering,
    "GZIP": compressed,
    "501 records, 1,024,001 B, 5 MB and no record refused": batch_limits,
    "refusal: expressions without an ErrorOutputPrefix": needs_error_prefix,
    "refusal: 5 MiB with dynamic partitioning": needs_64_mib,
    "refusal: a value that no enum has, with its path": enum,
    "UpdateDestination with an old version": version_lock,
}


def asked(of):
    answers = {}
    for name, probe in PROBES.items():
        try:
            answers[name] = probe(of)
        except botocore.exceptions.ClientError as error:
            said = error.response["Error"]
            answers[name] = f"no: {said['Code']}, {said['Message'][:60]}"
        except (TimeoutError, botocore.exceptions.BotoCoreError) as error:
            answers[name] = f"no: {type(error).__name__}"
    return answers


def main():
    binaries = pathlib.Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        # An interval of a minute is a second here; the others deliver at once.
        ours = [sys.argv[1], "serve", "--listen", "127.0.0.1:PORT", "--dir", folder]
        emulators = {
            "firehose-local": lambda: Emulator(
                "firehose-local", [*ours, "--accelerate", "60"], {}, pathlib.Path(folder)
            ),
            "moto": lambda: Emulator(
                "moto", [str(binaries / "moto_server"), "--host", "127.0.0.1", "--port", "PORT"], {}
            ),
            "MiniStack": lambda: Emulator(
                "MiniStack",
                [str(binaries / "hypercorn"), "ministack.app:app", "--bind", "127.0.0.1:PORT"],
                {"IOT_MTLS_ENABLED": "0"},
            ),
        }
        answers = {}
        for name, start in emulators.items():
            of = start()
            try:
                answers[name] = asked(of)
            finally:
                of.stop()
    print(json.dumps(answers))


main()
