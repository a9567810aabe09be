"""A denial gets its class and its answer; an appeal goes level by level until the payer or we are through."""

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from functions.billing.domain.appeals.case import Appeal
from functions.billing.domain.appeals.decisions import Decision
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.errors import (
    ClearinghouseUnavailableError,
    ContractError,
    ForbiddenTransitionError,
    RecordNotFoundError,
)
from functions.billing.domain.records import Encounter, Payer, PayerKind
from functions.billing.usecases.assemble_appeal import (
    AppealPorts,
    AssembleAppeal,
    assemble_appeal,
)
from functions.billing.usecases.classify_denial import ClassifyDenial, classify_denial
from functions.billing.usecases.decide_appeal import DecideAppeal, decide_appeal
from functions.billing.usecases.respond_to_denial import RespondToDenial, respond_to_denial
from functions.billing.usecases.sending import RELEASED
from functions.billing.usecases.submit_appeal import (
    AppealSendingPorts,
    SubmitAppeal,
    submit_appeal,
)
from functions.billing.usecases.submit_file import SubmitFile, submit_file
from functions.billing.x12 import Transaction
from functions.billing.x12 import read as read_x12
from tests.builders import CAUSE, COVERAGE, DOCTOR, encounter, released_claim, store
from tests.unit.usecases.payer_files import Answered, Paid, Said, front_door_file
from tests.unit.usecases.test_adjust_balance import with_encounter
from tests.unit.usecases.world import CLAIM, PCN, World

MEDICAL_NECESSITY = "CO-50"
OTHER = "COTHERCLAIM1"


class Denied(World):
    """A claim one line of which was denied with a code."""

    def __init__(
        self, code: str, *remarks: str, visit: Encounter | None = None, **connector: object
    ) -> None:
        super().__init__(**connector)
        self.submitted(visit)
        with_encounter(self)
        self.acknowledge(front_door_file(Said(PCN, "A2:20", "ICN0001")))
        line = Paid(split={code: 15_000}, remarks=remarks)
        self.pay(Answered(status="4", lines=(line,)))
        self.denial_id: str = self.only("DENIAL")["denial_id"]

    @property
    def denial(self) -> dict[str, Any]:
        return self.only("DENIAL")

    @property
    def appeal(self) -> Appeal:
        appeal_id = self.only("APPEAL")["appeal_id"]
        found = self.records.get(Appeal, Appeal.key_of(appeal_id))
        assert found is not None
        return found

    def classify(self) -> str:
        command = ClassifyDenial(denial_id=self.denial_id)
        outcome = classify_denial(
            command, CAUSE, records=self.records, rule_sets=self.rule_sets, clock=self.clock
        )
        return str(outcome["outcome"])

    def respond(self) -> str:
        command = RespondToDenial(denial_id=self.denial_id)
        outcome = respond_to_denial(
            command, CAUSE, records=self.records, rule_sets=self.rule_sets, clock=self.clock
        )
        return str(outcome["outcome"])

    def assemble(self) -> str:
        ports = AppealPorts(
            records=self.records,
            evidence=self.evidence,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )
        command = AssembleAppeal(appeal_id=self.appeal.appeal_id)
        return str(assemble_appeal(command, CAUSE, ports)["outcome"])

    def send(self) -> str:
        ports = AppealSendingPorts(
            records=self.records,
            evidence=self.evidence,
            clearinghouse=self.clearinghouse,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )
        command = SubmitAppeal(appeal_id=self.appeal.appeal_id)
        return str(submit_appeal(command, CAUSE, ports)["outcome"])

    def decide(self, decision: str, level: int = 1) -> str:
        command = DecideAppeal(
            appeal_id=self.appeal.appeal_id,
            level=level,
            decision=Decision(decision),
            decided_on=date(2026, 4, 1),
        )
        outcome = decide_appeal(
            command, CAUSE, records=self.records, rule_sets=self.rule_sets, clock=self.clock
        )
        return str(outcome["outcome"])


def payer(payer_id: str, kind: PayerKind, member_id: str) -> Encounter:
    """A visit of a member of another payer."""
    insured = replace(
        COVERAGE, payer=Payer(payer_id=payer_id, name=payer_id, kind=kind), member_id=member_id
    )
    return encounter(coverages=(insured,), rendering_provider=DOCTOR)


# Classes -----------------------------------------------------------------------------------

