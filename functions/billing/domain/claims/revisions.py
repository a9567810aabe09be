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
    """How one revision was judged: by which versions, on what facts, rule by rule."""

    kind: ClassVar[str] = "JUDGEMENT"

    claim_id: str
    revision: int
    judged_at: datetime
    submitted_on: date
    versions: Mapping[str, str] = field(default_factory=dict)
    eligibility_state: str = ""
    eligibility_checked_at: datetime | None = None
    eligibility_standing: Standing = Standing.NEVER_CHECKED
    passed: tuple[str, ...] = ()
    failed: tuple[FailedRule, ...] = ()

    @property
    def key(self) -> Key:
        """Beside its claim."""
        return Key(f"CLAIM#{self.claim_id}", f"JUDGEMENT#{self.revision:03d}")
