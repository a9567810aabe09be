"""Identifiers: NPI, taxonomy, tax id, control numbers, and whether they agree."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache

from functions.billing.domain.claims.content import ClaimContent
from functions.billing.domain.codes import TableKind
from functions.billing.domain.records import Provider
from functions.billing.domain.rules.conditions import read_field
from functions.billing.domain.rules.facts import ScrubFacts
from functions.billing.domain.rules.fields import is_blank, parent_reader_of, reader_of
from functions.billing.domain.rules.kinds.check import Check, Finding
from functions.billing.domain.rules.reading import Reader

_NPI = re.compile(r"[12][0-9]{9}")
_TAXONOMY = re.compile(r"[0-9A-Z]{9}X")
_TAX_ID = re.compile(r"[0-9]{9}")
# X12's basic character set without lower case, which payers fold or drop in control numbers.
_CONTROL_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z .\-/]*")
_BOX = re.compile(r"\b(P ?O ?B(OX)?|POST OFFICE BOX|LOCK ?BOX|CALLER BOX|BOX [0-9]+)\b")

# 80840, the prefix of health identifiers issued in the United States, adds this to the Luhn sum.
_PREFIX_SUM = 24


# A practice has few providers and addresses, and judges them with every claim.
IDENTIFIERS_REMEMBERED_MAX = 4_096


# NPPES entity types.
_TYPE_PERSON, _TYPE_ORGANIZATION = 1, 2


class Role(StrEnum):
    """Which provider of the claim a rule speaks of."""

    BILLING = "billing_provider"
    RENDERING = "rendering_provider"


@lru_cache(maxsize=IDENTIFIERS_REMEMBERED_MAX)
def npi_is_valid(npi: str) -> bool:
    """Ten digits, the first 1 or 2, whose Luhn sum with the prefix 80840 ends in zero."""
    if not _NPI.fullmatch(npi):
        return False
    total = _PREFIX_SUM
    for place, character in enumerate(reversed(npi)):
        digit = int(character)
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2  # noqa: PLR2004 -- Luhn
        total += digit
    return total % 10 == 0


@lru_cache(maxsize=IDENTIFIERS_REMEMBERED_MAX)
def is_box(street: str) -> bool:
    """Whether a street line is a post office box or lockbox (X12 2010AA N3 refuses them)."""
    words = re.sub(r"[^0-9A-Z]+", " ", street.upper()).strip()
    return bool(_BOX.search(words))


def npi(parameters: Reader) -> Check:
    """`field` must be a valid NPI when it is given, or always with `required`."""
    return _pattern(parameters, npi_is_valid, "10 digits of a valid NPI")


def taxonomy(parameters: Reader) -> Check:
    """`field` must have the form of a provider taxonomy: 10 characters, the last X."""
    return _pattern(
        parameters, lambda text: bool(_TAXONOMY.fullmatch(text)), "10 characters ending in X"
    )


def npi_active(parameters: Reader) -> Check:
    """The NPI in `field` is active in `code_table` (NPPES) on the day of service.

    With `is_person` it must also be of that type: 1 a person, 2 an organization.
    """
    field, table = read_field(parameters), parameters.code_table("code_table")
    person = parameters.flag("is_person") if parameters.has("is_person") else None
    wanted = None if person is None else (_TYPE_PERSON if person else _TYPE_ORGANIZATION)
    read = reader_of(field)

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        number = str(read(claim, None) or "")
        # One that is no NPI is the form's rule to report.
        if not npi_is_valid(number):
            return
        providers = facts.code_table(table, TableKind.PROVIDERS)
        kind = providers.value(number, claim.service_from)
        if kind is None:
            if providers.terms.is_complete or providers.knows(number):
                yield Finding(field, "an NPI that is active on the date of service")
        elif wanted and kind and kind != wanted:
            yield Finding(field, f"an NPI of type {wanted}")

    return check


def taxonomy_listed(parameters: Reader) -> Check:
    """The taxonomy in `field` is in `code_table` on the day of service."""
    field, table = read_field(parameters), parameters.code_table("code_table")
    read = reader_of(field)

    def check(claim: ClaimContent, facts: ScrubFacts) -> Iterable[Finding]:
        code = str(read(claim, None) or "")
        if not _TAXONOMY.fullmatch(code):
            return
        codes = facts.code_table(table, TableKind.TAXONOMIES)
        if codes.value(code, claim.service_from) is None and (
            codes.terms.is_complete or codes.knows(code)
        ):
            yield Finding(field, "a taxonomy of the list in force")

    return check


def tax_id(parameters: Reader) -> Check:
    """`field` must be nine digits, not all alike."""

    def valid(text: str) -> bool:
        digits = text.replace("-", "")
        return bool(_TAX_ID.fullmatch(digits)) and len(set(digits)) > 1

    return _pattern(parameters, valid, "9 digits")


def street_address(parameters: Reader) -> Check:
    """`field` must not be a post office box or lockbox."""
    return _pattern(parameters, lambda text: not is_box(text), "a street, not a box")


def provider_kind(parameters: Reader) -> Check:
    """The provider in `role` must be a person (NPI type 1), or an organization (type 2)."""
    role = parameters.choice("role", Role)
    wants_person = parameters.flag("is_person")

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        provider = _provider(claim, role)
        if provider is not None and provider.is_person is not wants_person:
            yield Finding(role.value, "a person" if wants_person else "an organization")

    return check


def provider_alignment(parameters: Reader) -> Check:
    """Rendering and billing fit: an organization bills for another NPI, a person for itself."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        billing, rendering = claim.billing_provider, claim.rendering_provider
        if billing is None or rendering is None:
            return
        same = billing.npi == rendering.npi
        if billing.is_person and not same:
            yield Finding("rendering_provider.npi", "the billing person's own NPI")
        if not billing.is_person and same:
            yield Finding("rendering_provider.npi", "the individual's NPI, not the organization's")

    return check


