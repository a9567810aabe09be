"""The claim as the system tracks it: identity, axes of state, times. What is billed rests in `ClaimContent`."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar, Self

from functions.billing.domain.claims.lifecycle import ClaimState, require_move
from functions.billing.domain.keys import Key
from functions.billing.domain.remittance.reconcile import Adjudication


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim of one encounter to one payer.

    No field holds a balance: a claim's balance is the sum of its postings. `revision` counts its contents (each
    correction is a new one), `attempt` its submissions, `version` its moves, `silences` how often nobody answered in
    time; `file_by` is the payer's last day to file. `rejudged` counts how often it was put back because rules that
    judged it were rolled back. `follows_claim_id` names the claim whose payer paid before this
    one's; such a claim has no charge of its own on the ledger. `editors` are the people who changed it and so may not
    release it.
    """

    kind: ClassVar[str] = "CLAIM"

    claim_id: str
    encounter_id: str
    patient_id: str
    coverage_id: str
    payer_id: str
    provider_id: str
    location_id: str
    department: str
    service_line: str
    service_on: date
    charge_cents: int
    signed_at: datetime
    staged_at: datetime
    state: ClaimState = ClaimState.STAGED
    adjudication: Adjudication | None = None
    follows_claim_id: str = ""
    frequency: str = "1"
    revision: int = 1
    patient_control_number: str = ""
    payer_claim_control_number: str = ""
    reasons: tuple[str, ...] = ()
    mapping_version: str = ""
    ruleset_version: str = ""
    attempt: int = 0
    touches: int = 0
    rejections: int = 0
    silences: int = 0
    rejudged: int = 0
    editors: tuple[str, ...] = ()
    validated_at: datetime | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    first_remitted_at: datetime | None = None
    closed_at: datetime | None = None
    first_pass_denied: bool = False
    file_by: date | None = None
    due_kind: str = ""
    due_at: datetime | None = None
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(claim_id: str) -> Key:
        """Where a claim rests."""
        return Key(f"CLAIM#{claim_id}", "CLAIM")

    @property
    def key(self) -> Key:
        """Where this claim rests."""
        return self.key_of(self.claim_id)

    @property
    def ref(self) -> str:
        """Claims are listed by the month they were staged in."""
        return f"CLAIMS#{self.staged_at:%Y-%m}"

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"claim:{self.claim_id}"

    @property
    def judging(self) -> str:
        """The name of its newest judging: one for each revision, and one more each time rules are rolled back."""
        return f"{self.revision:03d}" + (f".{self.rejudged:02d}" if self.rejudged else "")

    def moved(self, state: ClaimState, **changes: Any) -> Self:
        """A copy in another state.

        Raises
        ------
        ForbiddenTransitionError
            If the lifecycle does not allow the move.
        """
        require_move(self.claim_id, self.state, state)
        return replace(self, state=state, **changes)
