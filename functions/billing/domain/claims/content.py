"""What is billed: the content of one claim, as it is judged and later written as an 837.

Fields may be absent because a document may be incomplete: judging says so with reasons. A claim
that judging lets through has a patient, a coverage, a billing provider and a location.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date

from functions.billing.domain.records import (
    Authorization,
    Charge,
    Coverage,
    Location,
    Patient,
    Provider,
    Stay,
)

ORIGINAL = "1"
REPLACEMENT = "7"
VOID = "8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Paperwork that goes with a claim (X12 837 PWK): report type, how it is sent, its number."""

    report_type: str
    transmission: str
    control_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorAdjustment:
    """What a prior payer subtracted, and why (X12 CAS): from a line, or from the claim where `line_id` is empty."""

    group: str
    reason: str
    amount_cents: int
    line_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPayerPayment:
    """What a prior payer decided, for a secondary claim (X12 837 loops 2320 and 2430).

    `remaining_cents` is the patient's liability at claim level (AMT*EAF), `line_remaining` the same
    at line level; only one level may carry it.
    """

    payer_id: str
    adjudicated_on: date | None
    paid_cents: int
    line_paid: tuple[tuple[str, int], ...] = ()
    remaining_cents: int | None = None
    line_remaining: tuple[tuple[str, int], ...] = ()
    adjustments: tuple[PriorAdjustment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimContent:
    """One claim: one encounter, one payer, at most 50 service lines.

    `coverage` is the destination; `frequency` is CLM05-3 and `original_reference` the payer claim
    control number it replaces or voids (REF*F8). Diagnosis pointers of lines are positions in
    `diagnoses`.
    """

    claim_id: str
    patient_control_number: str
    encounter_id: str
    patient: Patient | None
    coverage: Coverage | None
    billing_provider: Provider | None
    rendering_provider: Provider | None
    location: Location | None
    service_line: str
    diagnoses: tuple[str, ...]
    lines: tuple[Charge, ...]
    total_charge_cents: int
    service_from: date
    service_to: date
    signed_on: date | None
    frequency: str = ORIGINAL
    original_reference: str = ""
    other_coverages: tuple[Coverage, ...] = ()
    is_institutional: bool = False
    stay: Stay | None = None
    authorizations: tuple[Authorization, ...] = ()
    mapping_version: str = ""
    attachments: tuple[Attachment, ...] = field(default=())
    other_payments: tuple[OtherPayerPayment, ...] = field(default=())

    @property
    def payer_id(self) -> str:
        """The destination payer, or an empty string while there is no coverage."""
        return self.coverage.payer.payer_id if self.coverage else ""

    def place_of(self, line: Charge) -> str:
        """The line's own place of service, else the location's (SV105, else CLM05-1)."""
        return line.place_of_service or (self.location.place_of_service if self.location else "")


def fingerprint(content: ClaimContent) -> str:
    """What makes two claims the same service billed twice, as a SHA-256.

    Covers the billing NPI, the payer, the member and person treated, and every line's procedure,
    modifiers, date, units and charge. The order of lines and modifiers does not count, nor do the
    claim's own numbers. Family members share a member id, hence the person.
    """
    lines = sorted(
        "|".join(
            (
                line.service_date.isoformat(),
                line.procedure,
                ".".join(sorted(line.modifiers)),
                str(line.units),
                str(line.charge_cents),
            )
        )
        for line in content.lines
    )
    provider = content.billing_provider.npi if content.billing_provider else ""
    parts = (provider, content.payer_id, _person(content), *lines)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _person(content: ClaimContent) -> str:
    member = content.coverage.member_id.strip().upper() if content.coverage else ""
    if content.patient is None:
        return member
    given = content.patient.name.given.strip().upper()
    return f"{member}|{given}|{content.patient.birth_date.isoformat()}"
