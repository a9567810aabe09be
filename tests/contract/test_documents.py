"""What every use case relies on when it keeps and fetches documents, draws numbers and reads rule sets."""

import hashlib
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from functions.billing.adapters.code_tables import (
    StoredCodeTables,
    keep_code_table,
)
from functions.billing.adapters.control_numbers import CONTROL_NUMBER_MAX, DynamoDbControlNumbers
from functions.billing.adapters.documents import S3Evidence, S3Intake
from functions.billing.domain.codes import OPEN, CodeTable, Entry, TableKind, TableTerms, compiled
from functions.billing.domain.errors import RecordNotFoundError, RuleSetError
from functions.billing.ports import ControlNumbers, Evidence, Intake, code_table_key
from tests.contract.conftest import RECORDS, create_tables
from tests.fakes import (
    NOON,
    CountingControlNumbers,
    FixedCodeTables,
    InMemoryEvidence,
    InMemoryIntake,
)

BODY = b"ISA*00*...~CLP*1~CLP*2~IEA~"


def buckets() -> Any:
    client = boto3.client("s3", region_name="us-east-1")
    for name in ("evidence", "intake"):
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=name == "evidence")
    return client


@pytest.fixture(params=["in memory", "S3"])
def evidence(request: pytest.FixtureRequest) -> Evidence:
    if request.param == "in memory":
        return InMemoryEvidence()
    request.getfixturevalue("aws")
    return S3Evidence(buckets(), bucket="evidence")


@pytest.fixture(params=["in memory", "S3"])
def intake(request: pytest.FixtureRequest) -> Intake:
    """A bucket with one file in it."""
    if request.param == "in memory":
        fake = InMemoryIntake()
        fake.drop("remittances/era.x12", BODY)
        return fake
    request.getfixturevalue("aws")
    client = buckets()
    client.put_object(Bucket="intake", Key="remittances/era.x12", Body=BODY)
    return S3Intake(client, bucket="intake")


# Evidence ----------------------------------------------------------------------------------


def test_what_is_kept_is_fetched_byte_by_byte(evidence: Evidence) -> None:
    kept = evidence.keep("a/b.x12", BODY, content_type="application/edi-x12")

    assert evidence.fetch("a/b.x12") == BODY
    assert (kept.key, kept.size_bytes) == ("a/b.x12", len(BODY))
    assert kept.sha256 == hashlib.sha256(BODY).hexdigest()


def test_keeping_the_same_bytes_again_changes_nothing(evidence: Evidence) -> None:
    first = evidence.keep("a/b.x12", BODY, content_type="application/edi-x12")

    assert evidence.keep("a/b.x12", BODY, content_type="application/edi-x12") == first
    assert evidence.fetch("a/b.x12") == BODY


def test_evidence_nobody_kept_is_not_found(evidence: Evidence) -> None:
    with pytest.raises(RecordNotFoundError, match="document_not_found: document:a/none"):
        evidence.fetch("a/none")


# Intake ------------------------------------------------------------------------------------


def test_a_dropped_file_is_read_whole_or_as_a_stream(intake: Intake) -> None:
    assert intake.fetch("remittances/era.x12") == BODY
    with intake.open("remittances/era.x12") as stream:
        assert stream.read(3) == b"ISA"
        assert stream.read() == BODY[3:]


@pytest.mark.parametrize(
    ("start", "end"), [(0, 3), (11, 17), (11, len(BODY)), (0, len(BODY)), (11, None), (5, 6)]
)
def test_a_range_ends_before_its_last_byte(intake: Intake, start: int, end: int | None) -> None:
    found = intake.fetch("remittances/era.x12", start_byte=start, end_byte=end)

    assert found == BODY[start:end]


def test_a_file_nobody_dropped_is_not_found(intake: Intake) -> None:
    with pytest.raises(RecordNotFoundError):
        intake.fetch("remittances/none.x12")
    with pytest.raises(RecordNotFoundError), intake.open("remittances/none.x12"):
        pass


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchKey", "404"])
def test_a_missing_file_looks_the_same_to_a_role_that_may_not_list(aws: None, code: str) -> None:  # noqa: ARG001
    client = boto3.client("s3", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code)
        with pytest.raises(RecordNotFoundError):
            S3Intake(client, bucket="intake").fetch("ehr/1.json")