def rendering_present(parameters: Reader) -> Check:
    """An organization that bills must name who gave the service (X12 2310B)."""
    del parameters

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        billing = claim.billing_provider
        if billing is not None and not billing.is_person and claim.rendering_provider is None:
            yield Finding("rendering_provider", "the individual who gave the service")

    return check


def control_number(parameters: Reader) -> Check:
    """The patient control number (CLM01): at most `length_max` characters X12 can carry."""
    length_max = parameters.integer("length_max", minimum=1)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        number = claim.patient_control_number
        if len(number) > length_max or not _CONTROL_NUMBER.fullmatch(number):
            yield Finding("patient_control_number", f"1 to {length_max} capital letters and digits")

    return check


def line_control_numbers(parameters: Reader) -> Check:
    """Line control numbers (REF*6R) are present, unique on the claim, at most `length_max` long."""
    length_max = parameters.integer("length_max", minimum=1)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        seen: set[str] = set()
        for position, line in enumerate(claim.lines):
            if not line.line_id or len(line.line_id) > length_max or line.line_id in seen:
                yield Finding(
                    f"lines[{position}].line_id",
                    f"1 to {length_max} characters, unique on the claim",
                )
            seen.add(line.line_id)

    return check


def _provider(claim: ClaimContent, role: Role) -> Provider | None:
    return claim.billing_provider if role is Role.BILLING else claim.rendering_provider


def _pattern(parameters: Reader, valid: Callable[[str], bool], expected: str) -> Check:
    field = read_field(parameters)
    required = parameters.flag("required", default=False)
    read, read_parent = reader_of(field), parent_reader_of(field)

    def check(claim: ClaimContent, _: ScrubFacts) -> Iterable[Finding]:
        value = read(claim, None)
        if is_blank(value):
            if required and (read_parent is None or read_parent(claim, None) is not None):
                yield Finding(field, expected)
        elif not valid(str(value)):
            yield Finding(field, expected)

    return check