CLASSES = {
    "CO-27": "eligibility",
    "CO-197": "authorization",
    "CO-11": "coding",
    "CO-97": "bundling",
    "CO-29": "timely_filing",
    "OA-18": "duplicate",
    "OA-22": "coordination_of_benefits",
    "CO-31": "demographic_mismatch",
    "CO-50": "payer_specific_edit",
}


@pytest.mark.parametrize("code", CLASSES)
def test_every_class_of_denial_is_told_by_its_code(code: str) -> None:
    world = Denied(code)

    assert world.classify() == "classified"

    assert world.denial["bucket"] == CLASSES[code]
    event = world.event("denial.classified")
    assert (event["bucket"], event["denial_id"]) == (CLASSES[code], world.denial_id)
    assert event["table_version"].startswith("sha256:")


def test_a_code_nobody_knows_is_unmapped_and_a_person_classifies_it() -> None:
    world = Denied("CO-999")

    assert world.classify() == "unmapped"
    assert world.respond() == "work_opened"
    assert world.denial["bucket"] == "unmapped"
    assert world.open_work()["denial_unmapped"] == "billing"


def test_a_remark_code_refines_the_class() -> None:
    world = Denied("CO-16", "MA36")

    world.classify()

    assert world.denial["bucket"] == "demographic_mismatch"


def test_a_denial_is_classified_once() -> None:
    world = Denied("CO-27")
    first = world.classify()
    before = world.snapshot()

    assert world.classify() == first
    assert world.snapshot() == before


def test_a_denial_nobody_knows_is_an_error_with_its_id() -> None:
    world = Denied("CO-27")
    world.denial_id = "DNOBODY"

    with pytest.raises(RecordNotFoundError, match="DNOBODY"):
        world.classify()
    with pytest.raises(RecordNotFoundError, match="DNOBODY"):
        world.respond()


# Answers -----------------------------------------------------------------------------------

QUEUES = {
    "CO-27": "front_desk",
    "CO-197": "authorization",
    "CO-11": "coding",
    "CO-97": "coding",
    "OA-18": "billing",
    "OA-22": "front_desk",
    "CO-31": "front_desk",
}


@pytest.mark.parametrize("code", QUEUES)
def test_each_class_goes_to_the_people_who_can_mend_it(code: str) -> None:
    world = Denied(code)
    world.classify()

    assert world.respond() in {"acted", "work_opened"}
    assert world.open_work()[f"denial_{CLASSES[code]}"] == QUEUES[code]
    assert world.denial["state"] == "responded"


def test_a_denial_for_coverage_asks_the_payer_about_the_coverage_again() -> None:
    world = Denied("CO-27")
    world.classify()
    world.respond()

    assert world.event("eligibility.recheck.requested") == {
        "coverage_id": "coverage-1",
        "claim_id": world.claim().claim_id,
    }


def test_a_duplicate_denial_is_never_sent_again() -> None:
    world = Denied("OA-18")
    world.classify()
    world.respond()

    assert world.denial["resubmission"] == "suppress"


def test_a_denial_is_answered_once() -> None:
    world = Denied("CO-27")
    world.classify()
    world.respond()
    before = world.snapshot()

    assert world.respond() == "already_responded"
    assert world.snapshot() == before


def test_an_unclassified_denial_is_not_answered() -> None:
    with pytest.raises(RecordNotFoundError, match="denial_not_classified"):
        Denied("CO-27").respond()


@pytest.mark.parametrize("code", ["CO-27", MEDICAL_NECESSITY])
def test_in_observe_mode_it_is_told_what_would_be_done_and_nothing_is_done(code: str) -> None:
    world = Denied(code, visit=payer("OPENMKT", PayerKind.EXCHANGE, "OM123"))
    world.classify()

    assert world.respond() == "observed"

    assert world.denial["mode"] == "observe"
    assert world.of_kind("APPEAL") == []
    assert world.records.events("eligibility.recheck.requested") == []
    told = [
        each
        for each in world.of_kind("HISTORY")
        if each["pk"] == f"DENIAL#{world.denial_id}" and each["step"] == "respond_to_denial"
    ]
    assert [each["decision"].partition("_")[0] for each in told] == ["would"]
    assert f"denial_{CLASSES[code]}" in world.open_work()


def test_in_assist_mode_a_person_decides_on_the_appeal() -> None:
    world = Denied(MEDICAL_NECESSITY)
    policy = world.rule_sets.contents["automation"]
    line = {"step": "respond_to_denial", "mode": "assist", "reason": "test"}
    world.rule_sets.contents["automation"] = {**policy, "settings": [line]}
    world.classify()

    assert world.respond() == "work_opened"
    assert world.of_kind("APPEAL") == []


