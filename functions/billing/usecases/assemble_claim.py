"""Assemble the claims of an encounter from what the EHR has said of it so far.

Reads   the encounter's newest document, the mapping tables, payer policies, earlier claims of the encounter.
Writes  the encounter; a claim and its content for each payer claim the encounter gives.
Emits   claim.staged; work_item.opened when the document can't be used or a sent claim would have to change.
Fails   StaleRecordError (retry).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from functions.billing.domain.claims.assemble import assemble, first_payer
from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.content import ORIGINAL, VOID, ClaimContent
from functions.billing.domain.claims.coordination import next_claim, next_coverage
from functions.billing.domain.claims.lifecycle import BEFORE_SUBMISSION, ClaimState
from functions.billing.domain.claims.repairs import Repaired, repaired
from functions.billing.domain.claims.resubmission import JUDGED, may_be_voided, resend
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import Actor, Cause, Commit, OutboundEvent
from functions.billing.domain.denials.case import DenialCase, DenialState
from functions.billing.domain.denials.response import Resubmission
from functions.billing.domain.encounters import BillingEncounter, EncounterState
from functions.billing.domain.errors import ContractError, RecordNotFoundError
from functions.billing.domain.keys import derived_id
from functions.billing.domain.records import Encounter
from functions.billing.domain.rule_versions.roll_out import Member
from functions.billing.domain.rules import payer_policies
from functions.billing.domain.rules.policy import AS_FORM_ALLOWS, Splitting
from functions.billing.domain.work_items import Queue, WorkItem, open_work_item
from functions.billing.fhir import encounter_from_bundle, mapping_tables, read_bundle
from functions.billing.ports import Clock, Intake, Records, RuleSets
from functions.billing.usecases.charging import charge_due
from functions.billing.usecases.events import claim_event, opened, resolved
from functions.billing.usecases.postings import StoredPosting, postings_of
from functions.billing.usecases.trying import judging_version
from functions.billing.usecases.work import not_yet_known, open_items_about

STEP = "assemble_claim"
SIGNED = "encounter.signed"

# A claim in one of these states takes the amended content; any other has left the house.
_AMENDABLE = BEFORE_SUBMISSION | {ClaimState.REJECTED, ClaimState.VOID}


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembleClaim:
    """Something was said of an encounter, and a document goes with it."""

    encounter_id: str
    document_key: str
    document_sha256: str
    occurred_at: datetime
    patient_id: str = ""


def assemble_claim(
    command: AssembleClaim,
    cause: Cause,
    *,
    records: Records,
    intake: Intake,
    rule_sets: RuleSets,
    clock: Clock,
) -> dict[str, object]:
    """`staged` with the claims' ids, or `waiting`, `held`, `not_billable`, `ignored`."""
    known = records.get(BillingEncounter, BillingEncounter.key_of(command.encounter_id))
    if known and cause.cause_id in known.facts_heard:
        return _told_again(known)
    heard = _heard(known, command, cause)
    step = _Step(records=records, cause=cause, now=clock.now())
    if heard.signed_at is None:
        return step.close(heard, EncounterState.OPEN, "waiting")
    claims = tuple(_claim(records, claim_id) for claim_id in heard.claim_ids)
    if claims and heard.document_sha256 == (known.document_sha256 if known else ""):
        return step.close(heard, heard.state, "ignored")
    try:
        encounter = _read(heard, intake, rule_sets)
    except (ContractError, RecordNotFoundError) as refusal:
        return step.hold_document(heard, refusal)
    policy = rule_sets.active("payer_policies", payer_policies).of(first_payer(encounter))
    return step.stage(heard, encounter, claims, policy.splitting if policy else AS_FORM_ALLOWS)


def _answered_by(records: Records, claim: Claim) -> Resubmission:
    """How the response to a denial lets the claim go out again: the amended document is that correction."""
    if claim.state is not ClaimState.ADJUDICATED:
        return Resubmission.NONE
    cases = records.listed(DenialCase, f"DENIALS#{claim.claim_id}")
    open_answers = {case.resubmission for case in cases if case.state is DenialState.RESPONDED}
    # A replacement without the payer's number would name nothing, and a second original is a duplicate.
    numbered = (Resubmission.CORRECTED,) if claim.payer_claim_control_number else ()
    ways = (Resubmission.NEW, *numbered)
    return next((way for way in ways if way in open_answers), Resubmission.NONE)


