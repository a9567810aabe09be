"""Place of service: a known code, and one the procedure can be done at."""

from collections.abc import Iterable

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader


def place_of_service(parameters: Reader) -> Check:
    """The location's place and each line's own are codes of `table` (CLM05-1, SV105)."""
    places = frozenset(parameters.table("table").texts("codes"))

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        expected = "a place-of-service code"
        if claim.location is not None and claim.location.place_of_service not in places:
            yield Finding("location.place_of_service", expected)
        for position, line in enumerate(claim.lines):
            if line.place_of_service and line.place_of_service not in places:
                yield Finding(f"lines[{position}].place_of_service", expected)

    return check


def place_for_procedure(parameters: Reader) -> Check:
    """A procedure in `table` is done at one of the places the table lists."""
    reader = parameters.table("table")
    allowed = {name: frozenset(reader.texts(name)) for name in reader.names()}

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            places = allowed.get(line.procedure)
            place = claim.place_of(line)
            if places and place and place not in places:
                yield Finding(
                    f"lines[{position}].place_of_service", f"one of {', '.join(sorted(places))}"
                )

    return check
