"""Record what a TA1, 999 or 277CA file says of our claims.

Reads   the file, the pointers from its control numbers to our claims.
Writes  the file as evidence; an acknowledgement beside each claim; the claim's state; the charge of a claim whose
        submission was never answered but is proven by the file.
Emits   claim.acknowledged, claim.rejected, work_item.opened.
Fails   StaleRecordError (retry). A file that can't be read is refused, kept, and work for engineering.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.commit import Actor, Aggregate, Cause, Commit, OutboundEvent, Record
from functions.billing.domain.denials.rejections import (
    RejectionTable,
    StatusReason,
    classify_rejection,
    rejection_table,
)
from functions.billing.domain.errors import ContractError
from functions.billing.domain.submission.acknowledgement import (
    Acknowledgement,
    AcknowledgementFile,
    AckVerdict,
    acknowledgement_file_id,
)
from functions.billing.domain.submission.attempt import AttemptState, Pointer
from functions.billing.domain.submission.claim_file import ClaimFile
from functions.billing.domain.submission.inquiry import Silence
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.ports import Clock, Evidence, Intake, Records, RuleSets
from functions.billing.usecases.charging import charge_due
from functions.billing.usecases.events import claim_event, opened, resolved
from functions.billing.usecases.filing import filing_due
from functions.billing.usecases.following_up import awaiting, follow_up_of
from functions.billing.usecases.sending import (
    FILE_CONTROL_NUMBER,
    GROUP_CONTROL_NUMBER,
    PATIENT_CONTROL_NUMBER,
    newest_attempt,
)
from functions.billing.usecases.work import ended_silence, not_yet_known
from functions.billing.x12 import (
    ClaimAcknowledgement,
    ImplementationAcknowledgement,
    InterchangeAcknowledgement,
    Refusal,
    Transaction,
    TransactionOutcome,
    X12Error,
    outcome_of_277ca,
    outcome_of_999,
    outcome_of_ta1,
    read,
)
from functions.billing.x12.values import StatusCode

STEP = "record_acknowledgement"
SYNTAX, FRONT_DOOR = "999", "277CA"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAcknowledgement:
    """A file rests in the intake bucket."""

    file_key: str


_Verdict = tuple[AckVerdict, tuple[str, ...]]


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
    of_transactions: Mapping[str, _Verdict] = field(default_factory=dict)
    """What a 999 says of transactions by name, where a file holds several; ST02 without leading zeros."""
    transaction: str = ""
    """The only one of a file that is spoken of; empty for all."""

    @classmethod
    def of_interchange(
        cls, transaction_set: str, number: str, level: str, codes: tuple[str, ...]
    ) -> Self:
        """A rejection of all that bears the number: ISA13 and GS06, or BHT03, which also names one of several."""
        interchange, _, transaction = number.partition("-")
        return cls(
            transaction_set,
            GROUP_CONTROL_NUMBER,
            interchange.lstrip("0"),
            level,
            AckVerdict.REJECTED,
            codes,
            transaction=transaction.lstrip("0"),
        )

    def of_member(self, transaction: str) -> Self | None:
        """What it says of one transaction of a file: by name, else as of all; None when it speaks of others."""
        if self.transaction not in ("", transaction):
            return None
        if self.of_transactions:
            verdict, codes = self.of_transactions.get(
                transaction, (AckVerdict.RECEIVED, self.codes)
            )
            return replace(self, verdict=verdict, codes=codes)
        return self


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
    file_id = acknowledgement_file_id(digest)
    known = ports.records.get(AcknowledgementFile, AcknowledgementFile.key_of(file_id))
    if known:
        return {"outcome": "duplicate", "file_id": file_id}
    kept = ports.evidence.keep(
        f"acknowledgements/{file_id}.x12", body, content_type="application/edi-x12"
    )
    recording = _Recording(cause, ports, ports.clock.now(), file_id)
    said: list[_Said] = []
    reasons: list[str] = [] if body.strip() else ["file_empty"]
    for item in read(body, name=command.file_key):
        try:
            said += _said_by(item)
        except (X12Error, ContractError) as error:
            reasons.append(error.code)
    matched = [recording.apply(ordinal, each) for ordinal, each in enumerate(said, start=1)]
    # The file is closed last: a crash before this repeats the claims above, and each absorbs that.
    recording.close(
        AcknowledgementFile(
            file_id=file_id,
            file_key=command.file_key,
            content_sha256=digest,
            evidence_key=kept.key,
            received_at=recording.now,
            state="refused" if reasons else "recorded",
            reasons=tuple(dict.fromkeys(reasons)),
            claims=sum(matched),
            unmatched=matched.count(0),
        )
    )
    return {
        "outcome": "refused" if reasons and not said else "recorded",
        "file_id": file_id,
        "claims": sum(matched),
    }


def _said_by(item: Transaction | Refusal) -> list[_Said]:
    """What one transaction says of our claims, all of it or an error."""
    if isinstance(item, Refusal):
        raise item.error
    match item.body:
        case ImplementationAcknowledgement() as body:
            return [_said_by_999(body)]
        case ClaimAcknowledgement() as body:
            return list(_said_by_277ca(body))
        case InterchangeAcknowledgement() as body:
            outcome = outcome_of_ta1(body)
            codes = (outcome.note,)
            rejected = _Said.of_interchange("TA1", outcome.control_number, "interchange", codes)
            return [] if outcome.is_accepted else [rejected]
        case _:
            raise ContractError("not_an_acknowledgement")


def _said_by_999(body: ImplementationAcknowledgement) -> _Said:
    """A 999 speaks of syntax only; each of our groups holds one claim, or several in a transaction each.

    A group that was taken in part, or with a count of what was taken, is told apart by transaction (AK2 to IK5): what
    is not named there was not found wrong. A group turned away as a whole takes all of them with it, whatever their
    own syntax.
    """
    outcome = outcome_of_999(body)
    faults = tuple(_faults(outcome.transactions))
    verdict = AckVerdict.RECEIVED if outcome.is_accepted else AckVerdict.REJECTED
    is_in_part = outcome.is_partial or bool(outcome.accepted_count)
    of_transactions: dict[str, _Verdict] = {
        each.control_number.lstrip("0"): (
            AckVerdict.RECEIVED if each.is_accepted else AckVerdict.REJECTED,
            (each.result, *tuple(_faults([each]))[:5]),
        )
        for each in outcome.transactions
        if is_in_part
    }
    return _Said(
        SYNTAX,
        GROUP_CONTROL_NUMBER,
        outcome.group_control_number,
        "syntax",
        verdict,
        (outcome.result, *faults[:5]),
        of_transactions=of_transactions,
    )


def _faults(transactions: Iterable[TransactionOutcome]) -> Iterator[str]:
    for transaction in transactions:
        for fault in transaction.faults:
            code = fault.element_code or fault.segment_code or ""
            yield f"{fault.segment}:{fault.element or ''}:{code}"


def _said_by_277ca(body: ClaimAcknowledgement) -> Iterator[_Said]:
    outcome = outcome_of_277ca(body)
    for claim in outcome.claims:
        yield _Said(
            FRONT_DOOR,
            PATIENT_CONTROL_NUMBER,
            claim.control_number,
            claim.level,
            AckVerdict(claim.outcome),
            _texts(claim.codes),
            claim.payer_claim_control_number or "",
        )
    # A batch turned away above its claims need not list them: its own number leads to ours.
    for level in outcome.levels:
        if level.outcome != "rejected":
            continue
        if level.level == "receiver":
            yield _Said.of_interchange(
                FRONT_DOOR, level.trace_number, level.level, _texts(level.codes)
            )
        elif not outcome.claims:
            for batch_id in outcome.batch_ids:
                yield _Said.of_interchange(FRONT_DOOR, batch_id, level.level, _texts(level.codes))


def _texts(codes: Iterable[StatusCode]) -> tuple[str, ...]:
    return tuple(
        f"{code.category}:{code.status}" + (f":{code.entity}" if code.entity else "")
        for code in codes
    )


@dataclass(frozen=True, slots=True)
class _Recording:
    cause: Cause
    ports: AcknowledgementPorts
    now: datetime
    file_id: str

    def apply(self, ordinal: int, said: _Said) -> int:
        """Move the claims the file names; how many they are: none when they are not ours."""
        claims = tuple(self._named(said))
        for claim, of_it in claims:
            self._apply(ordinal, claim, of_it)
        return len(claims)

    def _named(self, said: _Said) -> Iterator[tuple[Claim, _Said]]:
        """The claim a number leads to; those of a file, each with what is said of its own transaction."""
        records = self.ports.records
        pointer = records.get(Pointer, Pointer.key_of(said.pointer, said.control_number))
        claim = records.get(Claim, Claim.key_of(pointer.target)) if pointer else None
        if claim:
            yield claim, said
        elif said.pointer == GROUP_CONTROL_NUMBER:
            yield from self._of_file(said)

    def _of_file(self, said: _Said) -> Iterator[tuple[Claim, _Said]]:
        records = self.ports.records
        pointer = records.get(Pointer, Pointer.key_of(FILE_CONTROL_NUMBER, said.control_number))
        file = records.get(ClaimFile, ClaimFile.key_of(pointer.target)) if pointer else None
        for member in file.members if file else ():
            claim = records.get(Claim, Claim.key_of(member.claim_id))
            of_it = said.of_member(str(member.transaction))
            if claim and of_it:
                yield claim, of_it

    def _apply(self, ordinal: int, claim: Claim, said: _Said) -> None:
        records = self.ports.records
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
        if not records.get(Acknowledgement, acknowledgement.key):
            self._commit(claim, acknowledgement, said)

    def _commit(self, claim: Claim, acknowledgement: Acknowledgement, said: _Said) -> None:
        after = self._moved(claim, said) if self._speaks_of_newest(claim, said) else claim
        was_rejected = said.verdict is AckVerdict.REJECTED and after.state is not claim.state
        events: list[OutboundEvent] = []
        also: list[Aggregate] = []
        new: list[Record] = [acknowledgement]
        if was_rejected:
            work = self._work(claim, said)
            also.append(work)
            events += [
                claim_event("claim.rejected", after, level=said.level, reasons=said.codes),
                opened(work),
            ]
        elif said.verdict is AckVerdict.UNRECOGNIZED:
            works = not_yet_known(self.ports.records, self._question(claim, said))
            also += works
            events += map(opened, works)
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
        if after.state is not claim.state:
            done = ended_silence(self.ports.records, claim, at=self.now, by=STEP)
            also += done
            events += [resolved(item, item.resolution) for item in done]
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

    def _speaks_of_newest(self, claim: Claim, said: _Said) -> bool:
        """Whether the answer is to the newest sending; one to an earlier sending only stands beside the claim."""
        if said.pointer == PATIENT_CONTROL_NUMBER:
            return said.control_number == claim.patient_control_number
        attempt = newest_attempt(self.ports.records, claim)
        return attempt is not None and said.control_number == attempt.group_control_number

    def _work(self, claim: Claim, said: _Said) -> WorkItem:
        """Who mends it, by the code the payer gave."""
        table: RejectionTable = self.ports.rule_sets.active("rejections", rejection_table)
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

    def _question(self, claim: Claim, said: _Said) -> WorkItem:
        """The payer used a code that says neither yes nor no."""
        return open_work_item(
            queue=Queue.BILLING,
            reason="acknowledgement_not_understood",
            about=claim.subject,
            recommended_action="ask the clearinghouse what the status code means for this claim",
            at=self.now,
            fields=said.codes,
            payer_id=claim.payer_id,
            amount_cents=claim.charge_cents,
            occurrence=f"{self.file_id}:{said.codes}",
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
                    **filing_due(self.ports.rule_sets, claim),
                )
            case AckVerdict.ACCEPTED, (
                ClaimState.SUBMITTING | ClaimState.OUTCOME_UNKNOWN | ClaimState.SUBMITTED
            ):
                return claim.moved(
                    ClaimState.ACCEPTED,
                    accepted_at=self.now,
                    submitted_at=claim.submitted_at or self.now,
                    **self._awaiting(claim, Silence.REMITTANCE),
                )
            case AckVerdict.RECEIVED, (ClaimState.SUBMITTING | ClaimState.OUTCOME_UNKNOWN):
                return claim.moved(
                    ClaimState.SUBMITTED,
                    submitted_at=claim.submitted_at or self.now,
                    **self._awaiting(claim, Silence.FRONT_DOOR),
                )
            case AckVerdict.RECEIVED, ClaimState.SUBMITTED if claim.due_kind == Silence.SYNTAX:
                return claim.moved(
                    ClaimState.SUBMITTED, **self._awaiting(claim, Silence.FRONT_DOOR)
                )
            case _:
                return claim

    def _awaiting(self, claim: Claim, silence: Silence) -> dict[str, Any]:
        """What the claim waits for next, from when it was sent, or from now where the payer has it."""
        follow_up = follow_up_of(self.ports.rule_sets, claim.payer_id)
        since = self.now if silence is Silence.REMITTANCE else claim.submitted_at or self.now
        return awaiting(follow_up, silence, since)

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
