"""Persons and organizations: the NM1 loop that every transaction but the 835 header uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .descriptors import Draft, Field
from .fields import contacts, formatted_day, references, text
from .loops import Loop
from .separators import MODEL_SEPARATORS

if TYPE_CHECKING:
    from datetime import date

    from .values import Contact, Reference


class Party(Loop, also=("N3", "N4")):
    """A person or organization with its identifiers and address (NM1, N3, N4, REF, PER, …).

    ``role`` may be left out when the loop that takes the party gives it a single role.
    """

    role: str | None = text("NM1", 1, default=None)
    """NM101 entity identifier: 85 billing, 82 rendering, IL insured, QC patient, PR payer."""
    kind: str | None = text("NM1", 2, default=None)
    """NM102: 1 person, 2 organization."""
    name: str | None = text("NM1", 3, default=None)
    """NM103: last name of a person, or the organization's name."""
    first_name: str | None = text("NM1", 4, default=None)
    """NM104."""
    middle_name: str | None = text("NM1", 5, default=None)
    """NM105."""
    name_suffix: str | None = text("NM1", 7, default=None)
    """NM107."""
    id_qualifier: str | None = text("NM1", 8, default=None)
    """NM108: XX NPI, MI member id, PI payer id, 46 submitter number, 24 employer number."""
    id: str | None = text("NM1", 9, default=None)
    """NM109."""
    street: str | None = text("N3", 1, default=None)
    """N301."""
    street_2: str | None = text("N3", 2, default=None)
    """N302."""
    city: str | None = text("N4", 1, default=None)
    """N401."""
    state: str | None = text("N4", 2, default=None)
    """N402."""
    postal_code: str | None = text("N4", 3, default=None)
    """N403, five or nine digits without hyphen in the United States."""
    country: str | None = text("N4", 4, default=None)
    """N404."""
    birth_date: date | None = formatted_day("DMG", 2)
    """DMG02."""
    sex: str | None = text("DMG", 3, default=None)
    """DMG03: F, M or U."""
    taxonomy: str | None = text("PRV", 3, where=(2, "PXC"), default=None)
    """PRV03 with PRV02 = PXC."""
    taxonomy_role: str | None = text("PRV", 1, where=(2, "PXC"), default=None)
    """PRV01: BI billing, PE performing, RF referring, AT attending."""
    employer_id: str | None = text("REF", 2, where=(1, "EI"), default=None)
    """REF*EI: tax identification number of an organization."""
    social_security_number: str | None = text("REF", 2, where=(1, "SY"), default=None)
    """REF*SY."""
    references: tuple[Reference, ...] = references()
    """Other REF segments."""
    contacts: tuple[Contact, ...] = contacts()
    """PER segments."""

    @property
    def npi(self) -> str | None:
        """NM109 when NM108 says it is an NPI (XX)."""
        return self.id if self.id_qualifier == "XX" else None


class _PartySegment(Field):
    """A party of which the transaction gives the NM1 segment alone (835 loop 2100)."""

    __slots__ = ()

    def __get__(self, loop: Loop | None, owner: type | None = None) -> Any:
        if loop is None:
            return self
        if self.name in loop.__dict__:
            return loop.__dict__[self.name]
        found = loop.first_own(self.segment, self.where)
        value = None if found is None else loop.part(Party, found[0], found[0] + 1)
        loop.__dict__[self.name] = value
        return value

    def draft(self, draft: Draft, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, Party) or self.where is None:
            raise TypeError(f"{self.name} must be a Party")
        elements = value.rendered(MODEL_SEPARATORS)[0].split(MODEL_SEPARATORS.element)
        elements[1] = str(self.where[1])
        draft.add(self.segment, elements)


def party(role: str) -> Any:
    """Declare an NM1 segment by its role (NM101) as a Party of that one segment."""
    return _PartySegment(
        "NM1",
        1,
        0,
        where=(1, role),
        decode=lambda text, _separators: text,
        encode=str,
        expected="a party",
        default=None,
    )
