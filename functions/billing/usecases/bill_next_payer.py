"""Make the claim that a patient's next payer gets, with what the payer before it decided.

Reads   the answered claim, its content and its ledger; payer and automation policy.
Writes  the next claim with its content, and what it is owed, moved over from the claim before; or work for a person.
Emits   claim.staged, work_item.opened.
Fails   StaleRecordError (retry).
"""

from dataclasses import dataclass
from datetime import datetime

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.claims.coordination import (
    following,
    next_claim,
    next_coverage,
    prior_payment,
)
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.claims.revisions import StoredContent
from functions.billing.domain.commit import Actor, Cause, Commit
from functions.billing.domain.errors import ContractError, RecordNotFoundError
from functions.billing.domain.ledger.balances import claim_balance
from functions.billing.domain.ledger.bookings import secondary_charge_posting
from functions.billing.domain.ledger.postings import Posting
from functions.billing.domain.records import Coverage
from functions.billing.domain.rules.automation import Mode, automation_policy
from functions.billing.domain.work_items import Queue, open_work_item
from functions.billing.ports import Clock, Records, RuleSets
from functions.billing.usecases.events import claim_event, opened
from functions.billing.usecases.postings import StoredPosting, postings_of
from functions.billing.usecases.work import not_yet_known

STEP = "bill_next_payer"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillNextPayer:
    """The payer of this claim left something for the next one."""

    claim_id: str


def bill_next_payer(
    command: BillNextPayer, cause: Cause, *, records: Records, rule_sets: RuleSets, clock: Clock
) -> dict[str, object]:
    """`staged` with the next claim's id, `held` for a person, or `ignored` when nothing is left to bill."""
    claim, stored = _read(records, command.claim_id)
    coverage = next_coverage(stored.content)
    step = _Step(claim, stored, postings_of(records, claim.claim_id), records, cause, clock.now())
    identity = next_claim(stored.content, coverage) if coverage else None
    known = records.get(Claim, Claim.key_of(identity.claim_id)) if identity else None
    if known and known.state is ClaimState.STAGED:
        # Made by an earlier run of this very event: the workflow goes on where it stopped.
        return _staged(known)
    if coverage is None or step.left_cents <= 0:
        return {"outcome": "ignored"}
    if known:
        return step.hold("next_payer_answer_changed", _COMPARE)
    mode = rule_sets.active("automation", automation_policy).mode(
        STEP, claim.payer_id, claim.location_id
    )
    if mode is not Mode.AUTOMATE:
        return step.hold("bill_next_payer", _SEND)
    return step.bill(coverage)


def _read(records: Records, claim_id: str) -> tuple[Claim, StoredContent]:
    claim = records.get(Claim, Claim.key_of(claim_id))
    if claim is None:
        raise RecordNotFoundError("claim_not_found", subject=f"claim:{claim_id}")
    stored = records.get(StoredContent, StoredContent.key_of(claim_id, claim.revision))
    if stored is None:
        raise RecordNotFoundError("content_not_found", subject=claim.subject)
    return claim, stored


_SEND = "send the claim to the next payer with this payer's answer"
_BY_HAND = "bill the next payer by hand: this payer's answer can't be told line by line"
_COMPARE = "the first payer changed its answer: compare, then replace the claim at the next payer"


def _staged(claim: Claim) -> dict[str, object]:
    return {"outcome": "staged", "claims": [{"claim_id": claim.claim_id}]}


@dataclass(frozen=True, slots=True)
class _Step:
    """One answered claim, and the two ways this may end."""

    claim: Claim
    stored: StoredContent
    postings: tuple[Posting, ...]
    records: Records
    cause: Cause
    now: datetime

    @property
    def left_cents(self) -> int:
        """What waits on the claim's ledger for the next payer."""
        return claim_balance(self.claim.claim_id, self.postings).next_payer_cents

    def hold(self, reason: str, action: str, *fields: str) -> dict[str, object]:
        """Leave it to a person, once for each amount."""
        work = open_work_item(
            queue=Queue.BILLING,
            reason=reason,
            about=self.claim.subject,
            recommended_action=action,
            at=self.now,
            fields=fields,
            payer_id=self.claim.payer_id,
            amount_cents=self.left_cents,
            occurrence=str(self.left_cents),
        )
        for new in not_yet_known(self.records, work):
            self.records.commit(
                Commit(
                    step=STEP,
                    cause=self.cause,
                    actor=Actor(STEP),
                    at=self.now,
                    root=self.claim,
                    decision="held",
                    facts={"reason": reason},
                    also=(new,),
                    events=(opened(new),),
                )
            )
        return {"outcome": "held"}

    def bill(self, coverage: Coverage) -> dict[str, object]:
        """Make the next claim, unless this payer's answer can't be told line by line."""
        try:
            payment = prior_payment(self.stored.content, self.postings)
        except ContractError as refusal:
            return self.hold("next_payer_claim_incomplete", _BY_HAND, refusal.code)
        return self._stage(following(self.stored.content, coverage, payment))

    def _stage(self, content: ClaimContent) -> dict[str, object]:
        """The next claim, and the money that waits for it."""
        moved = secondary_charge_posting(
            content.claim_id,
            primary_claim_id=self.claim.claim_id,
            amount_cents=self.left_cents,
            occurred_on=self.now.date(),
        )
        following_claim = self._following(content)
        self.records.commit(
            Commit(
                step=STEP,
                cause=self.cause,
                actor=Actor(STEP),
                at=self.now,
                root=following_claim,
                decision="next_payer_billed",
                facts={
                    "follows": self.claim.claim_id,
                    "claim": content.claim_id,
                    "amount_cents": self.left_cents,
                },
                also=(self._left(moved),),
                new=(
                    StoredContent(
                        claim_id=content.claim_id,
                        revision=1,
                        content=content,
                        unmapped=self.stored.unmapped,
                        problems=self.stored.problems,
                    ),
                    *StoredPosting.beside(moved, (content.claim_id, self.claim.claim_id)),
                ),
                events=(
                    claim_event(
                        "claim.staged",
                        following_claim,
                        encounter_id=self.claim.encounter_id,
                        charge_cents=content.total_charge_cents,
                    ),
                ),
            )
        )
        return _staged(following_claim)

    def _following(self, content: ClaimContent) -> Claim:
        claim = self.claim
        return Claim(
            claim_id=content.claim_id,
            follows_claim_id=claim.claim_id,
            encounter_id=claim.encounter_id,
            patient_id=claim.patient_id,
            coverage_id=content.coverage.coverage_id if content.coverage else "",
            payer_id=content.payer_id,
            provider_id=claim.provider_id,
            location_id=claim.location_id,
            department=claim.department,
            service_line=claim.service_line,
            service_on=claim.service_on,
            charge_cents=content.total_charge_cents,
            patient_control_number=content.patient_control_number,
            mapping_version=claim.mapping_version,
            signed_at=claim.signed_at,
            staged_at=self.now,
        )

    def _left(self, moved: Posting) -> Claim:
        """The claim before, closed when nobody owes anything on it any more."""
        claim = self.claim
        settled = claim_balance(claim.claim_id, (*self.postings, moved)).is_settled
        if not settled or claim.state is not ClaimState.ADJUDICATED:
            return claim
        return claim.moved(ClaimState.CLOSED, closed_at=self.now)
