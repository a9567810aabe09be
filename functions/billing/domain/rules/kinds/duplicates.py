"""The same thing twice: claims, lines, ranks; and limits on how many there may be."""

from collections.abc import Iterable

from functions.billing.domain.claims.content import ORIGINAL, ClaimContent, fingerprint
from functions.billing.domain.records import CoverageRank
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader


def duplicate_claim(parameters: Reader) -> Check:
    """No other live claim bills the same services; replacements and voids are meant to."""
    del parameters

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        known = facts.known_duplicates
        if known and claim.frequency == ORIGINAL and fingerprint(claim) in known:
            yield Finding("claim", "services no other claim bills")

    return check


def duplicate_line(parameters: Reader) -> Check:
    """No two lines bill the same procedure, day and modifiers without one of `repeat_modifiers`."""
    repeats = frozenset(parameters.texts("repeat_modifiers"))

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        seen: set[tuple[object, ...]] = set()
        for position, line in enumerate(claim.lines):
            identity = (line.procedure, line.service_date, tuple(sorted(line.modifiers)))
            if identity in seen and not repeats.intersection(line.modifiers):
                yield Finding(f"lines[{position}]", "a service no other line bills")
            seen.add(identity)

    return check


def payer_ranks(parameters: Reader) -> Check:
    """Each payer of the claim has its own rank (SBR01)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        seen: set[CoverageRank] = {claim.coverage.rank} if claim.coverage else set()
        for position, cover in enumerate(claim.other_coverages):
            if cover.rank in seen:
                yield Finding(f"other_coverages[{position}].rank", "a rank of its own")
            seen.add(cover.rank)

    return check


def lines_present(parameters: Reader) -> Check:
    """The claim has a service line."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if not claim.lines:
            yield Finding("lines", "at least one service line")

    return check


def line_limit(parameters: Reader) -> Check:
    """The claim has at most `limit` service lines."""
    limit = parameters.integer("limit", minimum=1)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        if len(claim.lines) > limit:
            yield Finding("lines", f"at most {limit}")

    return check


def payer_known(parameters: Reader) -> Check:
    """There is a policy for the payer: without one nobody knows its deadlines."""
    del parameters

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        if claim.coverage is not None and facts.policy is None:
            yield Finding("coverage.payer.payer_id", "a payer with a policy")

    return check


def attachment_control_number(parameters: Reader) -> Check:
    """An attachment sent apart from the claim has a control number (PWK06)."""
    # Report types that are with the provider on request (AA) go without.
    on_request = frozenset(parameters.texts("transmissions_without"))

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        for position, attachment in enumerate(claim.attachments):
            if attachment.transmission not in on_request and not attachment.control_number:
                yield Finding(f"attachments[{position}].control_number", "a control number")

    return check
