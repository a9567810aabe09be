"""The life of one version of a rule set: every allowed move stands in one table, all else is refused.

A version is content under its hash, so nothing about it ever changes but its state, and who answers for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self

from functions.billing.domain.errors import ForbiddenTransitionError, SegregationError
from functions.billing.domain.keys import Key

_PREFIX = "sha256:"
SHORT_LENGTH = 12


class VersionState(StrEnum):
    """Where a version is in its life."""

    DRAFT = "draft"
    """Stored and readable; its author may still withdraw it."""

    REVIEW = "review"
    """Waits for somebody else."""

    SHADOW = "shadow"
    """Judges beside the active version; what it says is recorded and has no effect."""

    CANARY = "canary"
    """Judges a share of the claims, with effect."""

    ACTIVE = "active"
    """Judges every claim that no canary judges."""

    RETIRED = "retired"
    """Judges nothing any more; it stays readable, so that its judgements can be repeated."""


_S = VersionState

ALLOWED: Mapping[VersionState, frozenset[VersionState]] = {
    _S.DRAFT: frozenset({_S.REVIEW, _S.RETIRED}),
    # At once active is only a name's first version: there is nothing to compare it with.
    _S.REVIEW: frozenset({_S.SHADOW, _S.ACTIVE, _S.RETIRED}),
    _S.SHADOW: frozenset({_S.CANARY, _S.RETIRED}),
    _S.CANARY: frozenset({_S.ACTIVE, _S.RETIRED}),
    _S.ACTIVE: frozenset({_S.RETIRED}),
    # Active again when its successor is rolled back; a draft again when somebody proposes it anew.
    _S.RETIRED: frozenset({_S.ACTIVE, _S.DRAFT}),
}

ON_TRIAL = frozenset({_S.SHADOW, _S.CANARY})
FORWARD: Mapping[VersionState, VersionState] = {
    _S.DRAFT: _S.REVIEW,
    _S.REVIEW: _S.SHADOW,
    _S.SHADOW: _S.CANARY,
    _S.CANARY: _S.ACTIVE,
}
# Each brings a version nearer to claims; turning back needs nobody's consent.
NEEDS_SECOND_PERSON = frozenset(
    {
        (_S.REVIEW, _S.SHADOW),
        (_S.REVIEW, _S.ACTIVE),
        (_S.SHADOW, _S.CANARY),
        (_S.CANARY, _S.ACTIVE),
    }
)


def digest_of(version: str) -> str:
    """The hexadecimal digits of a version such as `sha256:1f…`."""
    return version.removeprefix(_PREFIX)


def short(version: str) -> str:
    """As many digits of a version as people read."""
    return digest_of(version)[:SHORT_LENGTH]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """One version of one rule set, and who answers for it.

    `content_version` is the hash of the content; `version` counts the moves. `authors` are all who proposed
    this content: none of them may bring it nearer to claims.
    """

    kind: ClassVar[str] = "RULE_VERSION"

    name: str
    content_version: str
    authors: tuple[str, ...]
    drafted_at: datetime
    note: str = ""
    state: VersionState = VersionState.DRAFT
    approved_by: tuple[str, ...] = ()
    version: int = 0
    audit_head: str = ""

    @staticmethod
    def key_of(name: str, content_version: str) -> Key:
        """Where a version rests."""
        return Key(f"RULES#{name}#{digest_of(content_version)}", "VERSION")

    @staticmethod
    def ref_of(name: str) -> str:
        """What the versions of a rule set are listed by."""
        return f"RULE_VERSIONS#{name}"

    @property
    def key(self) -> Key:
        """Where this version rests."""
        return self.key_of(self.name, self.content_version)

    @property
    def ref(self) -> str:
        """Versions are listed by the name of their rule set."""
        return self.ref_of(self.name)

    @property
    def subject(self) -> str:
        """The name logs and events use."""
        return f"rule_version:{self.name}/{short(self.content_version)}"

    def moved(self, state: VersionState, *, by: str) -> Self:
        """A copy in another state.

        Raises
        ------
        ForbiddenTransitionError
            If the table does not allow the move.
        SegregationError
            If the move needs a second person and `by` is an author.
        """
        if state not in ALLOWED[self.state]:
            raise ForbiddenTransitionError(
                "forbidden_transition",
                subject=self.subject,
                detail=f"{self.state} to {state} is not allowed",
            )
        if (self.state, state) not in NEEDS_SECOND_PERSON:
            return replace(self, state=state)
        if by in self.authors:
            raise SegregationError(
                "approver_wrote_the_version",
                subject=self.subject,
                detail="someone else must bring it nearer to claims",
            )
        return replace(self, state=state, approved_by=(*self.approved_by, by))
