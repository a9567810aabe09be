"""How a claim may go out again: the resubmission matrix.

| what happened | sent as | names the payer's number |
|---|---|---|
| never sent, or turned away before the payer had it | original (1) | no |
| the payer has it and it was wrong or denied | replacement (7) | yes |
| it should not have been billed, and the payer judged it | void (8) | yes |
| Medicare contractors, wrong payer (109), unprocessable (MA130) | new original (1) | no |

Nothing is replaced or voided while the payer has not answered: only what it judged or turned away goes out again.
"""

from dataclasses import dataclass

from functions.billing.domain.claims.claim import Claim
from functions.billing.domain.claims.content import ORIGINAL, REPLACEMENT
from functions.billing.domain.claims.lifecycle import ClaimState
from functions.billing.domain.denials.response import Resubmission
from functions.billing.domain.records import PayerKind

JUDGED = frozenset({ClaimState.ADJUDICATED, ClaimState.CLOSED})

# Medicare contractors take neither: a new claim, or a redetermination.
_NO_REPLACEMENTS = frozenset({PayerKind.MEDICARE})


@dataclass(frozen=True, slots=True)
class Resend:
    """CLM05-3, and REF*F8 where the payer must find the claim it replaces."""

    frequency: str
    original_reference: str = ""


def resend(
    before: Claim | None,
    *,
    payer_id: str,
    payer_kind: PayerKind | None,
    answer: Resubmission = Resubmission.NONE,
) -> Resend:
    """How the next revision of a claim is sent.

    Parameters
    ----------
    before
        The claim as it stands; None for one that is new.
    payer_id, payer_kind
        Of the payer the next revision goes to.
    answer
        How the response to its denial lets it go out again.
    """
    original = Resend(ORIGINAL)
    if before is None or not before.attempt or before.payer_id != payer_id:
        return original
    number = before.payer_claim_control_number
    has_it = before.state in JUDGED or before.state is ClaimState.REJECTED
    if not number or not has_it or answer is Resubmission.NEW or payer_kind in _NO_REPLACEMENTS:
        return original
    return Resend(REPLACEMENT, number)


def may_be_voided(claim: Claim, payer_kind: PayerKind | None) -> bool:
    """Whether a claim that should not have been billed can be taken back (8)."""
    return (
        claim.state in JUDGED
        and bool(claim.payer_claim_control_number)
        and payer_kind not in _NO_REPLACEMENTS
    )
