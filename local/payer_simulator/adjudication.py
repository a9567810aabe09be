"""What a payer decides of a claim: line results that always add up.

Every settlement balances by construction: a line is paid its charge less its adjustments, and
the claim what its lines are paid less what is adjusted at claim level.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, assert_never

from local.payer_simulator import world as w

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.payer_simulator.claims import Claim, PriorAdjustment, ServiceLine

_HUNDRED = 100
CONTRACTUAL = ("CO", "45")
DEDUCTIBLE = ("PR", "1")
COINSURANCE = ("PR", "2")
COPAY = ("PR", "3")
REVERSED = "22"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One (group, CARC, amount). A positive amount reduces the payment."""

    group: str
    carc: str
    cents: int


@dataclass(frozen=True, slots=True)
class SettledLine:
    """The payer's result for one line. `paid_cents` is charge less adjustments."""

    line: ServiceLine
    charge_cents: int
    adjustments: tuple[Adjustment, ...]
    rarcs: tuple[str, ...] = ()
    paid_as: str | None = None
    allowed_cents: int = 0

    @property
    def paid_cents(self) -> int:
        """SVC03."""
        return self.charge_cents - sum(one.cents for one in self.adjustments)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The payer's result for one claim."""

    claim_status: str
    charge_cents: int
    lines: tuple[SettledLine, ...]
    claim_adjustments: tuple[Adjustment, ...] = ()
    claim_rarcs: tuple[str, ...] = ()

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """All adjustments, of the claim and of its lines."""
        return self.claim_adjustments + tuple(
            one for line in self.lines for one in line.adjustments
        )

    @property
    def paid_cents(self) -> int:
        """CLP04."""
        return self.charge_cents - sum(one.cents for one in self.adjustments)

    @property
    def patient_responsibility_cents(self) -> int:
        """CLP05: what stands under group PR."""
        return sum(one.cents for one in self.adjustments if one.group == "PR")

    @property
    def allowed_cents(self) -> int:
        """What the payer allowed, over the lines."""
        return sum(line.allowed_cents for line in self.lines)

    def reversed(self) -> Settlement:
        """Return the same with every amount negated and the original groups (CLP02 = 22)."""
        return Settlement(
            claim_status=REVERSED,
            charge_cents=-self.charge_cents,
            lines=tuple(
                replace(
                    line,
                    charge_cents=-line.charge_cents,
                    adjustments=_negated(line.adjustments),
                    allowed_cents=-line.allowed_cents,
                )
                for line in self.lines
            ),
            claim_adjustments=_negated(self.claim_adjustments),
            claim_rarcs=self.claim_rarcs,
        )


def _negated(adjustments: Iterable[Adjustment]) -> tuple[Adjustment, ...]:
    return tuple(replace(one, cents=-one.cents) for one in adjustments)


@dataclass(slots=True)
class RunningShare:
    """What a member has met so far; settlements move it on."""

    deductible_met_cents: int = 0
    out_of_pocket_met_cents: int = 0


@dataclass(slots=True)
class Case:
    """A claim before its payer, with all that bears on the decision."""

    claim: Claim
    payer: w.Payer
    member: w.Member | None
    share: RunningShare = field(default_factory=RunningShare)

    @property
    def cost_share(self) -> w.CostShare:
        """The member's own cost share, else the payer's."""
        if self.member is not None and self.member.cost_share is not None:
            return self.member.cost_share
        return self.payer.cost_share


