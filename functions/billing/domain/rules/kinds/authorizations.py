"""Prior authorization: there, naming the service, in force on its day, with units left."""

from collections.abc import Iterable, Mapping

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Charge
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader

# X12 REF02.
NUMBER_LENGTH_MAX = 50


def authorization_required(parameters: Reader) -> Check:
    """Procedures that `table` lists for the payer have an authorization that covers them."""
    required = _by_payer(parameters)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        wanted = required.get(claim.payer_id, frozenset())
        for position, line in enumerate(claim.lines):
            if line.procedure in wanted and not _covering(claim, line):
                yield Finding("authorizations", f"an authorization for lines[{position}].procedure")

    return check


def authorization_dates(parameters: Reader) -> Check:
    """Of the authorizations that cover a line, one is in force on its day."""
    required = _by_payer(parameters)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if not claim.authorizations:
            return
        for position, line in enumerate(claim.lines):
            covering = _concerned(claim, line, required)
            if covering and not any(
                claim.authorizations[one].is_in_force(line.service_date) for one in covering
            ):
                yield Finding(
                    f"authorizations[{covering[0]}]", f"in force on lines[{position}].service_date"
                )

    return check


def authorization_units(parameters: Reader) -> Check:
    """The authorizations in force have enough units left for the lines they cover."""
    required = _by_payer(parameters)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if not claim.authorizations:
            return
        left = [one.units_left for one in claim.authorizations]
        for line in claim.lines:
            concerned = _concerned(claim, line, required)
            usable = [
                one for one in concerned if claim.authorizations[one].is_in_force(line.service_date)
            ]
            if usable and not _take_units(left, usable, line.units):
                yield Finding(
                    f"authorizations[{usable[0]}].units_left", "enough units for the services"
                )

    return check


def authorization_number(parameters: Reader) -> Check:
    """Authorization numbers fit REF*G1: 1 to 50 characters."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, one in enumerate(claim.authorizations):
            if not 1 <= len(one.number.strip()) <= NUMBER_LENGTH_MAX:
                yield Finding(
                    f"authorizations[{position}].number", f"1 to {NUMBER_LENGTH_MAX} characters"
                )

    return check


def _by_payer(parameters: Reader) -> Mapping[str, frozenset[str]]:
    reader = parameters.table("table")
    return {name: frozenset(reader.texts(name)) for name in reader.names()}


def _covering(claim: ClaimContent, line: Charge) -> list[int]:
    """Positions of the authorizations that name the procedure, or name none and so cover all."""
    return [
        position for position, one in enumerate(claim.authorizations) if one.covers(line.procedure)
    ]


def _concerned(
    claim: ClaimContent, line: Charge, required: Mapping[str, frozenset[str]]
) -> list[int]:
    """Covering authorizations of lines that need one, or that one names.

    An authorization that names no procedure binds only what the payer wants authorized: the blood
    count beside an authorized scan must not use up its units.
    """
    covering = _covering(claim, line)
    if line.procedure in required.get(claim.payer_id, frozenset()):
        return covering
    return [one for one in covering if claim.authorizations[one].procedures]


def _take_units(left: list[int | None], usable: list[int], units: int) -> bool:
    """Use up units of the first authorizations that have any; None has no limit."""
    for one in usable:
        remaining = left[one]
        if remaining is None:
            return True
        taken = min(remaining, units)
        left[one] = remaining - taken
        units -= taken
        if units <= 0:
            return True
    return False
