"""Every member of the inputs that botocore's model has is known to a Firehose at this address or
refused by it as not built; one that the model lacks is refused as unknown. Prints what is wrong."""

import json
import os
import urllib.error
import urllib.request

import botocore.session

model = botocore.session.get_session().get_service_model("firehose")
ADDRESS = os.environ["AWS_ENDPOINT_URL_FIREHOSE"]
# What the server does not look into.
CLOSED = "is not built in firehose-local"


REQUIRED = {
    "UpdateDestination": {"CurrentDeliveryStreamVersionId": "1", "DestinationId": "d"},
    "PutRecord": {"Record": {"Data": ""}},
}
S3 = {
    "RoleARN": "arn:aws:iam::000000000000:role/firehose",
    "BucketARN": "arn:aws:s3:::raw",
}


def completed(operation, given):
    """With what the call requires, so that nothing but the member in question is wrong."""
    call = {**REQUIRED.get(operation, {}), **given}
    if operation != "ListDeliveryStreams":
        call.setdefault("DeliveryStreamName", "x")
    if operation == "CreateDeliveryStream":
        if not any(name.endswith("DestinationConfiguration") for name in call):
            call["S3DestinationConfiguration"] = {}
        for name in ("S3DestinationConfiguration", "ExtendedS3DestinationConfiguration"):
            if name in call:
                call[name] = {**S3, **(call[name] or {})}
    return call


def refusal(operation, given):
    request = urllib.request.Request(
        ADDRESS + "/",
        json.dumps(completed(operation, given)).encode(),
        {"X-Amz-Target": "Firehose_20150804." + operation},
    )
    try:
        urllib.request.urlopen(request).close()
        return ""
    except urllib.error.HTTPError as error:
        return json.load(error)["message"]


def unknown(message, name):
    return "is no member" in message or f"unknown field `{name}`" in message


wrong, members = [], 0


def walk(operation, shape, around):
    """`around` puts a structure's contents where this structure stands in the input."""
    global members
    for name, member in shape.members.items():
        members += 1
        message = refusal(operation, around({name: None}))
        if unknown(message, name):
            wrong.append(f"{operation} does not know {shape.name}.{name}")
        inside = lambda contents, name=name: around({name: contents})
        if member.type_name == "list":
            member = member.member
            inside = lambda contents, outer=inside: outer([contents])
        if member.type_name != "structure":
            continue
        message = refusal(operation, inside({"Invented": None}))
        if unknown(message, "Invented"):
            walk(operation, member, inside)
        elif CLOSED not in message:
            wrong.append(f"{operation} ignores {shape.name}.{name}.Invented: {message}")


for operation in model.operation_names:
    shape = model.operation_model(operation).input_shape
    if not unknown(refusal(operation, {"Invented": None}), "Invented"):
        wrong.append(f"{operation} ignores Invented")
    walk(operation, shape, lambda contents: contents)

print(json.dumps({"operations": len(model.operation_names), "members": members, "wrong": wrong}))
