"""Looking at dead letters leaves them where they are, for whoever looks next."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from cli.operations import dead_letters
from local.dead_letters import held_by_others, look_at, take

LETTERS = 12


@pytest.fixture
def queue() -> Iterator[tuple[Any, str]]:
    with mock_aws():
        client = boto3.client("sqs", region_name="us-east-1")
        url = client.create_queue(QueueName="letters")["QueueUrl"]
        for number in range(LETTERS):
            reason = {"DataType": "String", "StringValue": f"reason_{number}"}
            client.send_message(
                QueueUrl=url, MessageBody="{}", MessageAttributes={"reason_code": reason}
            )
        yield client, url


def show(queue: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> str:
    client, url = queue
    where = SimpleNamespace(
        aws=SimpleNamespace(client=lambda _: client),
        deployment=SimpleNamespace(dead_letters={"Appeal": url}),
    )
    monkeypatch.setattr("cli.operations.target", lambda _: where)
    done = CliRunner().invoke(dead_letters, [])
    assert done.exit_code == 0
    return done.output


def test_who_looks_next_finds_them_all_again(queue: tuple[Any, str]) -> None:
    assert len(look_at(*queue)) == LETTERS
    assert len(look_at(*queue)) == LETTERS
    assert held_by_others(*queue) == 0


def test_every_letter_is_told_each_time_one_asks(
    queue: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = show(queue, monkeypatch)

    assert "12 dead letters." in first
    assert "Appeal: reason_11" in first
    assert show(queue, monkeypatch) == first


def test_letters_that_somebody_else_holds_are_not_called_none(
    queue: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    take(*queue, seconds=60)

    shown = show(queue, monkeypatch)

    assert "No dead letters" not in shown
    assert "12 more are looked at or sent in again just now" in shown
