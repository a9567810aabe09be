"""What rests beside a claim for each of its revisions: the content, and how it was judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.claims.repairs import Repair
from functions.billing.domain.eligibility.coverage import Standing
from functions.billing.domain.keys import Key
from functions.billing.domain.records import MissingFact, UnmappedCode


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContent:
    """One revision of what a claim bills, with what mapping left open and what was repaired in form."""

    kind: ClassVar[str] = "CONTENT"

    claim_id: str
    revision: int
    content: ClaimContent
    unmapped: tuple[UnmappedCode, ...] = ()
    problems: tuple[MissingFact, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @staticmethod
    def key_of(claim_id: str, revision: int) -> Key:
        """Beside its claim."""
        return Key(f"CLAIM#{claim_id}", f"CONTENT#{revision:03d}")

    @property
    def key(self) -> Key:
        """Where this revision rests."""
        return self.key_of(self.claim_id, self.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRule:
    """One verdict against a claim: paths and words, never values."""

    rule_id: str
    reason_code: str
    field_path: str
    severity: str
    owner: str
    recommended_action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How one revision was judged: by which versions, on what facts, rule by rule.

    `verdicts` holds one letter for each rule of the version, in its order (`rules.judgements`); `failed` tells the
    places. With the content, the facts and versions here are all that judging saw: it can be repeated exactly.
    """

    kind: ClassVar[str] = "JUDGEMENT"

    claim_id: str
    judging: str
    revision: int
    judged_at: datetime
    submitted_on: date
    versions: Mapping[str, str] = field(default_factory=dict)
    eligibility_state: str = ""
    eligibility_checked_at: datetime | None = None
    eligibility_standing: Standing = Standing.NEVER_CHECKED
    eligibility_in_grace_period: bool = False
    has_twin: bool = False
    verdicts: str = ""
    failed: tuple[FailedRule, ...] = ()

    @staticmethod
    def key_of(claim_id: str, judging: str) -> Key:
        """Beside its claim, one for each judging (`Claim.judging`)."""
        return Key(f"CLAIM#{claim_id}", f"JUDGEMENT#{judging}")

    @property
    def key(self) -> Key:
        """Where this one rests."""
        return self.key_of(self.claim_id, self.judging)
