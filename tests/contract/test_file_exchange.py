"""A clearinghouse that takes files: one object for each sending, never two under one key."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from functions.billing.adapters.file_exchange import FileExchange
from functions.billing.domain.errors import (
    ClearinghouseUnavailableError,
    IdempotencyKeyReusedError,
    UsageIndicatorError,
)
from functions.billing.domain.submission.protocol import Connector, Lookup
from tests.fakes import PARTNER

ISA = (
    b"ISA*00*          *00*          *ZZ*CLINIC1        *ZZ*HOUSE1         "
    b"*260302*1200*^*00501*000000001*0*%s*:~GS*HC~GE~IEA~"
)
BODY, ANOTHER, TEST = ISA % b"P", ISA % b"P" + b"ST~", ISA % b"T"
FOLDER = Connector(
    name="folder",
    idempotency_window_hours=720,
    lookup_is_authoritative=True,
    landing_bound_seconds=60,
    settle_seconds=75,
)


@pytest.fixture
def client(aws: None) -> Any:  # noqa: ARG001 the fixture is the fence
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="intake")
    return client


@pytest.fixture
def folder(client: Any) -> FileExchange:
    return FileExchange(client, bucket="intake", connector=FOLDER, partner=PARTNER)


def names(client: Any) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket="intake").get("Contents", [])]


def send(folder: FileExchange, body: bytes = BODY, key: str = "C1-1-abc") -> Any:
    return folder.submit(body, idempotency_key=key, institutional=False)


def test_a_file_that_lies_in_the_folder_is_taken(folder: FileExchange, client: Any) -> None:
    answer = send(folder)

    assert (answer.accepted, answer.clearinghouse_id) == (True, "folder/C1-1-abc.x12")
    assert names(client) == ["outbound/folder/C1-1-abc.x12"]
    kept = client.get_object(Bucket="intake", Key="outbound/folder/C1-1-abc.x12")
    assert kept["Body"].read() == BODY


def test_the_same_file_again_is_the_same_file(folder: FileExchange, client: Any) -> None:
    assert send(folder) == send(folder)
    assert len(names(client)) == 1


def test_another_file_under_a_key_that_is_taken_is_refused(folder: FileExchange) -> None:
    send(folder)

    with pytest.raises(IdempotencyKeyReusedError):
        send(folder, ANOTHER)


def test_the_folder_says_at_once_what_lies_in_it(folder: FileExchange) -> None:
    send(folder)

    assert folder.look_up("PCN", idempotency_key="C1-1-abc") is Lookup.FOUND
    assert folder.look_up("PCN", idempotency_key="C1-2-def") is Lookup.NOT_FOUND
    assert folder.look_up_file(1, idempotency_key="C1-1-abc") is Lookup.FOUND
    assert folder.look_up_file(1, idempotency_key="C1-2-def") is Lookup.NOT_FOUND


def test_a_test_file_never_lies_among_productions(folder: FileExchange, client: Any) -> None:
    with pytest.raises(UsageIndicatorError):
        send(folder, TEST)

    assert names(client) == []


class Broken:
    """An S3 that fails each call in one way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, _: str) -> Any:
        def fail(**_: object) -> None:
            raise self.error

        return fail


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "SlowDown"}}, "PutObject"),
        ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject"),
        EndpointConnectionError(endpoint_url="https://s3.example"),
    ],
)
def test_what_s3_does_not_say_is_not_known(error: Exception) -> None:
    folder = FileExchange(Broken(error), bucket="intake", connector=FOLDER, partner=PARTNER)

    with pytest.raises(ClearinghouseUnavailableError):
        send(folder)
    assert folder.look_up("PCN", idempotency_key="C1-1-abc") is Lookup.UNAVAILABLE