# Appeals -----------------------------------------------------------------------------------


@pytest.fixture
def appealed() -> Denied:
    world = Denied(MEDICAL_NECESSITY)
    world.classify()
    assert world.respond() == "appeal_opened"
    return world


def test_a_denial_worth_an_appeal_opens_one_with_the_payers_deadline(appealed: Denied) -> None:
    appeal = appealed.appeal
    assert (appeal.level, appeal.amount_cents) == (1, 15_000)
    assert appeal.deadline == (appealed.clock.now() + timedelta(days=180)).date()
    assert appealed.denial["state"] == "appealed"
    assert appealed.event("appeal.opened")["level"] == 1


def test_the_packet_holds_what_the_class_needs_each_document_with_its_hash(
    appealed: Denied,
) -> None:
    assert appealed.assemble() == "ready"

    packet = appealed.evidence.fetch(appealed.appeal.packet_key).decode()
    for role in ("cover_letter", "claim", "remittance", "proof_of_filing", "medical_record"):
        assert role in packet
    assert appealed.appeal.packet_sha256
    assert "QUILLFEATHER" not in packet


class DeniedOfAFile(Denied):
    """The same of a claim that went with another one in a file."""

    def __init__(self) -> None:
        super().__init__(MEDICAL_NECESSITY, claims_per_file=2, file_wait_minutes=0)

    def submitted(self, visit: Encounter | None = None, *, claim_id: str = CLAIM) -> Claim:
        for one in (OTHER, claim_id):
            released = released_claim(self.records, visit, claim_id=one)
            store(self.records, replace(released, due_kind=RELEASED, due_at=self.clock.now()))
        assert submit_file(SubmitFile(), CAUSE, self.sending)["came_to"] == "submitted"
        return self.claim(claim_id)


def test_the_packet_about_a_claim_of_a_file_holds_that_claim_and_no_other() -> None:
    world = DeniedOfAFile()
    world.classify()
    world.respond()

    assert world.assemble() == "ready"

    packet = json.loads(world.evidence.fetch(world.appeal.packet_key))
    (document,) = [one for one in packet["documents"] if one["role"] == "claim"]
    body = world.evidence.fetch(document["key"])
    ((_, sent),) = world.clearinghouse.received
    assert (sent.count(b"ST*837"), OTHER.encode() in sent) == (2, True)
    assert (body.count(b"ST*837"), OTHER.encode() in body) == (1, False)
    assert PCN.encode() in body
    assert hashlib.sha256(body).hexdigest() == document["sha256"]
    (item,) = read_x12(body)
    assert isinstance(item, Transaction)


def test_a_missing_document_is_work_due_before_the_deadline() -> None:
    world = Denied(MEDICAL_NECESSITY)
    world.classify()
    world.respond()
    table = world.rule_sets.contents["appeals"]
    needs = {**table["documents"], "payer_specific_edit": ["cover_letter", "eligibility_answer"]}
    world.rule_sets.contents["appeals"] = {**table, "documents": needs}

    assert world.assemble() == "incomplete"
    assert world.assemble() == "incomplete"

    (work,) = [
        each for each in world.of_kind("WORK") if each["reason"] == "appeal_documents_missing"
    ]
    assert work["fields"] == ["eligibility_answer"]
    assert world.appeal.deadline is not None
    assert work["due_at"] < world.appeal.deadline.isoformat()
    assert world.appeal.state == "opened"


def test_an_appeal_is_sent_once_with_its_manifest_only(appealed: Denied) -> None:
    appealed.assemble()

    assert appealed.send() == "submitted"
    assert appealed.send() == "already_sent"

    (body,) = appealed.clearinghouse.appeals
    assert body["packet_sha256"] == appealed.appeal.packet_sha256
    assert body["payer_claim_control_number"] == "ICN0001"
    assert body["payer_id"] == "BPK01"
    assert appealed.appeal.receipt == "receipt"
    assert appealed.event("appeal.submitted")["level"] == 1


def test_an_appeal_that_is_not_assembled_is_not_sent(appealed: Denied) -> None:
    assert appealed.send() == "already_sent"
    assert appealed.clearinghouse.appeals == []


def test_a_payer_out_of_reach_leaves_the_appeal_ready_to_be_sent_again(appealed: Denied) -> None:
    appealed.assemble()
    appealed.clearinghouse.faults = ["down"]

    with pytest.raises(ClearinghouseUnavailableError):
        appealed.send()

    assert appealed.appeal.state == "ready"
    appealed.clock.advance(hours=19)
    assert appealed.send() == "submitted"


