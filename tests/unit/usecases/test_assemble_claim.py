"""An encounter's claims follow its newest document, in whatever order the events come."""

from datetime import datetime, timedelta

import pytest

from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import Cause
from functions.billing.domain.encounters import BillingEncounter, EncounterState
from functions.billing.domain.ledger.accounts import Account
from functions.billing.usecases.assemble_claim import AssembleClaim, assemble_claim
from functions.billing.usecases.classify_denial import ClassifyDenial, classify_denial
from functions.billing.usecases.respond_to_denial import RespondToDenial, respond_to_denial
from functions.billing.usecases.scrub_claim import ScrubClaim, scrub_claim
from functions.billing.usecases.submit_claim import SubmitClaim, submit_claim
from functions.billing.x12 import ProfessionalClaims, Transaction
from functions.billing.x12 import read as read_x12
from tests.builders import CAUSE, read
from tests.fakes import NOON
from tests.unit.usecases.ehr_documents import ENCOUNTER, encounter_document, mapping
from tests.unit.usecases.payer_files import (
    Answered,
    Paid,
    Said,
    front_door_file,
    reversed_answer,
)
from tests.unit.usecases.world import World

CHARGE_CENTS = 14_500


class Practice(World):
    """An EHR that says things of one encounter."""

    def __init__(self) -> None:
        super().__init__()
        self.rule_sets.contents["mapping"] = mapping()
        self.said = 0

    def hear(
        self,
        type_: str = "encounter.signed",
        body: bytes | None = None,
        *,
        at: datetime = NOON,
        cause_id: str = "",
        sha256: str = "",
        is_missing: bool = False,
    ) -> str:
        body = encounter_document() if body is None else body
        self.said += 1
        key = f"ehr/enc/{self.said}.json"
        digest = self.intake.drop(key, body)
        if is_missing:
            del self.intake.dropped[key]
        self.outcome = assemble_claim(
            AssembleClaim(
                encounter_id=ENCOUNTER,
                document_key=key,
                document_sha256=sha256 or digest,
                occurred_at=at,
            ),
            Cause(cause_id or f"evt_{self.said}", type_, "evt_1"),
            records=self.records,
            intake=self.intake,
            rule_sets=self.rule_sets,
            clock=self.clock,
        )
        return str(self.outcome["outcome"])

    @property
    def encounter(self) -> BillingEncounter:
        found = self.records.get(BillingEncounter, BillingEncounter.key_of(ENCOUNTER))
        assert found is not None
        return found

    @property
    def claim_id(self) -> str:
        return self.encounter.claim_ids[0]

    def state(self, ordinal: int = 0) -> ClaimState:
        return read(self.records, self.encounter.claim_ids[ordinal]).state

    def scrub(self) -> str:
        outcome = scrub_claim(
            ScrubClaim(claim_id=self.claim_id),
            CAUSE,
            records=self.records,
            rule_sets=self.rule_sets,
            code_tables=self.code_tables,
            clock=self.clock,
        )
        return str(outcome["outcome"])

    def send(self) -> str:
        self.scrub()
        return str(
            submit_claim(SubmitClaim(claim_id=self.claim_id), CAUSE, self.sending)["outcome"]
        )


@pytest.fixture
def practice() -> Practice:
    return Practice()


# Staging -----------------------------------------------------------------------------------


def test_a_signed_encounter_gives_a_staged_claim_with_its_content(practice: Practice) -> None:
    assert practice.hear() == "staged"

    claim = read(practice.records, practice.claim_id)
    assert practice.outcome["claims"] == [{"claim_id": claim.claim_id}]
    assert (claim.state, claim.charge_cents) == (ClaimState.STAGED, CHARGE_CENTS)
    assert (claim.payer_id, claim.location_id, claim.department) == ("BLUEPEAK", "MAIN", "Clinic")
    assert (claim.service_line, claim.signed_at) == ("primary_care", NOON)
    stored = practice.records.get(StoredContent, StoredContent.key_of(claim.claim_id, 1))
    assert stored is not None
    assert [line.procedure for line in stored.content.lines] == ["99213"]
    assert practice.event("claim.staged")["encounter_id"] == ENCOUNTER
    assert practice.encounter.state is EncounterState.BILLED


def test_an_encounter_that_is_not_signed_yet_waits(practice: Practice) -> None:
    assert practice.hear("charge.signed") == "waiting"

    assert practice.encounter.state is EncounterState.OPEN
    assert practice.of_kind("CLAIM") == []


