"""What matching and posting need to know of one of our claims, and nothing more."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLineSnapshot:
    """One service line as billed.

    `expected_cents` is what payer and patient together should owe by contract (the allowed
    amount) by the version named in `contract`; None where no contract prices it, and then nothing is
    compared.
    """

    line_id: str
    procedure: str
    charge_cents: int
    units: int = 1
    expected_cents: int | None = None
    contract: str = ""
    modifiers: tuple[str, ...] = ()
    service_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSnapshot:
    """One claim as it stands when a payer's answer is posted.

    Attributes
    ----------
    state
        Our lifecycle word, told back in exceptions.
    payer_rank
        1 if this claim was sent to the primary payer, 2 secondary, 3 tertiary.
    has_next_payer
        Whether another coverage comes after this payer.
    is_first_remittance
        No payer answered this claim before; first-pass denial looks at this one only.
    patient_control_numbers
        CLM01 of every attempt, newest last.
    payer_claim_control_numbers
        REF*1K or CLP07 as learnt from acknowledgements and earlier remittances.
    member_id, service_from
        Whom and since when the claim bills: with the charge, a weak key.
    """

    claim_id: str
    state: str
    payer_id: str
    charge_cents: int
    lines: tuple[ClaimLineSnapshot, ...]
    payer_rank: int = 1
    has_next_payer: bool = False
    is_first_remittance: bool = True
    frequency: str = "1"
    patient_control_numbers: tuple[str, ...] = ()
    payer_claim_control_numbers: tuple[str, ...] = ()
    member_id: str = field(default="", repr=False)
    service_from: date | None = None
