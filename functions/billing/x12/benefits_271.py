"""What a 271 says of a person's benefits on a day, and what it leaves open.

The same response normally holds several copays, in and out of network, for several service
types: an amount is given only when exactly one fits, and otherwise it is undetermined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from .amounts import cents_of
from .errors import X12Error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from decimal import Decimal

    from .eligibility_271 import (
        EligibilityInformation,
        EligibilityResponse,
        RequestValidation,
        ResponseDependent,
        ResponseParty,
        ResponseReceiver,
        ResponseSource,
        ResponseSubscriber,
    )
    from .values import DatedPeriod

Coverage = Literal["active", "inactive", "undetermined"]
RejectionGroup = Literal["transient", "provider", "patient_data", "dates", "other"]

PLAN_COVERAGE = "30"
"""Service type: health benefit plan coverage."""

_ACTIVE = frozenset({"1", "2", "3", "4"})
_PENDING = frozenset({"5"})
_INACTIVE = frozenset({"6", "7", "8"})
_NON_COVERED = frozenset({"I"})
_CANNOT_PROCESS = frozenset({"V"})
_COPAY, _COINSURANCE, _DEDUCTIBLE, _OUT_OF_POCKET, _OTHER_PAYER = "B", "A", "C", "G", "R"
_REMAINING = "29"
_YEAR_TO_DATE = "24"

_SPANS = frozenset({"291", "292", "307"})
_BEGINS = frozenset({"346", "348", "356"})
_ENDS = frozenset({"347", "349", "357"})
_PLAN_DATES = _SPANS | _BEGINS | _ENDS

_TRANSIENT = frozenset({"42", "80"})
_ROUTING = "79"
_GROUPS: dict[RejectionGroup, frozenset[str]] = {
    "transient": _TRANSIENT,
    "provider": frozenset({"41", "43", "44", "45", "46", "47", "48", "50", "51", "97", "T4"}),
    "patient_data": frozenset(
        {"58", "64", "65", "66", "67", "68", "71", "72", "73", "74", "75", "76", "77", "78"}
    ),
    "dates": frozenset({"52", "56", "57", "60", "61", "62", "63"}),
}


class Rejection(NamedTuple):
    """An AAA segment: why the payer did not answer, and what to do.

    Attributes
    ----------
    level
        ``source``, ``payer``, ``receiver``, ``person`` or ``benefit``.
    reason
        AAA03.
    follow_up
        AAA04: C correct and resubmit, N not allowed, P resubmit the original, R allowed, S do
        not resubmit, W wait 30 days, X wait 10 days, Y do not resubmit.
    group
        ``transient`` ask again later; ``provider`` for enrolment; ``patient_data`` for the
        front desk; ``dates``; ``other``.
    """

    level: str
    reason: str
    follow_up: str
    group: RejectionGroup


class BenefitAnswer(NamedTuple):
    """An amount or share the payer states, or that it does not state one.

    Attributes
    ----------
    state
        ``stated`` when exactly one value fits; ``undetermined`` when several differ;
        ``absent`` when none fits.
    amount_cents
        Money, when that is what is stated.
    percent
        A share, 0.2 being 20 %, when that is what is stated.
    candidates
        The statements that fit.
    """

    state: Literal["stated", "undetermined", "absent"]
    amount_cents: int | None
    percent: Decimal | None
    candidates: tuple[EligibilityInformation, ...]


class Member(NamedTuple):
    """The person as the payer knows them; ``was_changed`` says that the payer corrected us."""

    member_id: str
    last_name: str
    first_name: str
    birth_date: date | None
    sex: str
    was_changed: bool


class Benefits(NamedTuple):
    """What a 271 says of one person for one service type on one day.

    Attributes
    ----------
    coverage
        Three-valued: an outage is not a lapse.
    coverage_reason
        Why, in a word: ``active``, ``inactive``, ``non_covered``, ``outside_plan_dates``,
        ``no_plan_dates``, ``pending_investigation``, ``conflicting``, ``cannot_process``,
        ``service_type_not_answered``, ``rejected``, ``no_statement``.
    service_date, service_type
        The question.
    statements
        Every EB for the service type.
    plan_statements
        Every EB for the plan as a whole (service type 30).
    rejections
        Every AAA above or at the person.
    other_payers
        EB01 R: other or additional payers, a sign of coordination of benefits.
    member
        The person as the payer knows them.
    """

    coverage: Coverage
    coverage_reason: str
    service_date: date
    service_type: str
    statements: tuple[EligibilityInformation, ...]
    plan_statements: tuple[EligibilityInformation, ...]
    rejections: tuple[Rejection, ...]
    other_payers: tuple[EligibilityInformation, ...]
    member: Member | None

    @property
    def is_transient(self) -> bool:
        """Whether asking again later may bring an answer: all rejections are transient."""
        return bool(self.rejections) and all(r.group == "transient" for r in self.rejections)

    @property
    def authorization_required(self) -> bool | None:
        """EB11 for the service type; None when unsaid, unknown or contradictory."""
        said = {each.authorization_required for each in self.statements} - {None}
        if said == {"Y"}:
            return True
        return False if said == {"N"} else None

    def copay(self, *, in_network: bool | None = True, level: str | None = None) -> BenefitAnswer:
        """EB01 B for the service type."""
        return self._answer(_COPAY, level, in_network=in_network, remaining=False, plan_too=False)

    def coinsurance(
        self, *, in_network: bool | None = True, level: str | None = None
    ) -> BenefitAnswer:
        """EB01 A for the service type: a share."""
        return self._answer(
            _COINSURANCE, level, in_network=in_network, remaining=False, plan_too=False
        )

    def deductible(
        self, *, in_network: bool | None = True, level: str | None = None
    ) -> BenefitAnswer:
        """EB01 C, the whole of it: neither remaining (EB06 29) nor used so far (24)."""
        return self._answer(
            _DEDUCTIBLE, level, in_network=in_network, remaining=False, plan_too=True
        )

    def deductible_remaining(
        self, *, in_network: bool | None = True, level: str | None = None
    ) -> BenefitAnswer:
        """EB01 C with EB06 29."""
        return self._answer(
            _DEDUCTIBLE, level, in_network=in_network, remaining=True, plan_too=True
        )

    def out_of_pocket(
        self, *, in_network: bool | None = True, level: str | None = None
    ) -> BenefitAnswer:
        """EB01 G, the whole of it."""
        return self._answer(
            _OUT_OF_POCKET, level, in_network=in_network, remaining=False, plan_too=True
        )

    def out_of_pocket_remaining(
        self, *, in_network: bool | None = True, level: str | None = None
    ) -> BenefitAnswer:
        """EB01 G with EB06 29."""
        return self._answer(
            _OUT_OF_POCKET, level, in_network=in_network, remaining=True, plan_too=True
        )

    def _answer(
        self,
        information: str,
        level: str | None,
        *,
        in_network: bool | None,
        remaining: bool,
        plan_too: bool,
    ) -> BenefitAnswer:
        fitting = _fitting(
            self.statements, information, level, in_network=in_network, remaining=remaining
        )
        if not fitting and plan_too:
            # Deductible and out-of-pocket maximum are usually the plan's, not the service's.
            fitting = _fitting(
                self.plan_statements, information, level, in_network=in_network, remaining=remaining
            )
        values = {(each.amount, each.percent) for each in fitting}
        if not values:
            return BenefitAnswer("absent", None, None, ())
        if len(values) > 1:
            return BenefitAnswer("undetermined", None, None, fitting)
        amount, percent = values.pop()
        try:
            cents = None if amount is None else cents_of(amount)
        except ValueError:
            return BenefitAnswer("undetermined", None, None, fitting)
        return BenefitAnswer("stated", cents, percent, fitting)


def _fitting(
    statements: tuple[EligibilityInformation, ...],
    information: str,
    level: str | None,
    *,
    in_network: bool | None,
    remaining: bool,
) -> tuple[EligibilityInformation, ...]:
    # W says that the network makes no difference.
    networks = {True: {"Y", "W"}, False: {"N", "W"}}
    return tuple(
        each
        for each in statements
        if each.information == information
        and (each.amount is not None or each.percent is not None)
        and (each.time_period == _REMAINING) is remaining
        and each.time_period != _YEAR_TO_DATE
        and (in_network is None or each.in_network in networks[in_network])
        and (level is None or each.coverage_level == level)
    )


def benefits_of(
    response: EligibilityResponse,
    *,
    service_date: date,
    service_type: str = PLAN_COVERAGE,
    person: ResponseSubscriber | ResponseDependent | None = None,
) -> Benefits:
    """Say what a 271 means for one person, day and service type.

    Active needs two things: plan dates that cover the day, and an active statement for the
    service type.

    Parameters
    ----------
    response
        The 271.
    service_date
        The day of service.
    service_type
        EB03 code asked about.
    person
        Whose benefits; may be left out when the response speaks of one person (a dependent's
        subscriber not counted).

    Raises
    ------
    X12Error
        ``several_people`` when it is not clear whose benefits are meant; or when an element
        cannot be read.
    """
    rejections = tuple(_rejections(response, person))
    if person is None:
        person = _only_person(response)
    information = person.benefits if person else ()
    statements = tuple(each for each in information if _is_for(each, service_type))
    plan_statements = tuple(each for each in information if _is_for(each, PLAN_COVERAGE))
    party = person.party if person else None
    coverage, reason = _coverage(
        statements,
        plan_statements,
        party.periods if party else (),
        service_date,
        is_rejected=bool(rejections),
        is_plan=service_type == PLAN_COVERAGE,
    )
    return Benefits(
        coverage=coverage,
        coverage_reason=reason,
        service_date=service_date,
        service_type=service_type,
        statements=statements,
        plan_statements=plan_statements,
        rejections=rejections,
        other_payers=tuple(each for each in information if each.information == _OTHER_PAYER),
        member=_member(party),
    )


def _is_for(statement: EligibilityInformation, service_type: str) -> bool:
    """Say whether a statement is about the service type; one without any is about the plan."""
    types = statement.service_types
    if service_type in types:
        return True
    return service_type == PLAN_COVERAGE and not types and statement.procedure is None


def _only_person(
    response: EligibilityResponse,
) -> ResponseSubscriber | ResponseDependent | None:
    people = list(response.people())
    with_dependents = [each for each in people if not getattr(each, "dependents", ())]
    if len(with_dependents) > 1:
        raise X12Error(
            "several_people",
            expected="a response about one person, or the person to be named",
            found=f"{len(with_dependents)} people",
        )
    return with_dependents[0] if with_dependents else None


def _coverage(
    statements: tuple[EligibilityInformation, ...],
    plan_statements: tuple[EligibilityInformation, ...],
    periods: tuple[DatedPeriod, ...],
    service_date: date,
    *,
    is_rejected: bool,
    is_plan: bool,
) -> tuple[Coverage, str]:
    said = {each.information for each in statements}
    if is_rejected and not said:
        return "undetermined", "rejected"
    if said & _CANNOT_PROCESS:
        return "undetermined", "cannot_process"
    active = [each for each in statements if each.information in _ACTIVE]
    negative = said & (_INACTIVE | _NON_COVERED)
    if active and negative:
        return "undetermined", "conflicting"
    if negative:
        return "inactive", "inactive" if negative & _INACTIVE else "non_covered"
    if active:
        return _coverage_on(active, periods, service_date)
    return _coverage_unsaid(said, plan_statements, is_plan=is_plan)


def _coverage_on(
    active: list[EligibilityInformation], periods: tuple[DatedPeriod, ...], service_date: date
) -> tuple[Coverage, str]:
    """Say whether statements of active coverage hold on the day."""
    covering = []
    for each in active:
        own = [p for p in each.periods if p.qualifier in _PLAN_DATES]
        covering.append(_covers(own or periods, service_date))
    if any(covering):
        return "active", "active"
    if None in covering:
        return "undetermined", "no_plan_dates"
    return "inactive", "outside_plan_dates"


def _coverage_unsaid(
    service_said: set[str], plan_statements: tuple[EligibilityInformation, ...], *, is_plan: bool
) -> tuple[Coverage, str]:
    """Say what the plan as a whole tells of a service type that is neither active nor not."""
    if service_said & _PENDING:
        return "undetermined", "pending_investigation"
    said = {each.information for each in plan_statements}
    if said & _INACTIVE and not said & _ACTIVE:
        return "inactive", "inactive"
    return "undetermined", "service_type_not_answered" if said and not is_plan else "no_statement"


def _covers(periods: Iterable[DatedPeriod], service_date: date) -> bool | None:
    """Say whether plan dates cover a day; None when there are no plan dates."""
    known = False
    for each in periods:
        period = each.period
        if each.qualifier in _SPANS:
            known = True
            # A single day is the day from which the plan applies.
            ends = period.end if period.end != period.start else None
            if service_date < period.start or (ends is not None and service_date > ends):
                return False
        elif each.qualifier in _BEGINS:
            known = True
            if service_date < period.start:
                return False
        elif each.qualifier in _ENDS:
            known = True
            if service_date > period.end:
                return False
    return True if known else None


def _rejections(
    response: EligibilityResponse, person: ResponseSubscriber | ResponseDependent | None
) -> Iterator[Rejection]:
    found: list[tuple[str, RequestValidation]] = []
    for source in response.sources:
        found += _rejections_of_source(source)
        for receiver in source.receivers:
            found += _rejections_of_receiver(receiver, person)
    reasons = {each.reason or "" for _, each in found}
    for level, each in found:
        reason = each.reason or ""
        yield Rejection(level, reason, each.follow_up or "", _group_of(reason, reasons))


def _rejections_of_source(source: ResponseSource) -> list[tuple[str, RequestValidation]]:
    found = [("source", each) for each in source.rejections]
    if source.payer:
        found += [("payer", each) for each in source.payer.rejections]
    return found


def _rejections_of_receiver(
    receiver: ResponseReceiver, person: ResponseSubscriber | ResponseDependent | None
) -> list[tuple[str, RequestValidation]]:
    found: list[tuple[str, RequestValidation]] = []
    if receiver.provider:
        found += [("receiver", each) for each in receiver.provider.rejections]
    people: list[ResponseSubscriber | ResponseDependent] = []
    for subscriber in receiver.subscribers:
        people += [subscriber, *subscriber.dependents]
    for each in people:
        if person is not None and each is not person and each != person:
            continue
        if each.party:
            found += [("person", rejection) for rejection in each.party.rejections]
        for benefit in each.benefits:
            found += [("benefit", rejection) for rejection in benefit.rejections]
    return found


def _group_of(reason: str, reasons: set[str]) -> RejectionGroup:
    # 79 beside 42 is the payer's routing, which mends itself; alone it is a wrong identifier.
    if reason == _ROUTING and "42" in reasons:
        return "transient"
    for group, codes in _GROUPS.items():
        if reason in codes:
            return group
    return "other"


def _member(party: ResponseParty | None) -> Member | None:
    if party is None:
        return None
    return Member(
        member_id=party.id or "",
        last_name=party.name or "",
        first_name=party.first_name or "",
        birth_date=party.birth_date,
        sex=party.sex or "",
        was_changed=party.changed == "001",
    )