def test_a_long_encounter_gives_a_claim_for_each_fifty_lines(practice: Practice) -> None:
    assert practice.hear(body=encounter_document(lines=51)) == "staged"

    first, second = practice.of_kind("CLAIM")
    assert second["claim_id"] == f"{first['claim_id']}-2"
    assert (first["charge_cents"], second["charge_cents"]) == (50 * CHARGE_CENTS, CHARGE_CENTS)
    assert len(practice.records.events("claim.staged")) == 2


def test_an_encounter_the_patient_pays_alone_is_not_billed(practice: Practice) -> None:
    assert practice.hear(body=encounter_document(self_pay=True)) == "not_billable"

    assert practice.encounter.reasons == ("self_pay",)
    assert practice.of_kind("CLAIM") == []


def test_insurance_found_later_bills_what_was_self_pay(practice: Practice) -> None:
    practice.hear(body=encounter_document(self_pay=True))

    assert practice.hear("charge.signed", at=NOON + timedelta(hours=1)) == "staged"


# Order and repetition ----------------------------------------------------------------------


@pytest.mark.parametrize("first", ["charge.signed", "diagnosis.finalized", "procedure.coded"])
def test_whatever_comes_before_the_signature_is_kept_until_it_comes(
    practice: Practice, first: str
) -> None:
    practice.hear(first, at=NOON - timedelta(hours=1))

    assert practice.hear() == "staged"
    assert len(practice.encounter.facts_heard) == 2


def test_of_two_documents_the_one_that_happened_later_counts_in_any_order(
    practice: Practice,
) -> None:
    newer = encounter_document(lines=2)
    practice.hear("charge.signed", newer, at=NOON + timedelta(minutes=5))

    practice.hear("encounter.signed", encounter_document(), at=NOON)

    assert read(practice.records, practice.claim_id).charge_cents == 2 * CHARGE_CENTS
    assert practice.encounter.signed_at == NOON


def test_an_event_heard_twice_says_the_same_and_changes_nothing(practice: Practice) -> None:
    practice.hear(cause_id="evt_a")
    first, before = practice.outcome, practice.snapshot()

    practice.hear(cause_id="evt_a")

    assert practice.outcome == first
    assert practice.snapshot() == before


def test_an_event_without_news_leaves_the_claim_alone(practice: Practice) -> None:
    practice.hear()
    before = read(practice.records, practice.claim_id)

    assert practice.hear("charge.signed", at=NOON + timedelta(minutes=1)) == "ignored"
    assert read(practice.records, practice.claim_id) == before


# Change ------------------------------------------------------------------------------------


def test_a_change_before_the_claim_left_is_a_new_revision_of_it(practice: Practice) -> None:
    practice.hear()
    practice.scrub()

    later = NOON + timedelta(hours=1)
    assert practice.hear("charge.signed", encounter_document(lines=2), at=later) == "staged"

    claim = read(practice.records, practice.claim_id)
    assert (claim.revision, claim.state) == (2, ClaimState.STAGED)
    assert claim.patient_control_number == f"{claim.claim_id}02"
    assert len(practice.of_kind("CONTENT")) == 2
    assert len(practice.of_kind("CLAIM")) == 1


def test_a_release_of_the_earlier_revision_sends_nothing(practice: Practice) -> None:
    practice.hear()
    practice.scrub()
    practice.hear("charge.signed", encounter_document(lines=2), at=NOON + timedelta(hours=1))
    practice.scrub()

    command = SubmitClaim(claim_id=practice.claim_id, revision=1)
    assert submit_claim(command, CAUSE, practice.sending)["outcome"] == "already_sent"
    assert practice.clearinghouse.received == []


def test_a_change_after_the_claim_left_is_reported_and_never_sent(practice: Practice) -> None:
    practice.hear()
    practice.send()

    later = NOON + timedelta(hours=1)
    assert practice.hear("charge.signed", encounter_document(lines=2), at=later) == "ignored"

    claim = read(practice.records, practice.claim_id)
    assert (claim.state, claim.revision) == (ClaimState.SUBMITTED, 1)
    assert practice.open_work() == {"encounter_changed_after_submission": "billing"}
    assert len(practice.clearinghouse.received) == 1


def test_a_change_that_goes_back_and_forth_after_submission_is_reported_once(
    practice: Practice,
) -> None:
    practice.hear()
    practice.send()

    for hour in range(1, 5):
        body = encounter_document(lines=1 + hour % 2)
        practice.hear("charge.signed", body, at=NOON + timedelta(hours=hour))

    works = [work["reason"] for work in practice.of_kind("WORK")]
    assert works.count("encounter_changed_after_submission") == 2


