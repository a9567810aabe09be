"""A silent claim is asked about; whatever the payer says, nothing is sent again because of it."""

from decimal import Decimal

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.submission.inquiry import (
    FollowUp,
    NextStep,
    StatusVerdict,
    Told,
    next_step,
)
from functions.billing.usecases.inquire_status import InquireStatus, InquiryPorts, inquire_status
from functions.billing.usecases.resolve_submission import ResolveSubmission, resolve_submission
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from functions.billing.x12 import (
    InquiredClaim,
    Party,
    Period,
    StatusInquiry,
    StatusInquirySubscriber,
    StatusResponse,
    Transaction,
    read,
)
from functions.billing.x12.status_277 import (
    ClaimStatus,
    StatusProvider,
    StatusReceiver,
    StatusSource,
    StatusSubscriber,
)
from functions.billing.x12.values import StatusCode, StatusInformation
from tests.builders import CAUSE, SERVICE_DAY, released_claim
from tests.unit.usecases.payer_files import SENT_ON, Said, file_of, front_door_file, syntax_file
from tests.unit.usecases.world import CLAIM, PCN, World, caused_by


def status_file(trace: str, code: str, *, number: str = "", paid: str = "") -> bytes:
    """A 277 for one claim; `code` as `P1:20`."""
    category, _, status = code.partition(":")
    information = StatusInformation(
        codes=(StatusCode(category, status),), paid=Decimal(paid) if paid else None
    )
    claim = ClaimStatus(
        trace_number=trace,
        statuses=(information,),
        payer_claim_control_number=number or None,
        control_number=PCN,
    )
    subscriber = StatusSubscriber(
        party=Party(role="IL", kind="1", name="QUILLFEATHER"), claims=(claim,)
    )
    provider = StatusProvider(
        provider=Party(role="1P", kind="2", name="SPRINGFIELD CLINIC"), subscribers=(subscriber,)
    )
    receiver = StatusReceiver(
        receiver=Party(role="41", kind="2", name="EXAMPLE CLINICS"), providers=(provider,)
    )
    return file_of(
        StatusResponse(
            reference="S1",
            created_on=SENT_ON.date(),
            created_at="0830",
            sources=(
                StatusSource(
                    payer=Party(role="PR", kind="2", name="BLUE PEAK HEALTH"),
                    receivers=(receiver,),
                ),
            ),
        )
    )


def question(body: bytes) -> StatusInquiry:
    (item,) = read(body, name="276")
    assert isinstance(item, Transaction)
    assert isinstance(item.body, StatusInquiry)
    return item.body


def asked_claim(body: bytes) -> tuple[InquiredClaim, StatusInquirySubscriber]:
    (source,) = question(body).sources
    (subscriber,) = source.receivers[0].providers[0].subscribers
    return subscriber.claims[0], subscriber


class Silent(World):
    """A claim that was sent and then never heard of."""

    def __init__(self) -> None:
        super().__init__()
        self.submitted()
        self.runs = 0

    def answers(self, code: str, **more: str) -> None:
        self.clearinghouse.status_answer = lambda body: status_file(
            asked_claim(body)[0].trace_number, code, **more
        )

    def ask(self, cause_id: str = "") -> str:
        self.runs += 1
        self.clock.advance(days=7)
        outcome = inquire_status(
            InquireStatus(claim_id=CLAIM),
            caused_by("claim.status.due", cause_id or f"due_{self.runs}"),
            InquiryPorts(
                records=self.records,
                clearinghouse=self.clearinghouse,
                control_numbers=self.control_numbers,
                rule_sets=self.rule_sets,
                clock=self.clock,
            ),
        )
        return str(outcome["outcome"])


@pytest.fixture
def world() -> Silent:
    return Silent()


def test_the_question_names_the_claim_by_number_charge_and_days(world: Silent) -> None:
    world.answers("P1:20")
    world.ask()

    asked, subscriber = asked_claim(world.clearinghouse.questions[0])
    assert (asked.control_number, asked.charge_cents) == (PCN, 15_000)
    assert asked.service_period == Period(SERVICE_DAY, SERVICE_DAY)
    assert (subscriber.party.id, subscriber.party.name) == ("ABC123456789", "QUILLFEATHER")


def test_the_payers_number_goes_along_once_it_is_known(world: Silent) -> None:
    world.answers("P1:20", number="ICN5")
    world.ask()
    world.ask()

    asked, _ = asked_claim(world.clearinghouse.questions[1])
    assert asked.payer_claim_control_number == "ICN5"


