"""Reading an 837 (005010X222A1 and X223A2) the way a clearinghouse reads it.

The reader is strict about what it needs and says where it failed, as a 999 must. It knows
nothing of coverage or money rules; those are the payer's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from local.payer_simulator.wire import ElementError, cents_from

if TYPE_CHECKING:
    import datetime as dt

    from local.payer_simulator.wire import Segment, TransactionSet

VERSIONS = {"005010X222A1": "P", "005010X223A2": "I"}

_KNOWN_SEGMENTS = (
    "ST BHT REF NM1 N3 N4 PER HL PRV CUR SBR PAT DMG CLM DTP CL1 PWK CN1 AMT K3 NTE CR1 CR2 CR3 "
    "CRC HI HCP CAS OI MIA MOA LX SV1 SV2 SV5 QTY MEA LIN CTP SVD LQ FRM PS1 SE"
)
_KNOWN = frozenset(_KNOWN_SEGMENTS.split())
_CAS_TRIOS = 6
_MAXIMUM_PCN = 20
_MAXIMUM_LINES = {"P": 50, "I": 999}


class SyntaxProblem(ValueError):  # noqa: N818 - it becomes a finding, not a failure
    """Something a 999 refuses: what IK3 says, and IK4 where an element is meant."""

    def __init__(
        self,
        segment: str,
        position: int,
        code: str,
        message: str,
        *,
        element: int | None = None,
        element_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.segment = segment
        self.position = position
        self.code = code
        self.element = element
        self.element_code = element_code


@dataclass(frozen=True, slots=True)
class Party:
    """A person or organization of NM1 with what follows it."""

    last_name: str = ""
    first_name: str = ""
    identifier: str = ""
    birth_date: dt.date | None = None
    sex: str = "U"
    postal_code: str = ""
    tax_id: str = ""
    taxonomy: str = ""


@dataclass(frozen=True, slots=True)
class PriorAdjustment:
    """One adjustment of a payer that decided before (CAS in 2320 or 2430)."""

    group: str
    carc: str
    amount_cents: int


@dataclass(frozen=True, slots=True)
class PriorLine:
    """What an earlier payer did with a line (SVD and CAS in 2430)."""

    payer_id: str
    paid_cents: int
    adjustments: tuple[PriorAdjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherSubscriber:
    """Another coverage in the claim (loop 2320)."""

    responsibility: str
    payer_id: str = ""
    paid_cents: int | None = None
    adjustments: tuple[PriorAdjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One LX loop."""

    number: int
    qualifier: str
    code: str
    modifiers: tuple[str, ...]
    charge_cents: int
    units: str
    first_day: dt.date | None
    last_day: dt.date | None
    place_of_service: str = ""
    revenue_code: str = ""
    control_number: str = ""
    has_authorization: bool = False
    prior: tuple[PriorLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """One CLM loop with the loops it stands in."""

    kind: str
    batch_reference: str
    billing: Party
    payer_id: str
    payer_name: str
    responsibility: str
    subscriber: Party
    patient: Party
    patient_is_subscriber: bool
    relationship: str
    patient_control_number: str
    charge_cents: int
    facility: str
    frequency: str
    diagnoses: tuple[str, ...]
    lines: tuple[ServiceLine, ...]
    has_authorization: bool = False
    original_reference: str = ""
    rendering_npi: str = ""
    rendering_name: tuple[str, str] = ("", "")
    referring_npi: str = ""
    others: tuple[OtherSubscriber, ...] = ()
    statement_days: tuple[dt.date, dt.date] | None = None

    @property
    def first_day(self) -> dt.date:
        """The first day of service, of the statement (837I) or of the lines."""
        if self.statement_days:
            return self.statement_days[0]
        return min(line.first_day for line in self.lines if line.first_day)

    @property
    def last_day(self) -> dt.date:
        """The last day of service."""
        if self.statement_days:
            return self.statement_days[1]
        return max(line.last_day for line in self.lines if line.last_day)

    @property
    def same_claim_key(self) -> tuple[object, ...]:
        """What makes two claims the same one in the eyes of a payer."""
        return (
            self.payer_id,
            self.responsibility,
            self.billing.identifier,
            self.subscriber.identifier,
            "" if self.patient_is_subscriber else self.patient.first_name.upper(),
            self.charge_cents,
            tuple(
                (line.code, line.modifiers, line.charge_cents, line.units, line.first_day,
                 line.last_day, line.revenue_code)
                for line in self.lines
            ),
        )  # fmt: skip


@dataclass(slots=True)
class _LineDraft:
    segment: Segment
    number: int
    service: Segment | None = None
    days: tuple[dt.date, dt.date] | None = None
    control_number: str = ""
    has_authorization: bool = False
    prior: list[PriorLine] = field(default_factory=list)


@dataclass(slots=True)
class _ClaimDraft:
    segment: Segment
    diagnoses: list[str] = field(default_factory=list)
    has_authorization: bool = False
    original_reference: str = ""
    rendering: Segment | None = None
    referring_npi: str = ""
    others: list[OtherSubscriber] = field(default_factory=list)
    statement_days: tuple[dt.date, dt.date] | None = None
    lines: list[_LineDraft] = field(default_factory=list)


class _Reader:
    """Walks one set; the attributes are the loops it stands in."""

    def __init__(self, transaction: TransactionSet, kind: str) -> None:
        self.kind = kind
        self.transaction = transaction
        self.level = ""
        self.entity = ""
        self.batch_reference = ""
        self.billing = Party()
        self.taxonomy = ""
        self.submitter_seen = False
        self.receiver_seen = False
        self.subscriber_level: Segment | None = None
        self.responsibility = ""
        self.relationship = ""
        self.subscriber = Party()
        self.patient = Party()
        self.payer = ("", "")
        self.draft: _ClaimDraft | None = None
        self.claims: list[Claim] = []

    # The walk -------------------------------------------------------------------------------

    def read(self) -> tuple[Claim, ...]:
        for segment in self.transaction.body:
            if segment.name not in _KNOWN:
                raise SyntaxProblem(segment.name, segment.position, "1", "unrecognized segment")
            try:
                self._take(segment)
            except ElementError as error:
                raise SyntaxProblem(
                    segment.name,
                    segment.position,
                    "8",
                    str(error),
                    element=error.position,
                    element_code=error.code,
                ) from error
        self._close_claim()
        end = self.transaction.segments[-1]
        self._need(self.batch_reference, "BHT", end)
        self._need(self.submitter_seen, "NM1", end)
        self._need(self.receiver_seen, "NM1", end)
        self._need(self.claims, "CLM", end)
        return tuple(self.claims)

    @staticmethod
    def _need(found: object, name: str, where: Segment) -> None:
        if not found:
            raise SyntaxProblem(name, where.position, "3", f"required {name} is missing")

    def _take(self, segment: Segment) -> None:
        take = getattr(self, f"_take_{segment.name.lower()}", None)
        if take is not None:
            take(segment)

    def _take_bht(self, segment: Segment) -> None:
        if segment.require(1) != "0019":
            raise ElementError(1, "7", "BHT01 is not 0019")
        if segment.require(2) not in {"00", "18"}:
            raise ElementError(2, "7", "BHT02 is neither 00 nor 18")
        self.batch_reference = segment.require(3)
        segment.date(4)
        if segment.get(6) not in {"CH", "RP", "31"}:
            raise ElementError(6, "7", "BHT06 is neither CH nor RP nor 31")

    def _take_hl(self, segment: Segment) -> None:
        self._close_claim()
        self.level = segment.require(3)
        self.entity = ""
        if self.level == "20":
            self.billing, self.taxonomy = Party(), ""
        elif self.level == "22":
            self._need(self.billing.identifier, "NM1", segment)
            self.subscriber_level = segment
            self.subscriber, self.patient, self.payer = Party(), Party(), ("", "")
            self.responsibility, self.relationship = "", "18"
        elif self.level == "23":
            self._need(self.subscriber.identifier, "NM1", segment)
            self.patient = Party()
        else:
            raise ElementError(3, "7", "HL03 is neither 20, 22 nor 23")

    def _take_prv(self, segment: Segment) -> None:
        if segment.get(1) == "BI" and not self.entity:
            self.taxonomy = segment.require(3)

    def _take_sbr(self, segment: Segment) -> None:
        if self.draft is not None:
            self._close_line_context()
            self.draft.others.append(OtherSubscriber(responsibility=segment.require(1)))
            self.entity = "other"
            return
        self.responsibility = segment.require(1)
        if self.responsibility not in set("PSTABCDEFGHU"):
            raise ElementError(1, "7", "SBR01 is not a payer responsibility code")
        self.relationship = segment.get(2)

    def _take_pat(self, segment: Segment) -> None:
        if self.level == "23":
            self.relationship = segment.require(1)

    def _take_nm1(self, segment: Segment) -> None:
        self.entity = segment.require(1)
        segment.require(2)
        if self.draft is not None:
            self._take_claim_name(segment)
            return
        party = Party(segment.get(3), segment.get(4), segment.get(9))
        match self.entity:
            case "41":
                self.submitter_seen = True
                segment.require(9)
            case "40":
                self.receiver_seen = True
                segment.require(9)
            case "85":
                segment.require(3)
                self._require_qualifier(segment, "XX")
                self.billing = replace(party, taxonomy=self.taxonomy)
            case "IL":
                segment.require(3)
                self._require_qualifier(segment, "MI")
                self.subscriber = party
            case "PR":
                self._require_qualifier(segment, "PI", "XV")
                self.payer = (segment.get(9), segment.require(3))
            case "QC":
                segment.require(3)
                self.patient = party

    @staticmethod
    def _require_qualifier(segment: Segment, *qualifiers: str) -> None:
        segment.require(9)
        if segment.get(8) not in qualifiers:
            raise ElementError(8, "7", f"NM108 is not {' or '.join(qualifiers)}")

    def _take_claim_name(self, segment: Segment) -> None:
        draft = self._claim_draft()
        if draft.lines:
            return
        if draft.others:
            if self.entity == "PR":
                draft.others[-1] = replace(draft.others[-1], payer_id=segment.require(9))
        elif self.entity == "82":
            self._require_qualifier(segment, "XX")
            draft.rendering = segment
        elif self.entity in {"DN", "P3"}:
            draft.referring_npi = segment.get(9)

    def _take_n3(self, segment: Segment) -> None:
        segment.require(1)

    def _take_n4(self, segment: Segment) -> None:
        segment.require(1)
        if self.entity == "85" and self.draft is None:
            self.billing = replace(self.billing, postal_code=segment.require(3))

    def _take_ref(self, segment: Segment) -> None:
        qualifier, value = segment.require(1), segment.get(2)
        if self.draft is None:
            if self.entity == "85" and qualifier in {"EI", "SY"}:
                self.billing = replace(self.billing, tax_id=segment.require(2))
            return
        draft = self.draft
        if draft.lines:
            line = draft.lines[-1]
            if qualifier == "6R":
                line.control_number = segment.require(2)
            elif qualifier == "G1":
                line.has_authorization = bool(value)
        elif not draft.others:
            if qualifier == "G1":
                draft.has_authorization = bool(value)
            elif qualifier == "F8":
                draft.original_reference = segment.require(2)

    def _take_dmg(self, segment: Segment) -> None:
        if self.draft is not None:
            return
        born, sex = segment.date(2), segment.get(3) or "U"
        if sex not in {"F", "M", "U"}:
            raise ElementError(3, "7", "DMG03 is not F, M or U")
        if self.entity == "QC":
            self.patient = replace(self.patient, birth_date=born, sex=sex)
        elif self.entity == "IL":
            self.subscriber = replace(self.subscriber, birth_date=born, sex=sex)

    def _take_clm(self, segment: Segment) -> None:
        self._close_claim()
        self._need(self.subscriber.identifier, "NM1", segment)
        self._need(self.payer[0], "NM1", segment)
        self._need(self.responsibility, "SBR", segment)
        self._need(self.billing.tax_id, "REF", segment)
        self._need(self.billing.postal_code, "N4", segment)
        number = segment.require(1)
        if len(number) > _MAXIMUM_PCN:
            raise ElementError(1, "5", "CLM01 is longer than 20 characters")
        if segment.cents(2) < 0:
            raise ElementError(2, "6", "CLM02 is negative")
        if not segment.part(5, 1) or segment.part(5, 3) not in set("123456789"):
            raise ElementError(5, "7", "CLM05 is not facility, qualifier and frequency")
        self.draft = _ClaimDraft(segment)

    def _claim_draft(self) -> _ClaimDraft:
        if self.draft is None:  # pragma: no cover - callers looked before
            msg = "no claim is open"
            raise AssertionError(msg)
        return self.draft

    def _take_hi(self, segment: Segment) -> None:
        if self.draft is None:
            raise SyntaxProblem("HI", segment.position, "2", "HI outside a claim")
        for position in range(1, len(segment.elements) + 1):
            if segment.part(position, 1) in {"ABK", "ABF", "ABJ", "BK", "BF"}:
                code = segment.part(position, 2)
                if not re.fullmatch(r"[A-Z0-9]{3,7}", code):
                    raise ElementError(position, "7", "HI holds no diagnosis code")
                self.draft.diagnoses.append(code)

    def _take_cas(self, segment: Segment) -> None:
        if self.draft is None or not self.draft.others:
            raise SyntaxProblem("CAS", segment.position, "2", "CAS outside an other subscriber")
        group = segment.require(1)
        found = [
            PriorAdjustment(group, carc, segment.cents(position + 1))
            for position in range(2, 2 + 3 * _CAS_TRIOS, 3)
            if (carc := segment.get(position))
        ]
        if self.draft.lines:
            line = self.draft.lines[-1]
            if not line.prior:
                raise SyntaxProblem("CAS", segment.position, "2", "CAS in a line without SVD")
            last = line.prior[-1]
            line.prior[-1] = replace(last, adjustments=(*last.adjustments, *found))
        else:
            other = self.draft.others[-1]
            self.draft.others[-1] = replace(other, adjustments=(*other.adjustments, *found))

    def _take_amt(self, segment: Segment) -> None:
        if self.draft is None or not self.draft.others or self.draft.lines:
            return
        if segment.get(1) == "D":
            other = self.draft.others[-1]
            self.draft.others[-1] = replace(other, paid_cents=segment.cents(2))

    def _take_lx(self, segment: Segment) -> None:
        if self.draft is None:
            raise SyntaxProblem("LX", segment.position, "2", "LX outside a claim")
        self._need(self.draft.diagnoses, "HI", segment)
        self.draft.lines.append(_LineDraft(segment, len(self.draft.lines) + 1))
        if len(self.draft.lines) > _MAXIMUM_LINES[self.kind]:
            raise SyntaxProblem("LX", segment.position, "4", "more lines than the loop allows")
        self.entity = ""

    def _take_sv1(self, segment: Segment) -> None:
        self._take_service(segment, "P")

    def _take_sv2(self, segment: Segment) -> None:
        self._take_service(segment, "I")

    def _take_service(self, segment: Segment, kind: str) -> None:
        if kind != self.kind or self.draft is None or not self.draft.lines:
            raise SyntaxProblem(segment.name, segment.position, "2", "unexpected segment")
        self.draft.lines[-1].service = segment
        if kind == "P":
            if segment.part(1, 1) not in {"HC", "IV", "ER", "WK"} or not segment.part(1, 2):
                raise ElementError(1, "7", "SV101 holds no procedure code")
            segment.cents(2)
            if segment.require(3) not in {"UN", "MJ"}:
                raise ElementError(3, "7", "SV103 is neither UN nor MJ")
            self._units(segment, 4)
            self._pointers(segment)
        else:
            segment.require(1)
            segment.cents(3)
            self._units(segment, 5)

    @staticmethod
    def _units(segment: Segment, position: int) -> None:
        if not re.fullmatch(r"\d+(\.\d{1,3})?", segment.require(position)):
            raise ElementError(position, "6", "the unit count is no number")

    def _pointers(self, segment: Segment) -> None:
        pointers = [one for one in segment.parts(7) if one]
        if not pointers:
            raise ElementError(7, "1", "SV107 is required")
        count = len(self._claim_draft().diagnoses)
        if any(not one.isdigit() or not 1 <= int(one) <= count for one in pointers):
            raise ElementError(7, "7", "SV107 points to a diagnosis that is not there")

    def _take_dtp(self, segment: Segment) -> None:
        if self.draft is None or segment.get(2) == "TM":
            return
        days = segment.dates(3, segment.get(2))
        if self.draft.lines and segment.get(1) == "472":
            self.draft.lines[-1].days = days
        elif segment.get(1) == "434":
            self.draft.statement_days = days

    def _take_svd(self, segment: Segment) -> None:
        if self.draft is None or not self.draft.lines:
            raise SyntaxProblem("SVD", segment.position, "2", "SVD outside a line")
        self.draft.lines[-1].prior.append(PriorLine(segment.require(1), segment.cents(2)))

    # Closing --------------------------------------------------------------------------------

    def _close_line_context(self) -> None:
        if self.draft is not None and self.draft.lines:
            where = self.draft.segment
            raise SyntaxProblem("SBR", where.position, "2", "SBR after the lines of a claim")

    def _close_claim(self) -> None:
        draft = self.draft
        if draft is None:
            return
        self.draft = None
        where = draft.segment
        self._need(draft.diagnoses, "HI", where)
        self._need(draft.lines, "LX", where)
        if self.kind == "I":
            self._need(draft.statement_days, "DTP", where)
        same = self.level == "22"
        rendering = draft.rendering
        self.claims.append(
            Claim(
                kind=self.kind,
                batch_reference=self.batch_reference,
                billing=self.billing,
                payer_id=self.payer[0],
                payer_name=self.payer[1],
                responsibility=self.responsibility,
                subscriber=self.subscriber,
                patient=self.subscriber if same else self.patient,
                patient_is_subscriber=same,
                relationship=self.relationship or "18",
                patient_control_number=where.get(1),
                charge_cents=cents_from(where.get(2)),
                facility=where.part(5, 1),
                frequency=where.part(5, 3),
                diagnoses=tuple(draft.diagnoses),
                lines=tuple(self._line(line) for line in draft.lines),
                has_authorization=draft.has_authorization,
                original_reference=draft.original_reference,
                rendering_npi=rendering.get(9) if rendering else "",
                rendering_name=(rendering.get(3), rendering.get(4)) if rendering else ("", ""),
                referring_npi=draft.referring_npi,
                others=tuple(draft.others),
                statement_days=draft.statement_days,
            )
        )

    def _line(self, draft: _LineDraft) -> ServiceLine:
        service = draft.service
        if service is None:
            name = "SV1" if self.kind == "P" else "SV2"
            raise SyntaxProblem(name, draft.segment.position, "3", f"required {name} is missing")
        if self.kind == "P":
            self._need(draft.days, "DTP", draft.segment)
        composite = 1 if self.kind == "P" else 2
        first, last = draft.days or (None, None)
        return ServiceLine(
            number=draft.number,
            qualifier=service.part(composite, 1) or "NU",
            code=service.part(composite, 2) or service.get(1),
            modifiers=tuple(one for one in service.parts(composite)[2:6] if one),
            charge_cents=service.cents(2 if self.kind == "P" else 3),
            units=service.get(4 if self.kind == "P" else 5),
            first_day=first,
            last_day=last,
            place_of_service=service.get(5) if self.kind == "P" else "",
            revenue_code="" if self.kind == "P" else service.get(1),
            control_number=draft.control_number,
            has_authorization=draft.has_authorization,
            prior=tuple(draft.prior),
        )


def read_claims(transaction: TransactionSet) -> tuple[Claim, ...]:
    """Read every claim of one 837.

    Raises
    ------
    SyntaxProblem
        At the first thing a 999 would refuse, with its IK3 and IK4 values.
    """
    kind = VERSIONS.get(transaction.version)
    if transaction.kind != "837" or kind is None:
        start = transaction.segments[0]
        raise SyntaxProblem(
            "ST", start.position, "8", "not an 837 of a supported version",
            element=3, element_code="7",
        )  # fmt: skip
    return _Reader(transaction, kind).read()
