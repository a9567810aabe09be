"""What happens to a claim at the door: the script, the clearinghouse's and the payer's edits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.payer_simulator.acknowledgements import (
    ACCEPTED,
    ACCEPTED_WITH_ERRORS,
    REJECTED,
    Finding,
    SetVerdict,
)
from local.payer_simulator.adjudication import claim_meets
from local.payer_simulator.claims import SyntaxProblem, read_claims
from local.payer_simulator.records import Scripted
from local.payer_simulator.world import ClaimAnswer, FrontDoorAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local.payer_simulator.claims import Claim
    from local.payer_simulator.records import FrontDoor
    from local.payer_simulator.wire import TransactionSet
    from local.payer_simulator.world import (
        AcknowledgementScript,
        Match,
        Member,
        Payer,
        ScriptEntry,
        SyntaxFinding,
    )

_NPI_PREFIX = "80840"
_NPI_DIGITS = 10
_TWO_DIGITS = 9
ORIGINAL, REPLACEMENT, VOID = "1", "7", "8"


@dataclass(frozen=True, slots=True)
class ReadSet:
    """One received 837: its claims, or why the 999 refuses it."""

    transaction: TransactionSet
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...] = ()
    set_codes: tuple[str, ...] = ()

    @property
    def patient_control_numbers(self) -> tuple[str, ...]:
        """The CLM01s, also of a set that is refused."""
        return tuple(one.get(1) for one in self.transaction.segments if one.name == "CLM")


def read_set(transaction: TransactionSet) -> ReadSet:
    """Read an 837; what is wrong with it becomes findings of a 999 and never an exception."""
    if transaction.trailer_fault:
        return ReadSet(transaction, (), (), (transaction.trailer_fault,))
    try:
        return ReadSet(transaction, read_claims(transaction))
    except SyntaxProblem as problem:
        finding = Finding(
            problem.segment, problem.position, problem.code, problem.element, problem.element_code
        )
        return ReadSet(transaction, (), (finding,), ("5",))


def set_verdict(read: ReadSet, script: AcknowledgementScript | None) -> SetVerdict:
    """Return what the 999 says of a set: what was found, else what is scripted."""
    control, version = read.transaction.control_number, read.transaction.version
    if not read.claims:
        return SetVerdict(control, version, REJECTED, read.findings, read.set_codes)
    if script is None or script.syntax == "accepted":
        return SetVerdict(control, version, ACCEPTED)
    finding = _scripted_finding(script.syntax_finding)
    if script.syntax == "rejected":
        return SetVerdict(control, version, REJECTED, (finding,), ("5",))
    return SetVerdict(control, version, ACCEPTED_WITH_ERRORS, (finding,), ("5",))


def _scripted_finding(finding: SyntaxFinding) -> Finding:
    return Finding(
        finding.segment,
        finding.segment_position,
        finding.segment_code,
        finding.element_position,
        finding.element_code,
    )


# --- the script -----------------------------------------------------------------------------


def matches(match: Match, claim: Claim, nth: int) -> bool:
    """Whether a script entry is for this claim."""
    wanted: tuple[tuple[object, object], ...] = (
        (match.payer_id, claim.payer_id),
        (match.member_id, claim.subscriber.identifier),
        (match.service_date, claim.first_day),
        (match.patient_control_number, claim.patient_control_number),
        (match.submission, nth),
        (match.frequency, claim.frequency),
    )
    if any(want is not None and want != found for want, found in wanted):
        return False
    codes = {line.code for line in claim.lines}
    if match.procedure_code is not None and match.procedure_code not in codes:
        return False
    return match.one_in is None or _share_of(claim) % match.one_in == 0


def _share_of(claim: Claim) -> int:
    text = f"{claim.subscriber.identifier}|{claim.first_day.isoformat()}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def script_for(entries: Iterable[ScriptEntry], claim: Claim, nth: int) -> Scripted:
    """Collect what the script says of a claim; the first entry to speak of an aspect wins."""
    found = Scripted()
    open_aspects = {"acknowledgement", "adjudication", "follow_ups", "appeals"}
    for entry in entries:
        spoken = {aspect for aspect in open_aspects if getattr(entry, aspect) is not None}
        if spoken and matches(entry.match, claim, nth):
            for aspect in spoken:
                setattr(found, aspect, getattr(entry, aspect))
            open_aspects -= spoken
            found.names.append(entry.name)
    return found


# --- the edits ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DoorVerdict:
    """Whether the claim goes in, and the 277CA answers to come."""

    front_door: FrontDoor
    status: str
    answers: tuple[ClaimAnswer, ...]


def npi_is_valid(npi: str) -> bool:
    """Check an NPI: ten digits, Luhn over 80840 and the number."""
    if len(npi) != _NPI_DIGITS or not npi.isdigit():
        return False
    total = 0
    for index, digit in enumerate(reversed(_NPI_PREFIX + npi)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > _TWO_DIGITS else value
    return total % 10 == 0


def judge(
    claim: Claim,
    payer: Payer,
    member: Member | None,
    script: AcknowledgementScript | None,
    knows_number: Callable[[str], bool],
) -> DoorVerdict:
    """Decide at the door. A scripted answer takes the place of every edit.

    Parameters
    ----------
    claim, payer, member
        The claim, where it goes, and the member the payer holds (None: unknown).
    script
        The scripted acknowledgement, if any.
    knows_number
        Tells whether the payer gave out a claim number (for REF*F8).
    """
    if script is not None and script.claim_answers is not None:
        refusing = next((one for one in script.claim_answers if one.rejects), None)
        return _verdict(refusing, script.claim_answers)
    if found := _clearinghouse_edit(claim, payer):
        answer = _claim_answer(found, "clearinghouse", 0)
        return _verdict(answer, (answer,))
    relayed = payer.acknowledgements == "clearinghouse_then_payer"
    wave = 1 if relayed else 0
    received = FrontDoorAnswer(category="A1", status="19", entity="PR")
    before = (_claim_answer(received, "clearinghouse", 0),) if relayed else ()
    if found := _payer_edit(claim, payer, member, knows_number):
        answer = _claim_answer(found, "payer", wave)
        return _verdict(answer, (*before, answer))
    taken = FrontDoorAnswer(category="A2", status="20")
    return _verdict(None, (*before, _claim_answer(taken, "payer", wave)))


def _claim_answer(answer: FrontDoorAnswer, source: str, wave: int) -> ClaimAnswer:
    return ClaimAnswer(
        category=answer.category,
        status=answer.status,
        entity=answer.entity,
        source="payer" if source == "payer" else "clearinghouse",
        after_waves=wave,
    )


def _verdict(refusing: ClaimAnswer | None, answers: tuple[ClaimAnswer, ...]) -> DoorVerdict:
    said = refusing or (answers[-1] if answers else None)
    status = (
        ":".join(one for one in (said.category, said.status, said.entity) if one) if said else ""
    )
    if refusing is None:
        return DoorVerdict("accepted", status, answers)
    door: FrontDoor = "rejected_payer" if refusing.source == "payer" else "rejected_clearinghouse"
    return DoorVerdict(door, status, answers)


def _clearinghouse_edit(claim: Claim, payer: Payer) -> FrontDoorAnswer | None:
    if not npi_is_valid(claim.billing.identifier):
        return FrontDoorAnswer(category="A7", status="562", entity="85")
    if claim.rendering_npi and not npi_is_valid(claim.rendering_npi):
        return FrontDoorAnswer(category="A7", status="562", entity="82")
    if claim.charge_cents != sum(line.charge_cents for line in claim.lines):
        return FrontDoorAnswer(category="A7", status="178")
    return _own_edit(claim, payer, "clearinghouse")


def _payer_edit(
    claim: Claim, payer: Payer, member: Member | None, knows_number: Callable[[str], bool]
) -> FrontDoorAnswer | None:
    if member is None and payer.unknown_member == "reject":
        return FrontDoorAnswer(category="A3", status="33", entity="IL")
    if claim.frequency in {REPLACEMENT, VOID}:
        if payer.kind == "medicare" and claim.kind == "P":
            return FrontDoorAnswer(category="A7", status="535")
        if not claim.original_reference:
            return FrontDoorAnswer(category="A6", status="464")
        if not knows_number(claim.original_reference):
            return FrontDoorAnswer(category="A7", status="464")
    return _own_edit(claim, payer, "payer")


def _own_edit(claim: Claim, payer: Payer, stage: str) -> FrontDoorAnswer | None:
    return next(
        (
            edit.reject
            for edit in payer.edits
            if edit.stage == stage and claim_meets(claim, edit.when)
        ),
        None,
    )
