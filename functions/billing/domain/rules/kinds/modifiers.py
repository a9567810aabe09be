"""Modifiers: form, repetition, contradiction, and the ones a procedure needs."""

import re
from collections.abc import Iterable
from itertools import combinations

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.records import Charge
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader

_MODIFIER = re.compile(r"[0-9A-Z]{2}")
MODIFIERS_MAX = 4


def modifier_format(parameters: Reader) -> Check:
    """At most four modifiers a line, of two letters or digits (SV101)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if len(line.modifiers) > MODIFIERS_MAX:
                yield Finding(f"lines[{position}].modifiers", f"at most {MODIFIERS_MAX}")
            for place, modifier in enumerate(line.modifiers):
                if not _MODIFIER.fullmatch(modifier):
                    yield Finding(f"lines[{position}].modifiers[{place}]", "2 letters or digits")

    return check


def modifier_duplicate(parameters: Reader) -> Check:
    """No modifier stands twice on a line."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            for place, modifier in enumerate(line.modifiers):
                if modifier in line.modifiers[:place]:
                    yield Finding(f"lines[{position}].modifiers[{place}]", "each modifier once")

    return check


def modifier_incompatible(parameters: Reader) -> Check:
    """No line carries two modifiers that contradict each other: the pairs of `table`."""
    pairs = frozenset(
        frozenset(part.texts("modifiers")) for part in parameters.table("table").children("pairs")
    )

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            for one, other in combinations(line.modifiers, 2):
                if frozenset((one, other)) in pairs:
                    yield Finding(f"lines[{position}].modifiers", "modifiers that go together")

    return check


def modifier_required(parameters: Reader) -> Check:
    """Lines with one of `procedures`, at one of `places`, need one of `modifiers`.

    With `beside`, only when one of those procedures was done the same day. An empty list stands
    for any procedure or place.
    """
    procedures = frozenset(parameters.texts("procedures", ()))
    places = frozenset(parameters.texts("places", ()))
    beside = frozenset(parameters.texts("beside", ()))
    modifiers = frozenset(parameters.texts("modifiers"))

    def concerns(claim: ClaimContent, line: Charge) -> bool:
        if procedures and line.procedure not in procedures:
            return False
        if places and claim.place_of(line) not in places:
            return False
        return not beside or any(
            other.procedure in beside and other.service_date == line.service_date
            for other in claim.lines
        )

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, line in enumerate(claim.lines):
            if concerns(claim, line) and not modifiers.intersection(line.modifiers):
                yield Finding(
                    f"lines[{position}].modifiers", f"one of {', '.join(sorted(modifiers))}"
                )

    return check
