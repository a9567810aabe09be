"""Answering a 270 with a 271 (005010X279A1) for one member of one payer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.payer_simulator.wire import (
    ElementError,
    SetWriter,
    TransactionSet,
    WireError,
    amount,
    date8,
    plain_text,
)

if TYPE_CHECKING:
    import datetime as dt

    from local.payer_simulator.adjudication import RunningShare
    from local.payer_simulator.wire import Segment
    from local.payer_simulator.world import (
        AaaError,
        CostShare,
        CoverageSpan,
        Dependent,
        Member,
        Payer,
        Person,
        WireStyle,
    )

VERSION_270 = "005010X279A1"
_GENERAL = "30"
_SUPPORTED = ("30", "1", "33", "35", "47", "48", "50", "86", "88", "98", "AL", "MH", "UC")
_INSURANCE_TYPE = {"commercial": "C1", "medicare": "MB", "medicaid": "MC", "exchange": "C1"}
_CALENDAR_YEAR, _REMAINING, _VISIT = "23", "29", "27"
_OFFICE_VISIT = "98"
INACTIVE = "6"


@dataclass(frozen=True, slots=True)
class Asked:
    """A person as a 270 names them."""

    last_name: str = ""
    first_name: str = ""
    identifier: str = ""
    birth_date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One 270."""

    control_number: str
    reference: str
    payer_id: str
    payer_name: str
    provider: Asked
    provider_kind: str
    provider_qualifier: str
    traces: tuple[tuple[str, str], ...]
    subscriber: Asked
    dependent: Asked | None
    service_day: dt.date | None
    service_types: tuple[str, ...]


def read_inquiry(transaction: TransactionSet) -> Inquiry:
    """Read a 270 that asks about one member.

    Raises
    ------
    WireError
        If it is no 270, asks about more than one member, or lacks payer, provider or member.
    """
    if transaction.kind != "270" or transaction.version != VERSION_270:
        raise WireError("INVALID_X12", "ST01 and ST03 should be 270 and 005010X279A1")
    if transaction.trailer_fault:
        raise WireError("INVALID_X12", "SE does not agree with ST")
    try:
        return _read(transaction)
    except ElementError as error:
        raise WireError("INVALID_X12", str(error)) from error


def _read(transaction: TransactionSet) -> Inquiry:  # noqa: C901, PLR0912 - one branch per segment
    level, people = "", dict[str, Asked]()
    reference, payer_name, provider_segment = "", "", None
    traces: list[tuple[str, str]] = []
    day: dt.date | None = None
    types: list[str] = []
    for segment in transaction.body:
        match segment.name:
            case "BHT":
                reference = segment.get(3)
            case "HL":
                level = segment.require(3)
                if level in {"22", "23"} and level in people:
                    raise WireError("INVALID_X12", "a real-time 270 asks about one member")
            case "NM1":
                people[level] = _person(segment)
                if level == "20":
                    payer_name = segment.get(3)
                elif level == "21":
                    provider_segment = segment
            case "TRN" if level in {"22", "23"}:
                traces.append((segment.require(2), segment.get(3)))
            case "DMG" if level in people and segment.get(2):
                person = people[level]
                people[level] = Asked(
                    person.last_name, person.first_name, person.identifier, segment.date(2)
                )
            case "DTP" if segment.get(1) == "291":
                day = segment.dates(3, segment.get(2))[0]
            case "EQ":
                types.extend(segment.get(1).split(segment.separators.repetition))
    if "20" not in people or provider_segment is None or "22" not in people:
        raise WireError("INVALID_X12", "a 270 needs loops 2100A, 2100B and 2100C")
    if not people["20"].identifier:
        raise WireError("INVALID_X12", "NM109 of loop 2100A (payer identifier) is required")
    return Inquiry(
        control_number=transaction.control_number,
        reference=reference,
        payer_id=people["20"].identifier,
        payer_name=payer_name,
        provider=people["21"],
        provider_kind=provider_segment.get(2),
        provider_qualifier=provider_segment.get(8),
        traces=tuple(traces),
        subscriber=people["22"],
        dependent=people.get("23"),
        service_day=day,
        service_types=tuple(one for one in types if one) or (_GENERAL,),
    )


