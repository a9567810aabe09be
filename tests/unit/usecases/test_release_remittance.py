"""What does not balance is posted only when one person asks with a reason and another agrees; some things never are."""

import pytest

from functions.billing.domain.errors import (
    ForbiddenTransitionError,
    RecordNotFoundError,
    SegregationError,
)
from functions.billing.domain.ledger.accounts import Account
from functions.billing.domain.ledger.balances import prove
from functions.billing.usecases.read_remittance import (
    ReadRemittance,
    RemittanceFilePorts,
    read_remittance,
)
from functions.billing.usecases.release_remittance import ReleaseRemittance, release_remittance
from tests.builders import CAUSE
from tests.unit.usecases.payer_files import answered, file_of, payment, remittance_file
from tests.unit.usecases.world import World, batches_of

PAID = answered({"CO-45": 5_200, "PR-3": 2_500})
SHORT = answered({"CO-45": 5_200, "PR-3": 2_500}, short_cents=100)


class Kept(World):
    """A claim whose payment is in quarantine."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted()

    def decide(self, decision: str, actor: str, reason: str = "") -> dict[str, object]:
        (identifier,) = (
            item["remittance_id"]
            for item in self.of_kind("REMITTANCE")
            if item["remittance_id"].startswith("Q")
        )
        command = ReleaseRemittance(
            remittance_id=identifier,
            decision=decision,  # type: ignore[arg-type]
            actor=actor,
            reason=reason,
        )
        return release_remittance(command, CAUSE, records=self.records, clock=self.clock)

    def release(self) -> str:
        self.decide("request", "ana", "the payer confirmed the difference by telephone")
        return str(self.decide("approve", "ben")["remittance_id"])

    def post_released(self, identifier: str) -> str:
        """What the workflow does when it hears of the release."""
        ports = RemittanceFilePorts(
            records=self.records, evidence=self.evidence, intake=self.intake, clock=self.clock
        )
        reading = read_remittance(ReadRemittance(remittance_id=identifier), CAUSE, ports)
        if reading["outcome"] != "ready":
            return str(reading["outcome"])
        for batch in batches_of(reading):
            self.post(batch)
        return self.reconcile(reading["remittances"])  # type: ignore[arg-type]


@pytest.fixture
def world() -> Kept:
    return Kept()


def test_two_persons_and_a_reason_have_it_posted_as_it_is(world: Kept) -> None:
    world.receive(remittance_file(PAID, payment_cents=7_400))

    identifier = world.release()

    assert world.event("remittance.released") == {"remittance_id": identifier}
    assert world.post_released(identifier) == "posted"
    assert world.balance().paid_by_payer_cents == 7_300
    assert prove(world.postings()).holds


def test_what_a_line_misses_is_not_invented_but_stays_owed(world: Kept) -> None:
    world.receive(remittance_file(SHORT))

    world.post_released(world.release())

    assert world.account(Account.REMITTANCE_CLEARING) == 7_200
    assert world.account(Account.INSURANCE_RECEIVABLE) == 100
    assert prove(world.postings()).holds


def test_only_the_released_payment_of_its_file_is_posted(world: Kept) -> None:
    other = payment(answered({}, pcn="P2", pccn="I2"), trace="EFT2", payment_cents=1)
    world.receive(file_of(payment(PAID), other))

    world.post_released(world.release())

    posted = {item["remittance_id"]: item.get("state") for item in world.of_kind("REMITTANCE")}
    assert sorted(map(str, posted.values())) == ["None", "posted", "released"]


def test_who_asked_and_who_agreed_is_on_record_with_the_differences(world: Kept) -> None:
    world.receive(remittance_file(SHORT))

    world.release()

    entries = [
        item
        for item in world.of_kind("HISTORY")
        if item["step"] == "release_remittance" and item["pk"].startswith("REMITTANCE#Q")
    ]
    assert [(one["actor"], one["decision"]) for one in entries] == [
        ("ana", "release_requested"),
        ("ben", "released"),
    ]
    assert "line: 1 place, 100 cents" in entries[0]["facts"]["differences"]
    kept = next(one for one in world.of_kind("REMITTANCE") if one.get("state") == "released")
    assert kept["release"]["reason"] == "the payer confirmed the difference by telephone"


def test_a_request_is_work_for_a_second_person_and_the_release_ends_all_work(world: Kept) -> None:
    world.receive(remittance_file(SHORT))
    world.decide("request", "ana", "confirmed")
    assert world.open_work() == {
        "remittance_unbalanced": "finance",
        "release_approval_required": "finance",
    }

    world.decide("approve", "ben")

    assert world.open_work() == {}


def test_one_person_alone_releases_nothing(world: Kept) -> None:
    world.receive(remittance_file(SHORT))
    with pytest.raises(ForbiddenTransitionError, match="release_not_requested"):
        world.decide("approve", "ana")
    world.decide("request", "ana", "confirmed")

    with pytest.raises(SegregationError, match="requester_may_not_approve"):
        world.decide("approve", "ana")
    assert "remittance.released" not in world.event_types()


def test_a_request_without_a_reason_is_refused(world: Kept) -> None:
    world.receive(remittance_file(SHORT))

    with pytest.raises(ForbiddenTransitionError, match="release_without_reason"):
        world.decide("request", "ana", "  ")


NEVER = {
    "a test": remittance_file(PAID, usage="T"),
    "a test out of balance": remittance_file(SHORT, usage="T"),
    "a broken one": remittance_file(PAID)[:-90],
}


@pytest.mark.parametrize("what", NEVER)
def test_what_is_more_than_unbalanced_is_never_released(world: Kept, what: str) -> None:
    world.receive(NEVER[what])

    with pytest.raises(ForbiddenTransitionError, match="remittance_not_releasable"):
        world.decide("request", "ana", "please")


def test_a_payment_that_came_corrected_meanwhile_is_not_posted_twice(world: Kept) -> None:
    world.receive(remittance_file(SHORT, payment_cents=7_300), "broken.x12")
    world.decide("request", "ana", "confirmed")
    assert world.remit(remittance_file(PAID), "repaired.x12") == "posted"

    with pytest.raises(ForbiddenTransitionError, match="payment_already_posted"):
        world.decide("approve", "ben")
    assert world.balance().paid_by_payer_cents == 7_300


def test_a_corrected_copy_ends_the_work_about_the_one_in_quarantine(world: Kept) -> None:
    world.receive(remittance_file(SHORT, payment_cents=7_300), "broken.x12")
    world.decide("request", "ana", "confirmed")
    assert set(world.open_work()) == {"release_approval_required", "remittance_unbalanced"}

    world.remit(remittance_file(PAID), "repaired.x12")

    assert not world.open_work()
    assert sorted(one["state"] for one in world.of_kind("REMITTANCE")) == ["posted", "replaced"]
    assert {one["resolution"] for one in world.of_kind("WORK")} == {"came_again_corrected"}


def test_a_payment_of_the_same_trace_ends_no_work_about_another(world: Kept) -> None:
    world.receive(remittance_file(SHORT, payment_cents=7_200), "broken.x12")

    world.remit(remittance_file(PAID), "other.x12")

    assert set(world.open_work()) == {"remittance_unbalanced"}


def test_a_conflict_stays_for_a_person_when_the_payment_it_contradicts_is_posted(
    world: Kept,
) -> None:
    first = world.receive(remittance_file(PAID), "first.x12")
    assert (
        world.receive(remittance_file(SHORT, payment_cents=7_300), "second.x12")["outcome"]
        == "quarantined"
    )

    for batch in first["batches"]:
        world.post(batch)
    world.reconcile(first["remittances"])

    assert set(world.open_work()) == {"remittance_same_payment_other_content"}


def test_a_corrected_copy_after_the_release_is_kept_aside(world: Kept) -> None:
    world.receive(remittance_file(SHORT, payment_cents=7_300), "broken.x12")
    world.post_released(world.release())

    assert world.remit(remittance_file(PAID), "repaired.x12") == "quarantined"
    assert "remittance_same_payment_other_content" in world.open_work()


def test_a_release_heard_of_twice_posts_once(world: Kept) -> None:
    world.receive(remittance_file(SHORT))
    identifier = world.release()
    world.post_released(identifier)
    before = world.snapshot()

    assert world.decide("approve", "ben")["outcome"] == "already_released"
    assert world.post_released(identifier) == "duplicate"
    assert world.snapshot() == before


def test_nobody_releases_what_is_not_there(world: Kept) -> None:
    command = ReleaseRemittance(remittance_id="QNONE", decision="request", actor="ana", reason="x")

    with pytest.raises(RecordNotFoundError):
        release_remittance(command, CAUSE, records=world.records, clock=world.clock)
