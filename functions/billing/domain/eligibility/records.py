"""What a payer says about coverage, free of its wire format (X12 271, 005010X279A1).

Coverage has three values. A flag with two hides outages: a payer that could not answer would look
like a payer that said no.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum


class CoverageState(StrEnum):
    """Whether the patient is covered on the service date."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    UNDETERMINED = "undetermined"


class MatchQuality(IntEnum):
    """How well the member we asked for is the one the payer answered about. Higher is better."""

    NONE = 0
    PARTIAL = 1
    """What was returned agrees, but not everything was returned."""
    DEPENDENT_MATCH = 2
    """Found as a dependent of the subscriber."""
    PAYER_CORRECTED = 3
    """Found, and the payer returned another id, name or birth date than we sent."""
    EXACT = 4


class MemberField(StrEnum):
    """What identifies a member."""

    MEMBER_ID = "member_id"
    FAMILY = "family"
    GIVEN = "given"
    BIRTH_DATE = "birth_date"


class BenefitKind(StrEnum):
    """What a benefit limits or costs (X12 EB01)."""

    COPAY = "copay"
    COINSURANCE = "coinsurance"
    DEDUCTIBLE = "deductible"
    OUT_OF_POCKET = "out_of_pocket"


class BenefitPeriod(StrEnum):
    """Over what time (X12 EB06). `remaining` is EB06 = 29, `total` a calendar or contract year."""

    TOTAL = "total"
    REMAINING = "remaining"
    VISIT = "visit"
    OTHER = "other"


class Network(StrEnum):
    """For which network (X12 EB12). `either` is W; unknown is U or absent."""

    IN = "in"
    OUT = "out"
    EITHER = "either"
    UNKNOWN = "unknown"


class CoverageLevel(StrEnum):
    """For whom (X12 EB02)."""

    INDIVIDUAL = "individual"
    FAMILY = "family"
    OTHER = "other"


class PayerErrorClass(StrEnum):
    """Whose problem a payer's refusal is (X12 AAA03)."""

    TRANSIENT = "transient"
    """The payer could not answer: back off, then recheck."""
    PROVIDER = "provider"
    """Our enrolment with the payer."""
    PATIENT_DATA = "patient_data"
    """Front desk: identity or member id."""
    DATES = "dates"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PayerError:
    """One AAA segment: its reason (AAA03), whose problem it is, the level it stands at, the follow-up (AAA04)."""

    code: str
    error_class: PayerErrorClass = PayerErrorClass.OTHER
    level: str = ""
    follow_up: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """One EB segment, for one service type. Amounts in cents, or a rate (0.2 is 20 percent)."""

    kind: BenefitKind
    period: BenefitPeriod = BenefitPeriod.OTHER
    service_type: str = "30"
    network: Network = Network.UNKNOWN
    level: CoverageLevel = CoverageLevel.INDIVIDUAL
    amount_cents: int | None = None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OtherPayer:
    """Another payer that this one knows of (X12 EB01 = R): a coordination-of-benefits signal."""

    payer_identifier: str
    rank: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityResult:
    """A payer's answer about one coverage, for one service date and service type.

    `reason` says in a word why the state is what it is, `codes` are the payer's own (EB01 of the plan, AAA03).
    `in_grace_period`: an exchange plan whose premium is paid only to a day before the service (DTP 343) or whose
    coverage is active pending investigation (EB01 = 5).
    """

    coverage_id: str
    payer_id: str
    checked_at: datetime
    service_date: date
    state: CoverageState
    reason: str = ""
    codes: tuple[str, ...] = ()
    in_grace_period: bool = False
    service_type: str = "30"
    match_quality: MatchQuality = MatchQuality.NONE
    corrected_fields: tuple[MemberField, ...] = ()
    plan_name: str = ""
    plan_starts_on: date | None = None
    plan_ends_on: date | None = None
    benefits: tuple[Benefit, ...] = ()
    other_payers: tuple[OtherPayer, ...] = ()
    authorization_required: bool | None = None
    errors: tuple[PayerError, ...] = ()

    @property
    def is_transient_failure(self) -> bool:
        """The payer could not answer now; asking again later may help."""
        return any(one.error_class is PayerErrorClass.TRANSIENT for one in self.errors)

    @property
    def is_decisive(self) -> bool:
        """The payer said yes or no."""
        return self.state is not CoverageState.UNDETERMINED

    def is_about_month_of(self, day: date) -> bool:
        """Coverage starts and ends with months: an answer about March says nothing of April."""
        return (self.service_date.year, self.service_date.month) == (day.year, day.month)