def _told_again(known: BillingEncounter) -> dict[str, object]:
    """The cause was handled before; say the same as then, so that the workflow goes on where it stopped."""
    if known.claim_ids and known.state in {EncounterState.BILLED, EncounterState.NOT_BILLABLE}:
        return {"outcome": "staged", "claims": _claim_list(known.claim_ids)}
    outcomes = {EncounterState.HELD: "held", EncounterState.NOT_BILLABLE: "not_billable"}
    return {"outcome": outcomes.get(known.state, "waiting")}


def _claim_list(claim_ids: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"claim_id": claim_id} for claim_id in claim_ids]


def _claim(records: Records, claim_id: str) -> Claim:
    claim = records.get(Claim, Claim.key_of(claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{claim_id}")
    return claim


def _heard(
    known: BillingEncounter | None, command: AssembleClaim, cause: Cause
) -> BillingEncounter:
    """The encounter with this event in it. Of two documents the one that happened later counts, in any order."""
    heard = known or BillingEncounter(
        encounter_id=command.encounter_id,
        document_key=command.document_key,
        document_sha256=command.document_sha256,
        heard_at=command.occurred_at,
    )
    if command.occurred_at >= heard.heard_at:
        heard = replace(
            heard,
            document_key=command.document_key,
            document_sha256=command.document_sha256,
            heard_at=command.occurred_at,
        )
    if cause.cause_type == SIGNED and heard.signed_at is None:
        heard = replace(heard, signed_at=command.occurred_at)
    return replace(heard, facts_heard=(*heard.facts_heard, cause.cause_id))


def _read(heard: BillingEncounter, intake: Intake, rule_sets: RuleSets) -> Encounter:
    body = intake.fetch(heard.document_key)
    if hashlib.sha256(body).hexdigest() != heard.document_sha256:
        raise ContractError("document_altered", subject=heard.subject, detail="document_sha256")
    bundle = read_bundle(body, heard.document_key)
    return encounter_from_bundle(
        bundle,
        heard.encounter_id,
        # There is no claim yet: the encounter decides whether a canary's tables make it.
        judging_version(rule_sets, "mapping", mapping_tables, Member(claim_id=heard.encounter_id)),
    )


def _staged_event(claim: Claim) -> OutboundEvent:
    return claim_event(
        "claim.staged", claim, encounter_id=claim.encounter_id, charge_cents=claim.charge_cents
    )


def _resolved_events(solved: tuple[WorkItem, ...]) -> tuple[OutboundEvent, ...]:
    return tuple(resolved(item, item.resolution) for item in solved)


def _resent(content: ClaimContent, before: Claim | None, answer: Resubmission) -> ClaimContent:
    """As the resubmission matrix says: as new, or in place of what the payer has."""
    kind = content.coverage.payer.kind if content.coverage else None
    way = resend(before, payer_id=content.payer_id, payer_kind=kind, answer=answer)
    return replace(content, frequency=way.frequency, original_reference=way.original_reference)


def _as_it_is(content: ClaimContent) -> Repaired:
    """What was sent goes out again unchanged."""
    return Repaired(content, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """The commits this step may end in."""

    records: Records
    cause: Cause
    now: datetime

    def close(
        self, heard: BillingEncounter, state: EncounterState, outcome: str
    ) -> dict[str, object]:
        self._commit(replace(heard, state=state), outcome)
        return {"outcome": outcome}

    def hold_document(
        self, heard: BillingEncounter, refusal: ContractError | RecordNotFoundError
    ) -> dict[str, object]:
        work = open_work_item(
            queue=Queue.ENGINEERING,
            reason=refusal.code,
            about=heard.subject,
            recommended_action="publish the encounter's document again; the event names one that can't be used",
            at=self.now,
            fields=(refusal.detail,) if refusal.detail else (),
            occurrence=heard.document_sha256,
        )
        held = replace(heard, state=EncounterState.HELD, reasons=(refusal.code,))
        works = not_yet_known(self.records, work)
        self._commit(held, "held", also=works, events=tuple(map(opened, works)))
        return {"outcome": "held"}

    def report_late_change(
        self, heard: BillingEncounter, claims: tuple[Claim, ...]
    ) -> dict[str, object]:
        """The claim has left: a person decides whether a replacement is worth it."""
        work = open_work_item(
            queue=Queue.BILLING,
            reason="encounter_changed_after_submission",
            about=claims[0].subject,
            recommended_action="compare the documents; send a replacement claim once the payer has decided",
            at=self.now,
            payer_id=claims[0].payer_id,
            occurrence=heard.document_sha256,
        )
        works = not_yet_known(self.records, work)
        self._commit(
            heard, "changed_after_submission", also=works, events=tuple(map(opened, works))
        )
        return {"outcome": "ignored"}

    def stage(
        self,
        heard: BillingEncounter,
        encounter: Encounter,
        before: tuple[Claim, ...],
        splitting: Splitting,
    ) -> dict[str, object]:
        earlier = {claim.claim_id: claim for claim in before}
        answers = {claim.claim_id: _answered_by(self.records, claim) for claim in before}
        revision = max((claim.revision for claim in before), default=0) + 1
        claim_id = derived_id("C", heard.encounter_id)
        signed_at = heard.signed_at or self.now
        tidied = tuple(
            repaired(
                _resent(
                    content,
                    earlier.get(content.claim_id),
                    answers.get(content.claim_id, Resubmission.NONE),
                )
            )
            for content in assemble(
                encounter,
                claim_id=claim_id,
                patient_control_number=f"{claim_id}{revision:02d}",
                signed_on=signed_at.astimezone(UTC).date(),
                splitting=splitting,
            )
        )
        contents = tuple(one.content for one in tidied)
        heard = replace(
            heard, mapping_version=encounter.mapping_version, not_billed=encounter.not_billed
        )
        billed_ids = {content.claim_id for content in contents}
        dropped = tuple(claim for claim in before if claim.claim_id not in billed_ids)
        retracted = tuple(self._retracted(dropped, revision))
        may_change = {content.claim_id for content in retracted} | {
            claim.claim_id
            for claim in before
            if claim.state in _AMENDABLE or answers[claim.claim_id] is not Resubmission.NONE
        }
        if may_change != earlier.keys():
            return self.report_late_change(heard, before)
        taken_back = tuple(
            self._taken_back(content, earlier[content.claim_id], revision) for content in retracted
        )
        voided = self._voided(dropped)
        solved = self._solved(voided)
        charged_back = self._charged_back(voided)
        if not contents:
            closed = replace(heard, state=EncounterState.NOT_BILLABLE, reasons=("self_pay",))
            self._commit(
                closed,
                "not_billable",
                also=(*taken_back, *voided, *solved),
                new=(*self._stored(map(_as_it_is, retracted), revision, encounter), *charged_back),
                events=(*map(_staged_event, taken_back), *_resolved_events(solved)),
            )
            if not taken_back:
                return {"outcome": "not_billable"}
            return {
                "outcome": "staged",
                "claims": _claim_list(tuple(claim.claim_id for claim in taken_back)),
            }
        claims = tuple(
            self._staged(content, earlier.get(content.claim_id), heard, encounter, revision)
            for content in contents
        )
        stored = self._stored((*tidied, *map(_as_it_is, retracted)), revision, encounter)
        billed = replace(
            heard,
            state=EncounterState.BILLED,
            reasons=(),
            claim_ids=tuple(dict.fromkeys((*heard.claim_ids, *(each.claim_id for each in claims)))),
        )
        self._commit(
            billed,
            "staged",
            also=(*claims, *taken_back, *voided, *solved),
            new=(*stored, *charged_back),
            events=(*map(_staged_event, (*claims, *taken_back)), *_resolved_events(solved)),
        )
        return {"outcome": "staged", "claims": _claim_list(billed.claim_ids)}

    def _stored(
        self, contents: Iterable[Repaired], revision: int, encounter: Encounter
    ) -> tuple[StoredContent, ...]:
        return tuple(
            StoredContent(
                claim_id=one.content.claim_id,
                revision=revision,
                content=one.content,
                unmapped=encounter.unmapped,
                problems=encounter.problems,
                repairs=one.repairs,
            )
            for one in contents
        )

    def _retracted(self, dropped: Iterable[Claim], revision: int) -> Iterator[ClaimContent]:
        """Claims the payer judged and the amended encounter no longer gives: as they were sent, to be void (8)."""
        for claim in dropped:
            stored = self.records.get(
                StoredContent, StoredContent.key_of(claim.claim_id, claim.revision)
            )
            coverage = stored.content.coverage if stored else None
            kind = coverage.payer.kind if coverage else None
            if stored is None or not may_be_voided(claim, kind):
                continue
            if self._was_billed_on(stored.content):
                # What the next payer was told must be taken back first, and a person sees to both.
                continue
            yield replace(
                stored.content,
                frequency=VOID,
                original_reference=claim.payer_claim_control_number,
                patient_control_number=f"{claim.claim_id}{revision:02d}V",
            )

    def _was_billed_on(self, content: ClaimContent) -> bool:
        coverage = next_coverage(content)
        if coverage is None:
            return False
        following = next_claim(content, coverage).claim_id
        return self.records.get(Claim, Claim.key_of(following)) is not None

    def _taken_back(self, content: ClaimContent, before: Claim, revision: int) -> Claim:
        """Its charge is gone, whatever the content repeats: once the void is sent, the ledger says so too."""
        return before.moved(
            ClaimState.STAGED,
            charge_cents=0,
            revision=revision,
            frequency=content.frequency,
            patient_control_number=content.patient_control_number,
            reasons=("billed_in_error",),
            closed_at=None,
        )

    def _voided(self, dropped: Iterable[Claim]) -> tuple[Claim, ...]:
        """Claims the amended encounter no longer gives must not leave."""
        return tuple(
            claim.moved(ClaimState.VOID, reasons=("no_longer_billed",), due_kind="", due_at=None)
            for claim in dropped
            if claim.state in _AMENDABLE - {ClaimState.VOID}
        )

    def _solved(self, voided: tuple[Claim, ...]) -> tuple[WorkItem, ...]:
        """Nobody needs to mend them any more."""
        return tuple(
            item.resolved(at=self.now, by=STEP, resolution="claim_no_longer_billed")
            for claim in voided
            for item in open_items_about(self.records, claim.subject)
        )

    def _charged_back(self, voided: tuple[Claim, ...]) -> tuple[StoredPosting, ...]:
        """One that had left and was turned away has its charge on the ledger."""
        charges = (
            charge_due(
                self.records,
                replace(claim, charge_cents=0, revision=claim.revision + 1),
                at=self.now,
            )
            for claim in voided
            if postings_of(self.records, claim.claim_id)
        )
        return tuple(charge for charge in charges if charge)

    def _staged(
        self,
        content: ClaimContent,
        before: Claim | None,
        heard: BillingEncounter,
        encounter: Encounter,
        revision: int,
    ) -> Claim:
        provider = content.rendering_provider or content.billing_provider
        claim = before or Claim(
            claim_id=content.claim_id,
            encounter_id=content.encounter_id,
            patient_id="",
            coverage_id="",
            payer_id="",
            provider_id="",
            location_id="",
            department="",
            service_line="",
            service_on=content.service_from,
            charge_cents=0,
            signed_at=heard.signed_at or self.now,
            staged_at=self.now,
        )
        is_new_to_payer = content.frequency == ORIGINAL and claim.state in JUDGED
        return claim.moved(
            ClaimState.STAGED,
            # A number of the payer before, or of a claim that stays as it was judged, leads nowhere.
            payer_claim_control_number=(
                ""
                if is_new_to_payer or content.payer_id != claim.payer_id
                else claim.payer_claim_control_number
            ),
            patient_id=content.patient.patient_id if content.patient else "",
            coverage_id=content.coverage.coverage_id if content.coverage else "",
            payer_id=content.payer_id or "unknown",
            provider_id=provider.provider_id if provider else "",
            location_id=content.location.location_id if content.location else "",
            department=content.location.department if content.location else "",
            service_line=content.service_line,
            service_on=content.service_from,
            charge_cents=content.total_charge_cents,
            revision=revision,
            frequency=content.frequency,
            patient_control_number=content.patient_control_number,
            mapping_version=encounter.mapping_version,
            reasons=(),
            due_kind="",
            due_at=None,
        )

    def _commit(
        self,
        encounter: BillingEncounter,
        decision: str,
        *,
        also: tuple[Claim | WorkItem, ...] = (),
        new: tuple[StoredContent | StoredPosting, ...] = (),
        events: tuple[OutboundEvent, ...] = (),
    ) -> None:
        self.records.commit(
            Commit(
                step=STEP,
                cause=self.cause,
                actor=Actor(STEP),
                at=self.now,
                root=encounter,
                decision=decision,
                facts={
                    "document_sha256": encounter.document_sha256,
                    "mapping_version": encounter.mapping_version,
                },
                also=also,
                new=new,
                events=events,
            )
        )