def percent_of(cents: int, percent: int) -> int:
    """Return a share of an amount, half a cent rounded up."""
    exact = Decimal(cents) * percent / _HUNDRED
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def decide(case: Case, decision: w.SettledDecision) -> Settlement:
    """Settle a claim by a scripted decision.

    Raises
    ------
    ValueError
        If the decision names a line the claim does not have.
    """
    match decision:
        case w.PayByContract():
            settled = pay_by_contract(case, decision.allowed_percent_of_charge)
        case w.PayPartly():
            settled = _pay_partly(case, decision)
        case w.PayNothing():
            settled = _pay_nothing(case)
        case w.Deny():
            settled = deny(case, decision.reason, decision.lines, claim_level=decision.claim_level)
        case w.DownCode():
            settled = _down_code(case, decision)
        case w.PatientShare():
            settled = _patient_share(case, decision)
        case w.ClaimLevelAdjustment():
            settled = _claim_level(case, decision)
        case w.PayLines():
            settled = _pay_lines(case, decision)
        case _:
            assert_never(decision)
    if decision.claim_status:
        settled = replace(settled, claim_status=decision.claim_status)
    return settled


def pay_by_contract(case: Case, allowed_percent: int | None = None) -> Settlement:
    """Allow what the contract says, take the member's share, pay the rest."""
    if case.claim.responsibility != "P":
        return _pay_after_others(case)
    lines = []
    copay_left = case.cost_share.copay_cents
    for line in case.claim.lines:
        allowed = _allowed(case.payer, line, allowed_percent)
        share, copay_left = _take_share(case, allowed, copay_left)
        lines.append(_line(line, allowed, share))
    return _settlement(case, lines)


