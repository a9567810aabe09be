"""What is loaded of the tables to show one thing."""

from types import SimpleNamespace
from typing import cast

import boto3
from moto import mock_aws

from functions.billing.adapters.records import DynamoDbRecords
from functions.billing.domain.submission.claim_file import ClaimFile
from local.aws import Aws
from local.deployment import Deployment
from local.store import Store
from tests.builders import attempt, released_claim, store
from tests.contract.conftest import AUDIT, RECORDS, create_tables
from tests.fakes import NOON

CLAIM = "CTESTCLAIM01"


def file(file_id: str) -> ClaimFile:
    return ClaimFile(
        file_id=file_id,
        connector="house",
        control_number=43,
        is_institutional=False,
        members=(),
        first_intended_at=NOON,
        intended_at=NOON,
        body_key=f"submissions/{file_id}.x12",
    )


@mock_aws
def test_a_claim_comes_with_the_file_it_went_in_and_with_no_other() -> None:
    client = boto3.client("dynamodb", region_name="us-east-1")
    create_tables(client)
    records = DynamoDbRecords(client, table=RECORDS, audit_table=AUDIT)
    claim = released_claim(records)
    store(records, claim, attempt(file_id="FOURS"), file("FOURS"), file("FANOTHER"))

    found = Store.of_claim(
        cast("Aws", SimpleNamespace(client=lambda _: client)),
        cast("Deployment", SimpleNamespace(records_table=RECORDS)),
        CLAIM,
    )

    assert [one.file_id for one in found.of(ClaimFile)] == ["FOURS"]