def test_an_appeal_nobody_answered_for_is_not_sent_again_once_its_key_has_run_out(
    appealed: Denied,
) -> None:
    appealed.assemble()
    appealed.clearinghouse.faults = ["down"]
    with pytest.raises(ClearinghouseUnavailableError):
        appealed.send()
    appealed.clock.advance(hours=21)

    assert [appealed.send(), appealed.send()] == ["work_opened", "work_opened"]
    assert appealed.clearinghouse.appeals == []
    assert appealed.open_work()["appeal_outcome_unknown"] == "billing"


def test_an_appeal_refused_at_the_door_is_work_for_billing(appealed: Denied) -> None:
    appealed.assemble()
    appealed.clearinghouse.refusal = "UNKNOWN_CLAIM"

    assert appealed.send() == "refused"
    assert appealed.send() == "refused"
    assert appealed.open_work()["appeal_refused_at_the_door"] == "billing"
    assert appealed.appeal.state == "ready"


def test_where_a_person_sends_appeals_the_packet_is_prepared_and_proposed() -> None:
    world = Denied(MEDICAL_NECESSITY, visit=payer("STATECAID", PayerKind.MEDICAID, "1234567890"))
    world.classify()
    world.respond()
    world.assemble()

    assert world.send() == "work_opened"
    assert world.clearinghouse.appeals == []
    assert world.open_work()["appeal_ready_to_send"] == "billing"


def test_the_answer_to_an_appeal_a_person_sent_is_taken_down() -> None:
    world = Denied(MEDICAL_NECESSITY, visit=payer("STATECAID", PayerKind.MEDICAID, "1234567890"))
    world.classify()
    world.respond()
    world.assemble()
    world.send()

    assert world.decide("overturned") == "overturned"
    assert "appeal_ready_to_send" not in world.open_work()


def test_a_won_appeal_resolves_its_denial(appealed: Denied) -> None:
    appealed.assemble()
    appealed.send()

    assert appealed.decide("overturned") == "overturned"

    assert appealed.denial["resolution"] == "appeal_overturned"
    assert appealed.event("appeal.decided")["decision"] == "overturned"


def test_an_upheld_level_opens_the_next_with_a_deadline_from_the_decision(
    appealed: Denied,
) -> None:
    appealed.assemble()
    appealed.send()

    assert appealed.decide("upheld") == "upheld_next_level"

    appeal = appealed.appeal
    assert (appeal.level, appeal.state) == (2, "opened")
    assert appeal.deadline == date(2026, 5, 31)
    assert appealed.assemble() == "ready"
    assert appealed.send() == "submitted"
    assert [body["level"] for body in appealed.clearinghouse.appeals] == [1, 2]


def test_the_last_level_lost_ends_the_appeal_with_work_for_finance(appealed: Denied) -> None:
    for level in (1, 2):
        appealed.assemble()
        appealed.send()
        outcome = appealed.decide("upheld", level)

    assert outcome == "upheld_final"
    assert appealed.open_work()["appeal_lost"] == "finance"
    assert appealed.denial["resolution"] == "appeal_upheld"


def test_a_decision_heard_twice_says_the_same_and_changes_nothing(appealed: Denied) -> None:
    appealed.assemble()
    appealed.send()
    first = appealed.decide("upheld")
    before = appealed.snapshot()

    assert appealed.decide("upheld") == first
    assert appealed.snapshot() == before


def test_a_decision_on_a_level_that_is_not_with_the_payer_is_refused(appealed: Denied) -> None:
    appealed.assemble()
    appealed.send()

    with pytest.raises(ContractError, match="appeal_level_unexpected"):
        appealed.decide("overturned", level=2)


def test_a_decision_on_an_appeal_that_was_never_ready_is_refused(appealed: Denied) -> None:
    with pytest.raises(ForbiddenTransitionError):
        appealed.decide("overturned")


def test_an_appeal_nobody_knows_is_an_error_with_its_id(appealed: Denied) -> None:
    command = AssembleAppeal(appeal_id="PNOBODY")
    ports = AppealPorts(
        records=appealed.records,
        evidence=appealed.evidence,
        rule_sets=appealed.rule_sets,
        clock=appealed.clock,
    )

    with pytest.raises(RecordNotFoundError, match="PNOBODY"):
        assemble_appeal(command, CAUSE, ports)