def _allowed(payer: w.Payer, line: ServiceLine, allowed_percent: int | None = None) -> int:
    fee = payer.contract.fee_schedule_cents.get(line.code)
    if fee is not None and allowed_percent is None:
        allowed = int((fee * Decimal(line.units)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    else:
        percent = payer.contract.allowed_percent_of_charge
        allowed = percent_of(
            line.charge_cents, percent if allowed_percent is None else allowed_percent
        )
    return min(allowed, line.charge_cents)


def _take_share(case: Case, allowed: int, copay_left: int) -> tuple[list[Adjustment], int]:
    """Copay first, then what is left of the deductible, then coinsurance, capped by the year."""
    terms, running = case.cost_share, case.share
    cap = max(0, terms.out_of_pocket_cents - running.out_of_pocket_met_cents)
    copay = min(copay_left, allowed, cap)
    cap -= copay
    deductible_left = max(0, terms.deductible_cents - running.deductible_met_cents)
    deductible = min(deductible_left, allowed - copay, cap)
    cap -= deductible
    coinsurance = min(percent_of(allowed - copay - deductible, terms.coinsurance_percent), cap)
    running.deductible_met_cents += deductible
    running.out_of_pocket_met_cents += copay + deductible + coinsurance
    share = [
        Adjustment(*code, cents)
        for code, cents in (
            (DEDUCTIBLE, deductible),
            (COINSURANCE, coinsurance),
            (COPAY, copay),
        )
        if cents
    ]
    return share, copay_left - copay


def _line(
    line: ServiceLine,
    allowed: int,
    share: Iterable[Adjustment] = (),
    more: Iterable[Adjustment] = (),
    rarcs: tuple[str, ...] = (),
    paid_as: str | None = None,
) -> SettledLine:
    contractual = line.charge_cents - allowed
    adjustments = [Adjustment(*CONTRACTUAL, contractual)] if contractual else []
    return SettledLine(
        line=line,
        charge_cents=line.charge_cents,
        adjustments=(*adjustments, *more, *share),
        rarcs=rarcs,
        paid_as=paid_as,
        allowed_cents=allowed,
    )


def _settlement(case: Case, lines: Iterable[SettledLine]) -> Settlement:
    place = {"P": "1", "S": "2"}.get(case.claim.responsibility, "3")
    return Settlement(place, case.claim.charge_cents, tuple(lines))


def deny(
    case: Case, reason: w.Denial, lines: tuple[int, ...] = (), *, claim_level: bool = False
) -> Settlement:
    """Deny all lines or the named ones; at claim level no service lines are sent at all."""
    _require_lines(case, lines)
    if claim_level:
        return replace(
            _settlement(case, ()),
            claim_adjustments=(Adjustment(reason.group, reason.carc, case.claim.charge_cents),),
            claim_rarcs=reason.rarcs,
        )
    paid = pay_by_contract(case) if lines else _settlement(case, ())
    standing = {settled.line.number: settled for settled in paid.lines}
    return _settlement(
        case,
        [
            standing[line.number] if lines and line.number not in lines else denied(line, reason)
            for line in case.claim.lines
        ],
    )


def denied(line: ServiceLine, reason: w.Denial) -> SettledLine:
    """Return a line denied in full."""
    adjustments = (
        (Adjustment(reason.group, reason.carc, line.charge_cents),) if line.charge_cents else ()
    )
    return SettledLine(line, line.charge_cents, adjustments, reason.rarcs)


def _require_lines(case: Case, lines: Iterable[int]) -> None:
    count = len(case.claim.lines)
    if any(number > count for number in lines):
        msg = f"the script names a line past the {count} of the claim"
        raise ValueError(msg)


def _pay_partly(case: Case, decision: w.PayPartly) -> Settlement:
    full = pay_by_contract(case)
    lines = []
    for settled in full.lines:
        kept = settled.paid_cents - percent_of(settled.paid_cents, decision.paid_percent)
        cut = (Adjustment(decision.reason.group, decision.reason.carc, kept),) if kept else ()
        lines.append(
            replace(
                settled,
                adjustments=(*settled.adjustments, *cut),
                rarcs=decision.reason.rarcs if kept else (),
            )
        )
    return replace(full, lines=tuple(lines))


def _pay_nothing(case: Case) -> Settlement:
    lines = []
    for line in case.claim.lines:
        allowed = _allowed(case.payer, line)
        share = [Adjustment(*DEDUCTIBLE, allowed)] if allowed else []
        lines.append(_line(line, allowed, share))
    return _settlement(case, lines)


def _down_code(case: Case, decision: w.DownCode) -> Settlement:
    _require_lines(case, [decision.line])
    full = pay_by_contract(case)
    lines = list(full.lines)
    line = case.claim.lines[decision.line - 1]
    due = _allowed(case.payer, line)
    allowed = min(due, percent_of(line.charge_cents, decision.allowed_percent_of_charge))
    cut = due - allowed
    # The member's share of the line was taken on the higher amount and may not exceed the lower.
    share, left = [], allowed
    for one in lines[decision.line - 1].adjustments:
        if one.group == "PR" and (kept := min(one.cents, left)):
            share.append(replace(one, cents=kept))
            left -= kept
    reason = decision.reason
    lines[decision.line - 1] = replace(
        _line(
            line,
            due,
            share,
            [Adjustment(reason.group, reason.carc, cut)] if cut else [],
            reason.rarcs,
            decision.paid_as,
        ),
        allowed_cents=allowed,
    )
    return replace(full, lines=tuple(lines))


def _patient_share(case: Case, decision: w.PatientShare) -> Settlement:
    wanted = [
        (DEDUCTIBLE, decision.deductible_cents),
        (COINSURANCE, decision.coinsurance_cents),
        (COPAY, decision.copay_cents),
    ]
    lines = []
    for line in case.claim.lines:
        allowed = left = _allowed(case.payer, line)
        share = []
        for index, (code, cents) in enumerate(wanted):
            taken = min(cents, left)
            wanted[index] = (code, cents - taken)
            left -= taken
            if taken:
                share.append(Adjustment(*code, taken))
        lines.append(_line(line, allowed, share))
    return _settlement(case, lines)


def _claim_level(case: Case, decision: w.ClaimLevelAdjustment) -> Settlement:
    reason = decision.reason
    return replace(
        pay_by_contract(case),
        claim_adjustments=(Adjustment(reason.group, reason.carc, decision.amount_cents),),
        claim_rarcs=reason.rarcs,
    )


def _pay_lines(case: Case, decision: w.PayLines) -> Settlement:
    _require_lines(case, [result.line for result in decision.lines])
    full = pay_by_contract(case)
    lines = list(full.lines)
    for result in decision.lines:
        line = case.claim.lines[result.line - 1]
        lines[result.line - 1] = SettledLine(
            line=line,
            charge_cents=line.charge_cents,
            adjustments=tuple(
                Adjustment(one.group, one.carc, one.amount_cents) for one in result.adjustments
            ),
            rarcs=result.rarcs,
            paid_as=result.paid_as,
            allowed_cents=line.charge_cents
            - sum(
                one.amount_cents for one in result.adjustments if one.group in {"CO", "OA", "PI"}
            ),
        )
    return replace(full, lines=tuple(lines))


# --- secondary and later --------------------------------------------------------------------


def _pay_after_others(case: Case) -> Settlement:
    """Pay what the payers before left to the patient, up to what we would have allowed.

    What they paid and wrote off is shown as OA-23, what we leave stays with the patient.
    """
    if not any(other.paid_cents is not None for other in case.claim.others):
        return deny(case, w.Denial(group="CO", carc="16", rarcs=("MA04",)))
    lines = []
    for line, (prior_paid, left_to_patient) in zip(
        case.claim.lines, _prior_by_line(case.claim), strict=True
    ):
        allowed = _allowed(case.payer, line)
        paid = min(left_to_patient, max(0, allowed - prior_paid))
        rest = left_to_patient - paid
        impact = line.charge_cents - left_to_patient
        adjustments = [Adjustment("OA", "23", impact)] if impact else []
        if rest:
            adjustments.append(Adjustment(*COINSURANCE, rest))
        lines.append(
            SettledLine(line, line.charge_cents, tuple(adjustments), allowed_cents=allowed)
        )
    return _settlement(case, lines)


def _prior_by_line(claim: Claim) -> list[tuple[int, int]]:
    """Return per line what was paid before and what the last payer before left to the patient."""
    if any(line.prior for line in claim.lines):
        return [
            (
                sum(prior.paid_cents for prior in line.prior),
                min(line.charge_cents, _patient_part(line.prior[-1].adjustments))
                if line.prior
                else 0,
            )
            for line in claim.lines
        ]
    paid = sum(other.paid_cents or 0 for other in claim.others)
    left = _patient_part(one for other in claim.others[-1:] for one in other.adjustments)
    spread = []
    for line in claim.lines:
        line_left = min(left, line.charge_cents)
        line_paid = min(paid, line.charge_cents - line_left)
        spread.append((line_paid, line_left))
        left, paid = left - line_left, paid - line_paid
    return spread


def _patient_part(adjustments: Iterable[PriorAdjustment]) -> int:
    return sum(one.amount_cents for one in adjustments if one.group == "PR")


# --- the payer's own rules ------------------------------------------------------------------

_MISSING_AUTHORIZATION = w.Denial(group="CO", carc="197", rarcs=("M62",))
_FILED_LATE = w.Denial(group="CO", carc="29")
_OTHER_PAYER_FIRST = w.Denial(group="OA", carc="22", rarcs=("MA04",))
_COVERAGE_ENDED = w.Denial(group="CO", carc="27", rarcs=("N30",))
_COVERAGE_NOT_BEGUN = w.Denial(group="CO", carc="26", rarcs=("N30",))
_UNKNOWN_MEMBER = w.Denial(group="CO", carc="31")
EXACT_DUPLICATE = w.Denial(group="OA", carc="18", rarcs=("N522",))


def decide_by_rules(case: Case, days_since_service: int) -> Settlement:
    """Settle a claim nobody scripted: the payer's own rules, then the contract.

    Parameters
    ----------
    case
        The claim and its payer.
    days_since_service
        Days from the last day of service to the day the claim landed.
    """
    if reason := _claim_denial(case, days_since_service):
        return deny(case, reason)
    if reason_by_line := _line_denials(case):
        paid = pay_by_contract(case)
        return replace(
            paid,
            lines=tuple(
                denied(line.line, reason_by_line[line.line.number])
                if line.line.number in reason_by_line
                else line
                for line in paid.lines
            ),
        )
    return pay_by_contract(case)


def _claim_denial(case: Case, days_since_service: int) -> w.Denial | None:
    claim, member = case.claim, case.member
    if member is None:
        return None if case.payer.unknown_member == "accept" else _UNKNOWN_MEMBER
    day = claim.first_day
    covering = [
        span
        for span in member.coverage
        if span.begins_on <= day and (span.ends_on is None or day <= span.ends_on)
    ]
    if not any(span.eb01 in set("12345V") for span in covering):
        begun = covering or any(span.begins_on <= day for span in member.coverage)
        return _COVERAGE_ENDED if begun else _COVERAGE_NOT_BEGUN
    if days_since_service > case.payer.filing_limit_days:
        return _FILED_LATE
    if claim.responsibility == "P" and any(other.comes_first for other in member.other_payers):
        return _OTHER_PAYER_FIRST
    return next(
        (
            edit.deny
            for edit in case.payer.edits
            if edit.deny and not _names_lines(edit.when) and claim_meets(claim, edit.when)
        ),
        None,
    )


def _line_denials(case: Case) -> dict[int, w.Denial]:
    found: dict[int, w.Denial] = {}
    for line in case.claim.lines:
        authorized = case.claim.has_authorization or line.has_authorization
        if line.code in case.payer.authorization_codes and not authorized:
            found[line.number] = _MISSING_AUTHORIZATION
            continue
        for edit in case.payer.edits:
            meets = claim_meets(case.claim, edit.when) and line_meets(case.claim, line, edit.when)
            if edit.deny and _names_lines(edit.when) and meets:
                found[line.number] = edit.deny
                break
    return found


def _names_lines(when: w.EditCondition) -> bool:
    return bool(
        when.procedure_codes
        or when.procedure_prefixes
        or when.modifier_missing
        or when.units_over is not None
    )


def claim_meets(claim: Claim, when: w.EditCondition) -> bool:
    """Whether a claim meets every criterion of an edit (line criteria: by one of its lines)."""
    claim_wide = (
        _any_prefix(claim.diagnoses, when.diagnosis_prefixes)
        and _age_meets(claim, when)
        and (when.charge_over_cents is None or claim.charge_cents > when.charge_over_cents)
        and not (when.rendering_provider_missing and claim.rendering_npi)
        and not (when.referring_provider_missing and claim.referring_npi)
        and not (when.taxonomy_missing and claim.billing.taxonomy)
        and not (when.billing_postal_code_short and len(claim.billing.postal_code) >= 9)  # noqa: PLR2004
        and not (when.authorization_missing and claim.has_authorization)
        and (when.lines_over is None or len(claim.lines) > when.lines_over)
    )
    return claim_wide and any(line_meets(claim, line, when) for line in claim.lines)


def line_meets(claim: Claim, line: ServiceLine, when: w.EditCondition) -> bool:
    """Whether one line meets the line criteria of an edit."""
    place = line.place_of_service or claim.facility
    return (
        (not when.procedure_codes or line.code in when.procedure_codes)
        and _any_prefix((line.code,), when.procedure_prefixes)
        and (not when.places_of_service or place in when.places_of_service)
        and (when.modifier_missing is None or when.modifier_missing not in line.modifiers)
        and (when.units_over is None or Decimal(line.units) > when.units_over)
    )


def _any_prefix(values: Iterable[str], prefixes: tuple[str, ...]) -> bool:
    return not prefixes or any(value.startswith(prefixes) for value in values)


def _age_meets(claim: Claim, when: w.EditCondition) -> bool:
    if when.patient_age_under is None and when.patient_age_over is None:
        return True
    born = claim.patient.birth_date
    if born is None:
        return False
    day = claim.first_day
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return (when.patient_age_under is None or age < when.patient_age_under) and (
        when.patient_age_over is None or age > when.patient_age_over
    )