def test_a_rejected_claim_takes_the_amended_document_and_goes_out_as_new(
    practice: Practice,
) -> None:
    practice.hear()
    practice.send()
    number = read(practice.records, practice.claim_id).patient_control_number
    practice.acknowledge(front_door_file(Said(number, "A7:562:85")))

    practice.hear("charge.signed", encounter_document(dollars=165), at=NOON + timedelta(hours=1))

    claim = read(practice.records, practice.claim_id)
    assert (claim.state, claim.frequency, claim.revision) == (ClaimState.STAGED, "1", 2)
    assert practice.send() == "submitted"
    assert practice.balance(practice.claim_id).charged_cents == 16_500


def test_a_denied_claim_whose_answer_is_a_correction_goes_out_as_a_replacement(
    practice: Practice,
) -> None:
    practice.hear()
    practice.send()
    claim = read(practice.records, practice.claim_id)
    line = Paid(charge_cents=CHARGE_CENTS, split={"CO-11": CHARGE_CENTS}, line_id="1")
    practice.pay(Answered(pcn=claim.patient_control_number, status="4", lines=(line,)))
    denial_id = practice.only("DENIAL")["denial_id"]
    ports = {"records": practice.records, "rule_sets": practice.rule_sets, "clock": practice.clock}
    classify_denial(ClassifyDenial(denial_id=denial_id), CAUSE, **ports)  # type: ignore[arg-type]
    respond_to_denial(RespondToDenial(denial_id=denial_id), CAUSE, **ports)  # type: ignore[arg-type]

    later = NOON + timedelta(hours=1)
    body = encounter_document(lines=2)
    assert practice.hear("diagnosis.finalized", body, at=later) == "staged"

    claim = read(practice.records, practice.claim_id)
    assert (claim.frequency, claim.revision) == ("7", 2)
    stored = practice.records.get(StoredContent, StoredContent.key_of(claim.claim_id, 2))
    assert stored is not None
    assert stored.content.original_reference == "ICN0001"


def test_an_encounter_that_turns_out_self_pay_voids_its_claim_and_its_work(
    practice: Practice,
) -> None:
    practice.hear(body=encounter_document(subscriberId=""))
    assert practice.scrub() == "held"

    body = encounter_document(self_pay=True)
    outcome = practice.hear("charge.signed", body, at=NOON + timedelta(hours=1))

    assert outcome == "not_billable"
    assert practice.state() is ClaimState.VOID
    assert practice.open_work() == {}
    assert practice.scrub() == "void"


def test_an_encounter_that_shrinks_voids_the_claim_it_no_longer_gives(practice: Practice) -> None:
    practice.hear(body=encounter_document(lines=51))

    practice.hear("charge.signed", encounter_document(), at=NOON + timedelta(hours=1))
    assert [practice.state(0), practice.state(1)] == [ClaimState.STAGED, ClaimState.VOID]

    practice.hear("charge.signed", encounter_document(lines=51), at=NOON + timedelta(hours=2))
    assert [practice.state(0), practice.state(1)] == [ClaimState.STAGED, ClaimState.STAGED]


def test_the_charge_of_a_rejected_claim_that_is_voided_leaves_the_ledger(
    practice: Practice,
) -> None:
    practice.hear()
    practice.send()
    number = read(practice.records, practice.claim_id).patient_control_number
    practice.acknowledge(front_door_file(Said(number, "A3:33:IL")))

    body = encounter_document(self_pay=True)
    practice.hear("charge.signed", body, at=NOON + timedelta(hours=1))

    assert practice.state() is ClaimState.VOID
    assert practice.account(Account.INSURANCE_RECEIVABLE) == 0


# Taking back -------------------------------------------------------------------------------

PAID = Paid(charge_cents=CHARGE_CENTS, split={"CO-45": 4_700, "PR-3": 2_500}, line_id="1")


def paid(practice: Practice, **of_coverage: object) -> str:
    """A claim the payer has paid; its number."""
    practice.hear(body=encounter_document(**of_coverage))  # type: ignore[arg-type]
    practice.send()
    number = read(practice.records, practice.claim_id).patient_control_number
    practice.pay(Answered(pcn=number, lines=(PAID,)))
    return number


