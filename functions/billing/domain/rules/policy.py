"""What each payer wants: deadlines, freshness, approval, contract, addresses. Versioned data.

The values shipped are labelled examples: filing and appeal windows differ by payer, plan and year,
so a practice replaces them by those of its own contracts.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from functions.billing.domain.errors import RuleSetError
from functions.billing.domain.money import percent_of_cents
from functions.billing.domain.records import Charge, PayerKind
from functions.billing.domain.rules.reading import Reader, content_version
from functions.billing.domain.submission.inquiry import FollowUp

WHOLE_PERCENT = 100


class FilingClock(StrEnum):
    """When the time to file begins."""

    SERVICE_FROM = "service_from"
    SERVICE_TO = "service_to"


class CoverageClass(StrEnum):
    """How volatile a coverage is: the payer's kind, and for an exchange plan whether its premium is overdue."""

    COMMERCIAL = "commercial"
    MEDICARE = "medicare"
    MEDICAID = "medicaid"
    EXCHANGE = "exchange"
    EXCHANGE_GRACE = "exchange_grace"
    """Within the months of grace an exchange plan has before it ends for an unpaid premium."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How long an eligibility answer is trusted, and how long before the visit it is asked for again."""

    ttl_hours: int
    recheck_hours_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingLimit:
    """How long a claim may wait: days, or calendar months where the law counts months."""

    limit_days: int
    limit_months: int
    warning_days: int
    clock: FilingClock

    def deadline(
        self, service_from: date, service_to: date, prior_payer_decided_on: date | None = None
    ) -> date:
        """The last day to file; a prior payer's decision starts the clock of a secondary claim."""
        start = service_from if self.clock is FilingClock.SERVICE_FROM else service_to
        start = prior_payer_decided_on or start
        if self.limit_months:
            return add_months(start, self.limit_months)
        return start + timedelta(days=self.limit_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """What a payer takes on one claim; the rest of an encounter goes on further ones.

    At most as many lines as the form holds (X12 837P 50, 837I 999), perhaps fewer; and only one day,
    or one place, where the payer wants that.
    """

    professional_lines_max: int = 50
    institutional_lines_max: int = 999
    by_service_date: bool = False
    by_place: bool = False

    def lines_max(self, *, is_institutional: bool) -> int:
        """How many service lines a claim may have."""
        return self.institutional_lines_max if is_institutional else self.professional_lines_max


AS_FORM_ALLOWS = Splitting()
"""One claim for as many lines as fit."""


@dataclass(frozen=True, slots=True)
class AppealLevel:
    """One level of appeal: its number from 1, its name, and how many days there are to file."""

    number: int
    name: str
    window_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the payer agreed to allow, for services in a span of dates.

    `fees_cents` prices one unit of a procedure; `modifier_percents` changes that price (26, TC, 50,
    52 …); `percent_of_charge` prices what is not in the schedule, or nothing does when it is None.
    """

    version: str
    starts_on: date | None
    ends_on: date | None
    percent_of_charge: int | None
    fees_cents: Mapping[str, int]
    modifier_percents: Mapping[str, int] = field(default_factory=dict)

    def allowed_cents(self, line: Charge) -> int | None:
        """The expected allowed amount of a line, or None where the contract does not price it.

        Never above the charge, since payers allow the lesser of the two.
        """
        fee = self.fees_cents.get(line.procedure)
        if fee is not None:
            return min(self._modified(fee * line.units, line.modifiers), line.charge_cents)
        if self.percent_of_charge is None:
            return None
        return percent_of_cents(line.charge_cents, self.percent_of_charge)

    def _modified(self, cents: int, modifiers: tuple[str, ...]) -> int:
        for modifier in modifiers:
            cents = percent_of_cents(cents, self.modifier_percents.get(modifier, WHOLE_PERCENT))
        return cents

    def covers(self, day: date) -> bool:
        """Whether the contract is in force on a service date."""
        after_start = self.starts_on is None or day >= self.starts_on
        return after_start and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerPolicy:
    """How claims of one payer are treated.

    `edi_id` is the payer's identifier on the wire (X12 NM109 of the payer), `filing_indicator` is
    SBR09. `approval_threshold_cents` is the charge from which a person releases the claim;
    `tolerance_cents` how far a payment may be from the contract before someone looks. `connector`
    names the clearinghouse connection claims go through, empty for the deployment's first.
    `follow_up` says how long silence is borne, and how the payer is asked after that.
    `freshness` is the row of the eligibility table for the payer's kind, with the payer's own
    figures where it has some; `grace_freshness` the one for its members in a grace period, the
    same unless it is an exchange plan.
    """

    payer_id: str
    name: str
    kind: PayerKind
    edi_id: str
    filing_indicator: str
    freshness: Freshness
    grace_freshness: Freshness
    filing: FilingLimit
    splitting: Splitting
    appeal_levels: tuple[AppealLevel, ...]
    approval_threshold_cents: int
    tolerance_cents: int
    contracts: tuple[Contract, ...]
    connector: str = ""
    follow_up: FollowUp = field(default_factory=FollowUp)

    def freshness_of(self, *, in_grace_period: bool) -> Freshness:
        """How an answer about one of the payer's members is treated."""
        return self.grace_freshness if in_grace_period else self.freshness

    def contract_on(self, day: date) -> Contract | None:
        """The contract in force on a service date, None when there is none."""
        return next((contract for contract in self.contracts if contract.covers(day)), None)

    def expected_allowed_cents(self, line: Charge) -> int | None:
        """What the payer should allow for a line, None when no contract of its date prices it."""
        contract = self.contract_on(line.service_date)
        return contract.allowed_cents(line) if contract else None

    def appeal_level(self, number: int) -> AppealLevel | None:
        """The level of that number, None when the payer has fewer."""
        return next((level for level in self.appeal_levels if level.number == number), None)


@dataclass(frozen=True, slots=True)
class PayerPolicies:
    """All payers' policies, under one content-addressed version."""

    version: str
    by_payer: Mapping[str, PayerPolicy]
    by_class: Mapping[CoverageClass, Freshness]

    def of(self, payer_id: str) -> PayerPolicy | None:
        """A payer's policy, None when nobody wrote one: then its claims are held."""
        return self.by_payer.get(payer_id)


def payer_policies(content: Mapping[str, Any]) -> PayerPolicies:
    """Read parsed policy data.

    Raises
    ------
    RuleSetError
        Naming the payer and the field that is missing or malformed.
    """
    top = Reader(content, subject="payer_policies")
    _skip(top, "$schema", "name", "note")
    by_class = _by_class(top.child("eligibility"))
    policies: dict[str, PayerPolicy] = {}
    for reader in top.children("payers"):
        policy = _policy(reader, by_class)
        if policy.payer_id in policies:
            raise reader.error("payer_id", f"{policy.payer_id} stands there twice")
        policies[policy.payer_id] = policy
    top.finish()
    return PayerPolicies(content_version(content), policies, by_class)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or its last day when the month is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _by_class(reader: Reader) -> dict[CoverageClass, Freshness]:
    table = {}
    for name in CoverageClass:
        row = reader.child(name)
        table[name] = _freshness(row)
        row.finish()
    reader.finish()
    return table


def _freshness(row: Reader, default: Freshness | None = None) -> Freshness:
    """A row of the table, or what a payer has otherwise than the row of its kind."""
    ttl_hours = default.ttl_hours if default else None
    recheck_hours_before = default.recheck_hours_before if default else None
    return Freshness(
        ttl_hours=row.integer("ttl_hours", ttl_hours, minimum=1),
        recheck_hours_before=row.integer("recheck_hours_before", recheck_hours_before, minimum=1),
    )


def _own_freshness(
    reader: Reader, kind: PayerKind, by_class: Mapping[CoverageClass, Freshness]
) -> tuple[Freshness, Freshness]:
    # Nobody asks about self-pay; it takes the commonest row, so that a policy is always whole.
    name = CoverageClass.COMMERCIAL if kind is PayerKind.SELF_PAY else CoverageClass(kind)
    own = reader.child_or_none("eligibility")
    freshness = by_class[name]
    if own:
        freshness = _freshness(own, freshness)
        own.finish()
    if kind is PayerKind.EXCHANGE:
        return freshness, by_class[CoverageClass.EXCHANGE_GRACE]
    return freshness, freshness


def _policy(reader: Reader, by_class: Mapping[CoverageClass, Freshness]) -> PayerPolicy:
    payer_id = reader.text("payer_id")
    reader.subject = f"payer_policy:{payer_id}"
    kind = reader.choice("kind", PayerKind)
    freshness, grace_freshness = _own_freshness(reader, kind, by_class)
    contracts = tuple(_contract(part) for part in reader.children("contracts"))
    policy = PayerPolicy(
        payer_id=payer_id,
        name=reader.text("name"),
        kind=kind,
        edi_id=reader.text("edi_id"),
        filing_indicator=reader.text("filing_indicator"),
        freshness=freshness,
        grace_freshness=grace_freshness,
        filing=_filing(reader.child("filing")),
        splitting=_splitting(reader.child_or_none("splitting")),
        appeal_levels=tuple(
            _level(part, number)
            for number, part in enumerate(reader.children("appeal_levels"), start=1)
        ),
        approval_threshold_cents=reader.integer("approval_threshold_cents"),
        tolerance_cents=reader.integer("tolerance_cents"),
        contracts=contracts,
        connector=reader.text("connector", ""),
        follow_up=_follow_up(reader.child("follow_up")),
    )
    reader.finish()
    _refuse_overlaps(contracts, payer_id)
    return policy


def _filing(reader: Reader) -> FilingLimit:
    if reader.has("limit_days") == reader.has("limit_months"):
        raise reader.error("limit_days", "expected either limit_days or limit_months")
    limit = FilingLimit(
        limit_days=reader.integer("limit_days", 0),
        limit_months=reader.integer("limit_months", 0),
        warning_days=reader.integer("warning_days"),
        clock=reader.choice("clock", FilingClock, FilingClock.SERVICE_FROM),
    )
    reader.finish()
    return limit


def _follow_up(reader: Reader) -> FollowUp:
    follow_up = FollowUp(
        syntax_hours=reader.integer("syntax_hours", minimum=1),
        front_door_days=reader.integer("front_door_days", minimum=1),
        remittance_days=reader.integer("remittance_days", minimum=1),
        inquire_every_days=reader.integer("inquire_every_days", minimum=1),
        inquiries_max=reader.integer("inquiries_max", minimum=1),
    )
    reader.finish()
    return follow_up


def _splitting(reader: Reader | None) -> Splitting:
    if reader is None:
        return AS_FORM_ALLOWS
    form = AS_FORM_ALLOWS
    splitting = Splitting(
        professional_lines_max=reader.integer(
            "professional_lines_max", form.professional_lines_max, minimum=1
        ),
        institutional_lines_max=reader.integer(
            "institutional_lines_max", form.institutional_lines_max, minimum=1
        ),
        by_service_date=reader.flag("by_service_date", default=False),
        by_place=reader.flag("by_place", default=False),
    )
    for name in ("professional_lines_max", "institutional_lines_max"):
        if getattr(splitting, name) > getattr(form, name):
            raise reader.error(
                name, f"expected at most {getattr(form, name)}: the form holds no more"
            )
    reader.finish()
    return splitting


def _level(reader: Reader, number: int) -> AppealLevel:
    level = AppealLevel(number, reader.text("name"), reader.integer("window_days", minimum=1))
    reader.finish()
    return level


def _contract(reader: Reader) -> Contract:
    contract = Contract(
        version=reader.text("version"),
        starts_on=reader.day("starts_on"),
        ends_on=reader.day("ends_on"),
        percent_of_charge=(
            reader.integer("percent_of_charge") if reader.has("percent_of_charge") else None
        ),
        fees_cents=_integers(reader, "fees_cents"),
        modifier_percents=_integers(reader, "modifier_percents"),
    )
    if contract.percent_of_charge is None and not contract.fees_cents:
        raise reader.error("fees_cents", "expected a fee schedule or a percentage of the charge")
    if (contract.percent_of_charge or 0) > WHOLE_PERCENT:
        raise reader.error("percent_of_charge", f"expected at most {WHOLE_PERCENT}")
    reader.finish()
    return contract


def _integers(reader: Reader, name: str) -> dict[str, int]:
    inner = reader.child_or_none(name)
    return {key: inner.integer(key) for key in inner.names()} if inner else {}


def _refuse_overlaps(contracts: tuple[Contract, ...], payer_id: str) -> None:
    """Two contracts in force on one day would make the expected amount depend on their order."""
    ordered = sorted(contracts, key=lambda contract: contract.starts_on or date.min)
    for earlier, later in pairwise(ordered):
        if earlier.ends_on is None or earlier.ends_on >= (later.starts_on or date.min):
            raise RuleSetError(
                "rule_set_malformed",
                subject=f"payer_policy:{payer_id}",
                detail=f"contracts: {earlier.version} and {later.version} overlap",
            )


def _skip(reader: Reader, *names: str) -> None:
    for name in names:
        reader.text(name, "")