def test_any_other_error_of_the_store_passes_through(aws: None) -> None:  # noqa: ARG001
    client = boto3.client("s3", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "SlowDown")
        with pytest.raises(ClientError):
            S3Intake(client, bucket="intake").fetch("ehr/1.json")


# Control numbers ---------------------------------------------------------------------------


@pytest.fixture(params=["in memory", "DynamoDB"])
def numbers(request: pytest.FixtureRequest) -> ControlNumbers:
    if request.param == "in memory":
        return CountingControlNumbers()
    request.getfixturevalue("aws")
    client = boto3.client("dynamodb", region_name="us-east-1")
    create_tables(client)
    return DynamoDbControlNumbers(client, table=RECORDS)


def test_numbers_count_up_from_one(numbers: ControlNumbers) -> None:
    assert [numbers.next() for _ in range(3)] == [1, 2, 3]


def test_no_two_senders_draw_the_same_number(numbers: ControlNumbers) -> None:
    # One after the other: DynamoDB's ADD is atomic, and its stand-in here is not safe for threads.
    drawn = [numbers.next() for _ in range(80)]

    assert sorted(drawn) == list(range(1, 81))


def test_after_the_last_number_of_nine_digits_comes_the_first(aws: None) -> None:  # noqa: ARG001
    client = boto3.client("dynamodb", region_name="us-east-1")
    create_tables(client)
    client.put_item(
        TableName=RECORDS,
        Item={
            "pk": {"S": "COUNTER#X12"},
            "sk": {"S": "ISA13"},
            "value": {"N": str(CONTROL_NUMBER_MAX - 1)},
        },
    )
    numbers = DynamoDbControlNumbers(client, table=RECORDS)

    assert [numbers.next() for _ in range(2)] == [CONTROL_NUMBER_MAX, 1]


# Code tables -------------------------------------------------------------------------------

CODES = TableTerms(kind=TableKind.PROCEDURES, source="test", is_complete=True)
TABLE = compiled(CODES, [Entry("99213", NOON.date(), OPEN)])


class KeptTables:
    """An evidence bucket with one table, and the tables as a function opens them."""

    def __init__(self, folder: Path) -> None:
        self.client = buckets()
        self.version = keep_code_table(S3Evidence(self.client, bucket="evidence"), TABLE)
        self.folder = folder

    def opened(self, version: str) -> CodeTable:
        tables = StoredCodeTables(self.client, bucket="evidence", folder=self.folder)
        return tables.opened({"codes": version})["codes"]


@pytest.fixture
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> KeptTables:
    request.getfixturevalue("aws")
    return KeptTables(tmp_path)


def test_a_table_is_opened_by_the_hash_of_its_content(kept: KeptTables) -> None:
    assert kept.opened(kept.version).value("99213", NOON.date()) == 1
    assert FixedCodeTables([TABLE]).opened({"codes": kept.version})["codes"].knows("99213")


def test_a_function_that_holds_a_table_does_not_fetch_it_again(kept: KeptTables) -> None:
    kept.opened(kept.version)
    kept.client.delete_object(Bucket="evidence", Key=code_table_key(kept.version))

    assert kept.opened(kept.version).knows("99213")


def test_content_that_is_not_what_its_version_says_is_refused_and_not_left_behind(
    kept: KeptTables,
) -> None:
    other = f"sha256:{'0' * 64}"
    kept.client.put_object(Bucket="evidence", Key=code_table_key(other), Body=TABLE)

    with pytest.raises(RuleSetError, match="code_table_altered"):
        kept.opened(other)

    assert list(kept.folder.iterdir()) == []


def test_a_version_nobody_published_is_named(kept: KeptTables) -> None:
    with pytest.raises(RuleSetError, match=r"code_table_missing: code_table:codes"):
        kept.opened(f"sha256:{'1' * 64}")
    with pytest.raises(RuleSetError, match=r"code_table_missing: code_table:codes"):
        FixedCodeTables([]).opened({"codes": kept.version})
