"""What operations and finance see of remittances on the command line."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from cli import money, remittances
from local.store import Store
from tests.unit.usecases.payer_files import answered, file_of, payment, remittance_file
from tests.unit.usecases.world import World

PAID = answered({"CO-45": 5_200, "PR-3": 2_500})
SHORT = answered({"CO-45": 5_200}, short_cents=100)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, world: World) -> Any:
    """Run a command on what the practice holds; its output."""

    def scanned(*_: object) -> Store:
        return Store(tuple(world.records.tables.tables["records"].values()))

    monkeypatch.setattr(remittances, "target", lambda _stage: _Where())
    monkeypatch.setattr(Store, "scanned", scanned)

    def run(*arguments: str) -> str:
        answer = CliRunner().invoke(money.remit, list(arguments))
        assert answer.exit_code == 0, answer.output
        return answer.output

    return run


class _Where:
    aws = deployment = None


def test_a_copy_is_listed_beside_the_file_it_copies(world: World, asked: Any) -> None:
    world.remit(remittance_file(PAID), "monday.x12")
    world.remit(remittance_file(PAID), "tuesday.x12")

    shown = asked("files")

    assert shown.startswith("2 files: ")
    assert "1 duplicate" in shown
    assert "duplicate file: nothing new in it" in shown
    assert "monday.x12" in shown
    assert "copy of R" in shown


def test_a_refused_file_says_why(world: World, asked: Any) -> None:
    world.receive(b"this is no X12 at all", "garbage.x12")

    assert "cannot be read" in asked("files")


def test_nothing_that_came_is_said_to_be_nothing(asked: Any) -> None:
    assert "none came yet" in asked("files")
    assert "Nothing is being posted, and nothing is kept aside." in asked("progress")


def test_a_large_payment_shows_how_far_it_is(world: World, asked: Any) -> None:
    claims = [answered({}, pcn=f"P{number}", pccn=f"I{number}") for number in range(250)]
    reading = world.receive(remittance_file(*claims))
    world.post(reading["batches"][0])

    assert "100 of 250 claims" in asked("progress")
    (found,) = json.loads(asked("progress", "--json"))
    assert (found["batches_posted"], found["claims_posted"]) == (1, 100)


def test_what_is_kept_aside_shows_its_three_differences_and_what_to_do(
    world: World, asked: Any
) -> None:
    world.receive(file_of(payment(SHORT)))

    shown = asked("progress")

    assert "line: 1 place, 100 cents" in shown
    assert "transaction: 0 places, 0 cents" in shown
    assert "remit release Q" in shown


def test_what_can_never_be_released_says_so(world: World, asked: Any) -> None:
    world.receive(remittance_file(PAID, usage="T"))

    assert "can never be released" in asked("progress")


def test_a_release_needs_a_reason_or_somebody_elses_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remittances, "as_person", lambda *_, **__: pytest.fail("asked"))

    answer = CliRunner().invoke(money.remit, ["release", "Q1", "--as", "ana"])

    assert answer.exit_code == 2
    assert "--reason" in answer.output


@pytest.mark.parametrize(
    ("arguments", "outcome", "said"),
    [
        (["--reason", "confirmed"], "requested", "a second person must agree"),
        (["--approve"], "released", "will be posted as R1"),
    ],
)
def test_a_release_says_what_comes_next(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], outcome: str, said: str
) -> None:
    sent: dict[str, Any] = {}

    def as_person(*_: object, **call: Any) -> dict[str, Any]:
        sent.update(call)
        return {"outcome": outcome, "remittance_id": "R1"}

    monkeypatch.setattr(remittances, "as_person", as_person)
    monkeypatch.setattr(remittances, "target", lambda _stage: _Where())

    answer = CliRunner().invoke(money.remit, ["release", "Q1", "--as", "ana", *arguments])

    assert said in answer.output
    assert sent["data"]["actor"] == "ana"
    assert sent["function"] == "ReleaseRemittance"