def _person(segment: Segment) -> Asked:
    return Asked(segment.get(3), segment.get(4), segment.get(9))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for an inquiry: a member, or the AAA refusal to send."""

    member: Member | None = None
    dependent: Dependent | None = None
    refusal: tuple[str, str, str] | None = None

    @property
    def word(self) -> str:
        """A word for the report."""
        return f"AAA {self.refusal[1]}" if self.refusal else "answered"


def refuse(level: str, code: str, follow_up: str) -> Finding:
    """Return a refusal at a level (source, receiver, subscriber, dependent)."""
    return Finding(refusal=(level, code, follow_up))


def find(  # noqa: PLR0911 - one return per refusal
    inquiry: Inquiry, payer: Payer, member: Member | None, aaa: AaaError | None
) -> Finding:
    """Match an inquiry with the member the payer holds under the asked identifier."""
    if aaa is not None:
        return refuse(aaa.level, aaa.code, aaa.follow_up)
    asked = inquiry.subscriber
    if not asked.identifier:
        return refuse("subscriber", "72", "C")
    if member is None:
        return refuse("subscriber", "75", "C")
    strict = payer.member_match == "strict" and member.corrections is None
    if strict and asked.birth_date and asked.birth_date != member.birth_date:
        return refuse("subscriber", "71", "C")
    if strict and asked.last_name and asked.last_name.upper() != member.last_name.upper():
        return refuse("subscriber", "73", "C")
    if inquiry.dependent is None:
        return Finding(member)
    wanted = inquiry.dependent
    for one in member.dependents:
        same_name = one.first_name.upper() == wanted.first_name.upper()
        if same_name and wanted.birth_date in {None, one.birth_date}:
            return Finding(member, one)
    return refuse("dependent", "67", "C")


def covering_span(member: Member, day: dt.date) -> tuple[CoverageSpan, bool]:
    """Return the span that covers a day and True, else the nearest earlier or first span."""
    spans = sorted(member.coverage, key=lambda span: span.begins_on)
    for span in reversed(spans):
        if span.begins_on <= day and (span.ends_on is None or day <= span.ends_on):
            return span, True
    earlier = [span for span in spans if span.begins_on <= day]
    return (earlier[-1] if earlier else spans[0]), False


class _Writer271:
    def __init__(self, inquiry: Inquiry, payer: Payer, today: dt.date) -> None:
        self.inquiry = inquiry
        self.payer = payer
        self.style: WireStyle = payer.wire
        self.out = SetWriter(self.style, "271", inquiry.control_number, VERSION_270)
        self.today = today

    def write(self, finding: Finding, share: RunningShare, written_at: dt.datetime) -> SetWriter:
        inquiry, out = self.inquiry, self.out
        level = finding.refusal[0] if finding.refusal else ""
        out.add(
            "BHT", "0022", "11", inquiry.reference, date8(written_at.date()),
            written_at.strftime("%H%M"),
        )  # fmt: skip
        out.add("HL", "1", "", "20", "0" if level == "source" else "1")
        out.add("NM1", "PR", "2", self._text(self.payer.name), "", "", "", "", "PI",
                self.payer.payer_id)  # fmt: skip
        if level == "source":
            self._aaa(finding)
            return out
        out.add("HL", "2", "1", "21", "0" if level == "receiver" else "1")
        provider = inquiry.provider
        out.add(
            "NM1", "1P", inquiry.provider_kind or "2", self._text(provider.last_name),
            self._text(provider.first_name), "", "", "", inquiry.provider_qualifier or "XX",
            provider.identifier,
        )  # fmt: skip
        if level == "receiver":
            self._aaa(finding)
            return out
        self._people(finding)
        if finding.refusal is None and finding.member is not None:
            self._benefits(finding.member, share)
        return out

    def _text(self, text: str) -> str:
        return plain_text(text, self.style)

    def _aaa(self, finding: Finding) -> None:
        if finding.refusal:
            level, code, follow_up = finding.refusal
            valid = "Y" if level == "source" or code in {"42", "80"} else "N"
            self.out.add("AAA", valid, "", code, follow_up)

    def _traces(self) -> None:
        for number, originator in self.inquiry.traces:
            self.out.add("TRN", "2", number, originator)

    def _people(self, finding: Finding) -> None:
        """Write loops 2000C and 2000D with what the payer holds, or what was asked and why not."""
        inquiry, out = self.inquiry, self.out
        dependent_asked = inquiry.dependent is not None
        member = finding.member
        out.add("HL", "3", "2", "22", "1" if dependent_asked else "0")
        if not dependent_asked:
            self._traces()
        if member is None:
            self._asked("IL", inquiry.subscriber)
            if finding.refusal and finding.refusal[0] == "subscriber":
                self._aaa(finding)
            if dependent_asked and finding.refusal and finding.refusal[0] == "dependent":
                out.add("HL", "4", "3", "23", "0")
                self._traces()
                self._asked("03", inquiry.dependent or Asked())
                self._aaa(finding)
            return
        self._held(member)
        if finding.dependent is not None:
            out.add("HL", "4", "3", "23", "0")
            self._traces()
            one = finding.dependent
            out.add("NM1", "03", "1", self._text(one.last_name), self._text(one.first_name))
            self._demographics(one)
            out.add("INS", "N", one.relationship)

    def _asked(self, entity: str, asked: Asked) -> None:
        qualifier = "MI" if asked.identifier else ""
        self.out.add(
            "NM1", entity, "1", self._text(asked.last_name), self._text(asked.first_name),
            "", "", "", qualifier, asked.identifier,
        )  # fmt: skip
        if asked.birth_date:
            self.out.add("DMG", "D8", date8(asked.birth_date))

    def _held(self, member: Member) -> None:
        fixes, asked = member.corrections, self.inquiry.subscriber
        last = (fixes and fixes.last_name) or member.last_name
        first = (fixes and fixes.first_name) or member.first_name
        identifier = (fixes and fixes.member_id) or member.member_id
        born = (fixes and fixes.birth_date) or member.birth_date
        self.out.add("NM1", "IL", "1", self._text(last), self._text(first), "", "", "", "MI",
                     identifier)  # fmt: skip
        if member.group_number:
            self.out.add("REF", "6P", member.group_number)
        self.out.add("DMG", "D8", date8(born), member.sex)
        changed = (
            identifier != asked.identifier
            or (asked.last_name and asked.last_name.upper() != last.upper())
            or (asked.first_name and asked.first_name.upper() != first.upper())
            or (asked.birth_date and asked.birth_date != born)
        )
        if changed:
            # INS03 = 001 and INS04 = 25: the payer changed identifying data of the request.
            self.out.add("INS", "Y", "18", "001", "25")
        span, _covered = covering_span(member, self.inquiry.service_day or self.today)
        self.out.add("DTP", "346", "D8", date8(span.begins_on))
        if span.ends_on:
            self.out.add("DTP", "347", "D8", date8(span.ends_on))

    def _demographics(self, person: Person) -> None:
        self.out.add("DMG", "D8", date8(person.birth_date), person.sex)

    # Benefits -------------------------------------------------------------------------------

    def _benefits(self, member: Member, share: RunningShare) -> None:
        span, covered = covering_span(member, self.inquiry.service_day or self.today)
        plan = self._text(span.plan_name or self.payer.plan_name)
        kind = _INSURANCE_TYPE[self.payer.kind]
        code = span.eb01 if covered else INACTIVE
        asked = [one for one in self.inquiry.service_types if one in _SUPPORTED]
        types = list(dict.fromkeys([_GENERAL, *asked]))
        self.out.add("EB", code, "IND", types, kind, plan)
        if code in {INACTIVE, "7", "8", "V"}:
            return
        for service_type in self.payer.authorization_service_types:
            self._eb("1", service_type, kind=kind, plan=plan, authorization="Y")
        self._shares(member.cost_share or self.payer.cost_share, share)
        for index, other in enumerate(member.other_payers):
            self._eb("R", _GENERAL)
            if other.member_id:
                self.out.add("REF", "1W", other.member_id)
            self.out.add("LS", "2120")
            entity = "PRP" if other.comes_first else ("SEP" if index == 0 else "TTP")
            self.out.add("NM1", entity, "2", self._text(other.name), "", "", "", "", "PI",
                         other.payer_id)  # fmt: skip
            self.out.add("LE", "2120")

    def _shares(self, terms: CostShare, share: RunningShare) -> None:
        self._year("C", terms.deductible_cents, share.deductible_met_cents, "Y")
        self._year("C", terms.out_of_network_deductible_cents, 0, "N")
        self._year("G", terms.out_of_pocket_cents, share.out_of_pocket_met_cents, "Y")
        self._eb("B", _OFFICE_VISIT, period=_VISIT, cents=terms.copay_cents, network="Y")
        self._eb(
            "B", _OFFICE_VISIT, period=_VISIT, cents=terms.out_of_network_copay_cents, network="N"
        )
        self._eb("A", _GENERAL, period=_VISIT, percent=terms.coinsurance_percent, network="Y")
        self._eb(
            "A",
            _GENERAL,
            period=_VISIT,
            percent=terms.out_of_network_coinsurance_percent,
            network="N",
        )

    def _year(self, code: str, total: int, met: int, network: str) -> None:
        self._eb(code, _GENERAL, period=_CALENDAR_YEAR, cents=total, network=network)
        self._eb(code, _GENERAL, period=_REMAINING, cents=max(0, total - met), network=network)

    def _eb(
        self,
        code: str,
        service_type: str,
        *,
        kind: str = "",
        plan: str = "",
        period: str = "",
        cents: int | None = None,
        percent: int | None = None,
        authorization: str = "",
        network: str = "",
    ) -> None:
        # EB08 is a fraction: 20 percent is written .2, which is the amount of 20 cents.
        self.out.add(
            "EB", code, "IND", [service_type], kind, plan, period,
            "" if cents is None else amount(cents),
            "" if percent is None else amount(percent).replace("0.", ".", 1),
            "", "", authorization, network,
        )  # fmt: skip


def write_271(
    inquiry: Inquiry,
    payer: Payer,
    finding: Finding,
    share: RunningShare,
    written_at: dt.datetime,
) -> SetWriter:
    """Write the 271 for an inquiry; the set control number is the one asked with."""
    return _Writer271(inquiry, payer, written_at.date()).write(finding, share, written_at)