def retract(practice: Practice) -> str:
    return practice.hear(
        "charge.signed", encounter_document(self_pay=True), at=NOON + timedelta(hours=1)
    )


def test_what_should_not_have_been_billed_is_taken_back_as_it_was_sent(practice: Practice) -> None:
    paid(practice)

    assert retract(practice) == "staged"
    assert practice.encounter.state is EncounterState.NOT_BILLABLE
    assert practice.scrub() == "validated"
    assert practice.send() == "submitted"
    (item,) = read_x12(practice.clearinghouse.received[-1][1], name="void")
    assert isinstance(item, Transaction)
    assert isinstance(item.body, ProfessionalClaims)
    (sent,) = item.body.claims()
    assert sent.claim.frequency == "8"
    assert sent.claim.payer_claim_control_number == "ICN0001"
    assert sent.claim.charge_cents == CHARGE_CENTS


def test_a_void_the_payer_has_carried_out_leaves_nothing_on_the_ledger(practice: Practice) -> None:
    first = paid(practice)
    retract(practice)
    practice.send()
    void = read(practice.records, practice.claim_id).patient_control_number
    practice.pay(
        reversed_answer(Answered(pcn=void, lines=(PAID,))), name="void.x12", trace="EFT0000002"
    )

    balance = practice.balance(practice.claim_id)
    assert void != first
    assert balance.is_settled
    assert (balance.charged_cents, balance.paid_by_payer_cents) == (0, 0)
    assert practice.state() is ClaimState.CLOSED
    assert practice.open_work() == {}


def test_a_claim_the_payer_has_not_answered_is_not_taken_back(practice: Practice) -> None:
    practice.hear()
    practice.send()

    assert retract(practice) == "ignored"
    assert practice.state() is ClaimState.SUBMITTED
    assert practice.open_work() == {"encounter_changed_after_submission": "billing"}


def test_the_event_that_takes_a_claim_back_may_come_again(practice: Practice) -> None:
    paid(practice)
    body = encounter_document(self_pay=True)
    later = NOON + timedelta(hours=1)
    practice.hear("charge.signed", body, at=later, cause_id="evt_void")

    assert practice.hear("charge.signed", body, at=later, cause_id="evt_void") == "staged"
    assert len(practice.of_kind("CONTENT")) == 2


# Documents that can't be used --------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{not json", "document_unreadable"),
        (b'{"resourceType": "Patient"}', "document_not_a_bundle"),
        (b'{"resourceType": "Bundle", "entry": []}', "encounter_not_found"),
    ],
)
def test_an_unreadable_document_holds_the_encounter_with_work_for_engineering(
    practice: Practice, body: bytes, reason: str
) -> None:
    assert practice.hear(body=body) == "held"

    assert practice.encounter.state is EncounterState.HELD
    assert list(practice.open_work().values()) == ["engineering"]
    assert practice.encounter.reasons == (reason,)


def test_a_missing_document_holds_the_encounter(practice: Practice) -> None:
    assert practice.hear(is_missing=True) == "held"
    assert practice.encounter.reasons == ("document_not_found",)


def test_a_document_other_than_the_event_promised_is_not_used(practice: Practice) -> None:
    assert practice.hear(sha256="0" * 64) == "held"
    assert practice.encounter.reasons == ("document_altered",)


def test_further_events_with_the_same_broken_document_hold_it_once(practice: Practice) -> None:
    practice.hear(body=b"{not json")

    assert practice.hear("charge.signed", b"{not json", at=NOON + timedelta(hours=1)) == "held"
    assert len(practice.of_kind("WORK")) == 1


def test_a_good_document_after_a_broken_one_is_billed(practice: Practice) -> None:
    practice.hear(body=b"{not json")

    assert practice.hear("charge.signed", at=NOON + timedelta(hours=1)) == "staged"
    assert practice.encounter.reasons == ()


def test_an_unmapped_code_holds_the_claim_and_not_the_day(practice: Practice) -> None:
    assert practice.hear(body=encounter_document(procedure="visit")) == "staged"
    assert practice.scrub() == "held"
    assert "unmapped_code" in read(practice.records, practice.claim_id).reasons


def test_the_news_a_held_claim_waited_for_lets_it_go(practice: Practice) -> None:
    practice.hear(body=encounter_document(subscriberId=""))
    assert practice.scrub() == "held"

    practice.hear("authorization.obtained", at=NOON + timedelta(hours=1))

    assert practice.scrub() == "validated"
    assert practice.open_work() == {}
