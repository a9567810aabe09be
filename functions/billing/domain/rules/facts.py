"""What judging needs to know beyond the claim itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from functions.billing.domain.codes import CodeTable, TableKind
from functions.billing.domain.eligibility.coverage import Standing
from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.records import MissingFact, UnmappedCode
from functions.billing.domain.rules.policy import PayerPolicy


class EligibilityState(StrEnum):
    """What is known of the coverage.

    Undetermined means that the payer answered unclearly, unknown that it did not answer.
    """

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNDETERMINED = "undetermined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EligibilityFact:
    """The newest answer about the claim's coverage, for the month of service.

    `in_grace_period`: an exchange plan whose premium is overdue. `standing` is how far it can be relied on.
    """

    state: EligibilityState
    checked_at: datetime | None = None
    in_grace_period: bool = False
    standing: Standing = Standing.NEVER_CHECKED


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubFacts:
    """The world around the claim at the time of judging.

    Stored beside the verdicts, these and the rule set's version make judging repeatable.

    Attributes
    ----------
    submitted_on
        The day the claim would be sent.
    eligibility
        The newest check of the claim's coverage.
    known_duplicates
        Fingerprints of other live claims of the patient.
    policy
        The payer's policy, None when there is none.
    unmapped, problems
        What mapping the encounter left open.
    code_tables
        The tables the rule set pins, by name, opened.
    """

    submitted_on: date
    eligibility: EligibilityFact = field(
        default_factory=lambda: EligibilityFact(EligibilityState.UNKNOWN)
    )
    known_duplicates: frozenset[str] = frozenset()
    policy: PayerPolicy | None = None
    unmapped: tuple[UnmappedCode, ...] = ()
    problems: tuple[MissingFact, ...] = ()
    code_tables: Mapping[str, CodeTable] = field(default_factory=dict)

    def code_table(self, name: str, kind: TableKind) -> CodeTable:
        """One of the tables.

        Raises
        ------
        RuleSetError
            `code_table_missing` if whoever judges did not open it, `code_table_of_other_kind` if a rule
            expects it to be about something else.
        """
        table = self.code_tables.get(name)
        if table is None:
            raise RuleSetError("code_table_missing", subject=f"code_table:{name}")
        if table.terms.kind is not kind:
            raise RuleSetError(
                "code_table_of_other_kind",
                subject=f"code_table:{name}",
                detail=f"expected {kind}, found {table.terms.kind}",
            )
        return table
