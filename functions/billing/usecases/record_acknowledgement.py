"""Record what a TA1, 999 or 277CA file says of our claims.

Reads   the file, the pointers from its control numbers to our claims.
Writes  the file as evidence; an acknowledgement beside each claim; the claim's state; the charge of a claim whose
        submission was never answered but is proven by the file.
Emits   claim.acknowledged, claim.rejected, work_item.opened.
Fails   StaleRecordError (retry). A file that can't be read is refused, kept, and work for engineering.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent, Record
from functions.billing.domain.denials.rejections import (
    RejectionTable,
    StatusReason,
    classify_rejection,
    rejection_table,
)
from functions.billing.domain.keys import derived_id
from functions.billing.domain.rules.policy import payer_policies
from functions.billing.domain.submission.acknowledgement import (
    Acknowledgement,
    AcknowledgementFile,
    AckVerdict,
)
from functions.billing.domain.submission.attempt import AttemptState, Pointer
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Evidence, Intake, Records, RuleSets
from functions.billing.usecases.charging import charge_due
from functions.billing.usecases.events import claim_event, opened
from functions.billing.usecases.sending import (
    GROUP_CONTROL_NUMBER,
    PATIENT_CONTROL_NUMBER,
    newest_attempt,
)
from functions.billing.x12 import (
    ClaimAcknowledgement,
    ImplementationAcknowledgement,
    InterchangeAcknowledgement,
    Refusal,
    Transaction,
    outcome_of_277ca,
    outcome_of_999,
    outcome_of_ta1,
    read,
)

STEP = "record_acknowledgement"
SYNTAX, FRONT_DOOR = "999", "277CA"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAcknowledgement:
    """A file rests in the intake bucket."""

    file_key: str


@dataclass(frozen=True, slots=True)
class _Said:
    """What one place of the file says of one claim."""

    transaction_set: str
    pointer: str
    control_number: str
    level: str
    verdict: AckVerdict
    codes: tuple[str, ...]
    payer_claim_control_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementPorts:
    """What this step needs of the world."""

    records: Records
    evidence: Evidence
    intake: Intake
    rule_sets: RuleSets
    clock: Clock


def record_acknowledgement(
    command: RecordAcknowledgement, cause: Cause, ports: AcknowledgementPorts
) -> dict[str, object]:
    """`recorded`, `duplicate` (this content was recorded before) or `refused`."""
    body = ports.intake.fetch(command.file_key)
    digest = hashlib.sha256(body).hexdigest()
    file_id = derived_id("A", digest)
    known = ports.records.get(AcknowledgementFile, AcknowledgementFile.key_of(file_id))
    if known:
        return {"outcome": "duplicate", "file_id": file_id}
    kept = ports.evidence.keep(
        f"acknowledgements/{file_id}.x12", body, content_type="application/edi-x12"
    )
    recording = _Recording(cause, ports, ports.clock.now(), file_id)
    said: list[_Said] = []
    refusals: list[Refusal] = []
    for item in read(body, name=command.file_key):
        if isinstance(item, Refusal):
            refusals.append(item)
        else:
            said.extend(_said_by(item))
    matched = sum(recording.apply(ordinal, each) for ordinal, each in enumerate(said, start=1))
    # The file is closed last: a crash before this repeats the claims above, and each absorbs that.
    recording.close(
        AcknowledgementFile(
            file_id=file_id,
            file_key=command.file_key,
            content_sha256=digest,
            evidence_key=kept.key,
            received_at=recording.now,
            state="refused" if refusals else "recorded",
            reasons=tuple(refusal.error.code for refusal in refusals),
            claims=matched,
            unmatched=len(said) - matched,
        )
    )
    return {
        "outcome": "refused" if refusals and not said else "recorded",
        "file_id": file_id,
        "claims": matched,
    }


def _said_by(item: Transaction) -> Iterator[_Said]:
    match item.body:
        case ImplementationAcknowledgement() as body:
            yield from _said_by_999(body)
        case ClaimAcknowledgement() as body:
            yield from _said_by_277ca(body)
        case InterchangeAcknowledgement() as body:
            outcome = outcome_of_ta1(body)
            if not outcome.is_accepted:
                # The whole interchange is unsent. One claim travels in one, under the same number in GS06.
                yield _Said(
                    "TA1",
                    GROUP_CONTROL_NUMBER,
                    outcome.control_number,
                    "interchange",
                    AckVerdict.REJECTED,
                    (outcome.note,),
                )


def _said_by_999(body: ImplementationAcknowledgement) -> Iterator[_Said]:
    """A 999 speaks of syntax only; each of our groups holds one claim."""
    outcome = outcome_of_999(body)
    faults = tuple(
        f"{fault.segment}:{fault.element or ''}:{fault.element_code or fault.segment_code or ''}"
        for transaction in outcome.transactions
        for fault in transaction.faults
    )
    verdict = AckVerdict.RECEIVED if outcome.is_accepted else AckVerdict.REJECTED
    yield _Said(
        SYNTAX,
        GROUP_CONTROL_NUMBER,
        outcome.group_control_number,
        "syntax",
        verdict,
        (outcome.result, *faults[:5]),
    )


def _said_by_277ca(body: ClaimAcknowledgement) -> Iterator[_Said]:
    for claim in outcome_of_277ca(body).claims:
        codes = tuple(
            f"{code.category}:{code.status}" + (f":{code.entity}" if code.entity else "")
            for code in claim.codes
        )
        yield _Said(
            FRONT_DOOR,
            PATIENT_CONTROL_NUMBER,
            claim.control_number,
            claim.level,
            AckVerdict(claim.outcome),
            codes,
            claim.payer_claim_control_number or "",
        )


@dataclass(frozen=True, slots=True)
class _Recording:
    cause: Cause
    ports: AcknowledgementPorts
    now: datetime
    file_id: str

    def apply(self, ordinal: int, said: _Said) -> bool:
        """Move the claim the file names; False when it is none of ours."""
        records = self.ports.records
        pointer = records.get(Pointer, Pointer.key_of(said.pointer, said.control_number))
        claim = records.get(Claim, Claim.key_of(pointer.target)) if pointer else None
        if claim is None:
            return False
        acknowledgement = Acknowledgement(
            claim_id=claim.claim_id,
            file_id=self.file_id,
            ordinal=ordinal,
            transaction_set=said.transaction_set,
            level=said.level,
            verdict=said.verdict,
            codes=said.codes,
            received_at=self.now,
            payer_claim_control_number=said.payer_claim_control_number,
        )
        if records.get(Acknowledgement, acknowledgement.key):
            return True
        self._commit(claim, acknowledgement, said)
        return True

    def _commit(self, claim: Claim, acknowledgement: Acknowledgement, said: _Said) -> None:
        speaks_of_this_revision = said.pointer != PATIENT_CONTROL_NUMBER or (
            said.control_number == claim.patient_control_number
        )
        after = self._moved(claim, said) if speaks_of_this_revision else claim
        events: list[OutboundEvent] = []
        also: list[Aggregate] = []
        new: list[Record] = [acknowledgement]
        if said.verdict is AckVerdict.REJECTED and after is not claim:
            work = self._work(claim, said)
            also.append(work)
            events += [
                claim_event("claim.rejected", after, level=said.level, reasons=said.codes),
                opened(work),
            ]
        elif said.verdict is not AckVerdict.REJECTED:
            events.append(
                claim_event("claim.acknowledged", after, level=f"{said.level}.{said.verdict}")
            )
        if (
            claim.state in {ClaimState.SUBMITTING, ClaimState.OUTCOME_UNKNOWN}
            and after.state is not claim.state
        ):
            also += self._settled_attempt(claim, after)
            charge = charge_due(self.ports.records, after, at=self.now)
            new += [charge] if charge else []
        self.ports.records.commit(
            Commit(
                step=STEP,
                cause=self.cause,
                actor=Actor(STEP),
                at=self.now,
                root=after,
                decision=f"{said.transaction_set}_{said.verdict}",
                facts={"file_id": self.file_id, "level": said.level, "codes": said.codes},
                new=tuple(new),
                also=tuple(also),
                events=tuple(events),
            )
        )

    def _work(self, claim: Claim, said: _Said) -> WorkItem:
        """Who mends it, by the code the payer gave."""
        table: RejectionTable = rejection_table(self.ports.rule_sets.active("rejections"))
        reasons = [StatusReason(*code.split(":")[:3]) for code in said.codes if ":" in code]
        found = classify_rejection(reasons, table)
        return open_work_item(
            queue=found.queue,
            reason=f"rejected_{found.sub_reason}",
            about=claim.subject,
            recommended_action=found.recommended_action,
            at=self.now,
            fields=said.codes,
            payer_id=claim.payer_id,
            amount_cents=claim.charge_cents,
            occurrence=f"{self.file_id}:{said.level}",
        )

    def _moved(self, claim: Claim, said: _Said) -> Claim:
        """Where the answer moves the claim. A payer's rejection wins over an earlier acceptance, never over money."""
        number = said.payer_claim_control_number or claim.payer_claim_control_number
        claim = replace(claim, payer_claim_control_number=number)
        match said.verdict, claim.state:
            case AckVerdict.REJECTED, (
                ClaimState.SUBMITTING
                | ClaimState.OUTCOME_UNKNOWN
                | ClaimState.SUBMITTED
                | ClaimState.ACCEPTED
            ):
                return claim.moved(
                    ClaimState.REJECTED,
                    reasons=said.codes,
                    rejections=claim.rejections + 1,
                    due_kind="",
                    due_at=None,
                )
            case AckVerdict.ACCEPTED, (
                ClaimState.SUBMITTING | ClaimState.OUTCOME_UNKNOWN | ClaimState.SUBMITTED
            ):
                return claim.moved(
                    ClaimState.ACCEPTED,
                    accepted_at=self.now,
                    submitted_at=claim.submitted_at or self.now,
                    due_kind="AWAITING_REMITTANCE",
                    due_at=self.now + self._remittance_expected(claim),
                )
            case AckVerdict.RECEIVED, (ClaimState.SUBMITTING | ClaimState.OUTCOME_UNKNOWN):
                return claim.moved(
                    ClaimState.SUBMITTED, submitted_at=claim.submitted_at or self.now
                )
            case _:
                return claim

    def _remittance_expected(self, claim: Claim) -> timedelta:
        """How long this payer may keep silent before somebody asks."""
        policies = payer_policies(self.ports.rule_sets.active("payer_policies"))
        policy = policies.of(claim.payer_id)
        return timedelta(days=policy.remittance_expected_days if policy else 30)

    def _settled_attempt(self, claim: Claim, after: Claim) -> Iterable[Aggregate]:
        """The file answers what the clearinghouse did not: the attempt's outcome is known."""
        attempt = newest_attempt(self.ports.records, claim)
        if attempt is None:
            return ()
        state = (
            AttemptState.REJECTED if after.state is ClaimState.REJECTED else AttemptState.SUBMITTED
        )
        return (replace(attempt, state=state, answer_code="proven_by_acknowledgement"),)

    def close(self, file: AcknowledgementFile) -> None:
        """Remember the file; a refusal or a claim we don't know is somebody's work."""
        works = []
        if file.reasons:
            works.append(
                open_work_item(
                    queue=Queue.ENGINEERING,
                    reason="acknowledgement_file_unreadable",
                    about=file.subject,
                    recommended_action="read the evidence; ask the clearinghouse to send the file again",
                    at=self.now,
                    fields=file.reasons,
                )
            )
        if file.unmatched:
            works.append(
                open_work_item(
                    queue=Queue.BILLING,
                    reason="acknowledgement_unmatched",
                    about=file.subject,
                    recommended_action="find out who sent the claims this file names; they are not in our records",
                    at=self.now,
                )
            )
        self.ports.records.commit(
            Commit(
                step=STEP,
                cause=self.cause,
                actor=Actor(STEP),
                at=self.now,
                root=file,
                decision=file.state,
                facts={"claims": file.claims, "unmatched": file.unmatched},
                also=tuple(works),
                events=tuple(opened(work) for work in works),
            )
        )