def test_a_pending_claim_is_asked_about_again_at_the_payers_pace(world: Silent) -> None:
    world.answers("P1:20", number="ICN5")

    assert world.ask() == "pending"
    claim = world.claim()
    assert (claim.state, claim.due_kind) == (ClaimState.SUBMITTED, "AWAITING_STATUS")
    assert claim.due_at is not None
    assert (claim.due_at - world.clock.now()).days == 7
    assert claim.payer_claim_control_number == "ICN5"
    assert world.open_work() == {}
    assert world.event("claim.status.answered")["codes"] == ["P1:20"]


def test_asking_stops_when_the_policy_says_so_and_a_person_takes_over(world: Silent) -> None:
    world.answers("P1:20")

    assert [world.ask() for _ in range(3)] == ["pending"] * 3
    assert world.claim().due_kind == ""
    assert world.open_work() == {"payer_keeps_silent": "billing"}


@pytest.mark.parametrize(
    ("code", "work"),
    [
        ("F1:65", {"payer_decided_without_remittance": "finance"}),
        ("F2:585", {"payer_decided_without_remittance": "finance"}),
        ("R1:21", {"payer_requests_information": "billing"}),
        ("E0:24", {"payer_cannot_answer": "billing"}),
    ],
)
def test_what_needs_a_person_is_given_to_one_at_once(
    world: Silent, code: str, work: dict[str, str]
) -> None:
    world.answers(code)
    world.ask()

    assert world.open_work() == work
    assert world.claim().due_kind == ""


@pytest.mark.parametrize("code", ["D0:35", "A4:35"])
def test_not_found_is_never_proof(world: Silent, code: str) -> None:
    world.answers(code)

    assert world.ask() == "not_found"
    assert world.open_work() == {}
    assert world.ask() == "not_found"
    assert world.open_work() == {"payer_does_not_find_claim": "billing"}
    assert world.claim().state is ClaimState.SUBMITTED
    assert len(world.clearinghouse.received) == 1


def test_not_found_sends_no_claim_of_unknown_outcome_again() -> None:
    world = Silent.__new__(Silent)
    World.__init__(world, idempotency_window_hours=0, lookup_is_authoritative=False)
    world.runs = 0
    released_claim(world.records)
    world.clearinghouse.faults = ["lost_answer"]
    submit_claim(SubmitClaim(claim_id=CLAIM), CAUSE, world.sending)
    world.clearinghouse.lookup_fault = True
    world.clock.advance(hours=1)
    resolve_submission(ResolveSubmission(claim_id=CLAIM), CAUSE, world.sending)
    world.answers("D0:35")

    assert [world.ask(), world.ask()] == ["not_found", "not_found"]
    assert world.claim().state is ClaimState.OUTCOME_UNKNOWN
    assert len(world.clearinghouse.received) == 1


def test_a_payer_out_of_reach_changes_nothing_and_is_asked_at_the_next_time(world: Silent) -> None:
    before = world.snapshot()

    assert world.ask() == "unavailable"
    assert world.snapshot() == before


def test_an_answer_to_another_question_is_no_answer(world: Silent) -> None:
    world.clearinghouse.status_answer = lambda _: status_file("999999999", "F1:65")

    assert world.ask() == "unavailable"


def test_a_file_that_is_no_277_is_no_answer(world: Silent) -> None:
    world.clearinghouse.status_answer = lambda _: syntax_file("1")

    assert world.ask() == "unavailable"


def test_a_claim_answered_for_meanwhile_is_not_asked_about(world: Silent) -> None:
    world.acknowledge(front_door_file(Said(PCN, "A3:21")))

    assert world.ask() == "not_needed"
    assert world.clearinghouse.questions == []


def test_the_same_event_again_asks_once(world: Silent) -> None:
    world.answers("P1:20")
    world.ask("due_1")

    assert world.ask("due_1") == "not_needed"
    assert len(world.clearinghouse.questions) == 1


def test_every_verdict_either_asks_again_or_finds_a_person() -> None:
    follow_up = FollowUp(inquiries_max=5)
    for verdict in StatusVerdict:
        told = Told(verdict=verdict)
        earlier: list[Told] = []
        while next_step(told, tuple(earlier), follow_up) is NextStep.ASK_AGAIN:
            earlier.append(told)
        assert len(earlier) < follow_up.inquiries_max
