"""What an institutional claim says of the visit as a whole."""

from collections.abc import Iterable

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader


def stay_codes_distinct(parameters: Reader) -> Check:
    """No value code (HI*BE) and no occurrence code with its date (HI*BH) stands twice."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if claim.stay is None:
            return
        values = tuple(code for code, _cents in claim.stay.value_codes)
        for name, codes in (("value_codes", values), ("occurrences", claim.stay.occurrences)):
            for position, code in enumerate(codes):
                if code in codes[:position]:
                    yield Finding(f"stay.{name}[{position}]", "each code once")

    return check
