"""What a first payer leaves is billed to the second: once, with the first one's answer, and no revenue twice."""

from dataclasses import replace

import pytest

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.ledger.balances import prove
from functions.billing.domain.records import CoverageRank, Payer, PayerKind
from functions.billing.usecases.bill_next_payer import BillNextPayer, bill_next_payer
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from functions.billing.x12 import ProfessionalClaims, Transaction
from functions.billing.x12 import read as read_x12
from tests.builders import COVERAGE, encounter, rule_set_contents, store
from tests.fakes import FixedRuleSets
from tests.unit.usecases.payer_files import answered
from tests.unit.usecases.world import CLAIM, PCN, World, caused_by

DUE = caused_by("next_payer.due")
NEXT = f"{CLAIM}-S"
SECOND = replace(
    COVERAGE,
    coverage_id="coverage-2",
    rank=CoverageRank.SECONDARY,
    payer=Payer(payer_id="OPENMKT", name="Open Market Plan", kind=PayerKind.EXCHANGE),
    member_id="OPN12345678",
)
FIRST_ANSWER = {"CO-45": 5_200, "PR-2": 2_000}
"""Of 150.00 the first payer pays 78.00."""


class TwoPayers(World):
    """A claim of a patient with two insurances, sent to the first."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted(encounter(coverages=(COVERAGE, SECOND)))

    def bill_next(self) -> str:
        outcome = bill_next_payer(
            BillNextPayer(claim_id=CLAIM),
            DUE,
            records=self.records,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )
        return str(outcome["outcome"])

    def send_next(self) -> None:
        staged = self.claim(NEXT)
        store(self.records, staged.moved(ClaimState.VALIDATED, validated_at=self.clock.now()))
        outcome = submit_claim(SubmitClaim(claim_id=NEXT), DUE, self.sending)
        assert outcome["outcome"] == "submitted"


@pytest.fixture
def world() -> TwoPayers:
    return TwoPayers()


def test_an_answer_that_leaves_something_calls_for_the_next_payer(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))

    assert world.event("next_payer.due") == {
        "claim_id": CLAIM,
        "payer": "BLUEPEAK",
        "amount_cents": 2_000,
    }
    assert world.open_work() == {}


@pytest.mark.parametrize(
    "forwarded",
    [
        {"status": "19"},
        {"remarks": ("MA18",)},
        {"remarks": ("MA07",)},
    ],
)
def test_a_claim_the_payer_forwarded_itself_is_not_sent_twice(
    world: TwoPayers, forwarded: dict[str, object]
) -> None:
    world.pay(answered(FIRST_ANSWER, **forwarded))

    assert "next_payer.due" not in world.event_types()


def test_an_answer_that_leaves_nothing_calls_for_nobody(world: TwoPayers) -> None:
    world.pay(answered({"CO-45": 5_200}))

    assert "next_payer.due" not in world.event_types()
    assert world.bill_next() == "ignored"


def test_the_next_claim_bears_what_was_left_and_the_first_is_closed(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))

    assert world.bill_next() == "staged"
    first, second = world.claim(), world.claim(NEXT)
    assert (first.state, second.state) == (ClaimState.CLOSED, ClaimState.STAGED)
    assert (second.payer_id, second.follows_claim_id) == ("OPENMKT", CLAIM)
    assert second.charge_cents == 15_000
    assert world.balance().outstanding_cents == 0
    owed = world.balance(NEXT)
    assert (owed.insurance_cents, owed.charged_cents, owed.transferred_cents) == (2_000, 0, 2_000)


def test_it_is_made_once_however_often_it_is_called_for(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))
    world.bill_next()
    before = world.snapshot()

    assert world.bill_next() == "staged"
    world.send_next()
    assert world.bill_next() == "ignored"
    assert len([claim for claim in world.of_kind("CLAIM") if claim["claim_id"] == NEXT]) == 1
    assert before.keys() == world.snapshot().keys()


def test_the_second_payer_reads_what_the_first_decided(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))
    world.bill_next()
    world.send_next()

    (item,) = read_x12(world.clearinghouse.received[-1][1], name="sent")
    assert isinstance(item, Transaction)
    assert isinstance(item.body, ProfessionalClaims)
    (sent,) = item.body.claims()
    assert sent.subscriber.payer_responsibility == "S"
    assert sent.claim.control_number == f"{PCN}S"
    (other,) = sent.claim.other_subscribers
    assert other.payer
    assert (other.payer_responsibility, other.payer.id, other.paid_cents) == ("P", "BPK01", 7_800)
    ((decided,),) = (line.adjudications for line in sent.claim.lines)
    assert (decided.payer_id, decided.paid_cents) == ("BPK01", 7_800)
    assert [(one.group, one.reason, one.amount_cents) for one in decided.adjustments] == [
        ("CO", "45", 5_200),
        ("PR", "2", 2_000),
    ]
    assert decided.remaining_liability_cents == 2_000


def test_the_second_payers_payment_settles_the_second_claim(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))
    world.bill_next()
    world.send_next()
    world.pay(
        answered({"OA-23": 13_000, "PR-2": 500}, pcn=f"{PCN}S", status="2", pccn="ICN0002"),
        name="second.x12",
        trace="EFT0000002",
    )

    owed = world.balance(NEXT)
    assert (owed.paid_by_payer_cents, owed.patient_cents, owed.insurance_cents) == (1_500, 500, 0)
    assert world.claim(NEXT).state is ClaimState.ADJUDICATED
    assert world.open_work() == {}
    assert prove(world.postings()).holds


def test_revenue_is_earned_once(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))
    world.bill_next()
    world.send_next()

    assert world.balance().charged_cents + world.balance(NEXT).charged_cents == 15_000


def test_where_automation_is_off_a_person_sends_it(world: TwoPayers) -> None:
    contents = rule_set_contents()
    contents["automation"] = {**contents["automation"], "default": "assist"}
    world.rule_sets = FixedRuleSets(contents)
    world.pay(answered(FIRST_ANSWER))

    assert (world.bill_next(), world.bill_next()) == ("held", "held")
    assert world.open_work() == {"bill_next_payer": "billing"}
    assert world.balance().next_payer_cents == 2_000


def test_an_answer_that_cannot_be_told_line_by_line_is_a_persons(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))
    claim = world.claim()
    stored = world.records.get(StoredContent, StoredContent.key_of(CLAIM, 1))
    assert stored
    (line,) = stored.content.lines
    other = replace(stored.content, lines=(replace(line, line_id="LINE-9999"),))
    store(
        world.records,
        replace(claim, revision=2),
        replace(stored, revision=2, content=other),
    )

    assert world.bill_next() == "held"
    assert world.open_work() == {"next_payer_claim_incomplete": "billing"}


def test_a_first_payer_who_changes_its_answer_is_compared_by_a_person(world: TwoPayers) -> None:
    world.pay(answered(FIRST_ANSWER))
    world.bill_next()
    world.send_next()
    world.pay(
        answered({"CO-45": -5_200, "PR-2": -2_000}, charge_cents=-15_000, status="22"),
        answered({"CO-45": 5_200, "PR-2": 3_500}),
        name="again.x12",
        trace="EFT0000003",
    )

    assert world.balance().next_payer_cents == 1_500
    assert world.bill_next() == "held"
    assert world.open_work()["next_payer_answer_changed"] == "billing"
    assert len([one for one in world.of_kind(Claim.kind) if one["claim_id"] == NEXT]) == 1
