"""The patients of the built-in day: invented from a seed, the same for the same seed."""

from dataclasses import dataclass, field
from datetime import date
from random import Random

_GIVEN = {
    "female": (
        "Ada", "Berit", "Clara", "Dora", "Elin", "Freya", "Greta", "Hanna", "Ines", "Jana",
        "Karin", "Lotte", "Mira", "Nora", "Olga", "Petra", "Rosa", "Signe", "Tilda", "Vera",
    ),
    "male": (
        "Anton", "Bruno", "Carl", "David", "Emil", "Felix", "Gustav", "Henrik", "Ivan", "Jonas",
        "Kaspar", "Leo", "Magnus", "Nils", "Otto", "Paul", "Rolf", "Simon", "Theo", "Viktor",
    ),
}  # fmt: skip
_FAMILY = (
    "Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir", "Gorse", "Hazel", "Ivy", "Juniper",
    "Kapok", "Larch", "Maple", "Nettle", "Oakes", "Poplar", "Quince", "Rowan", "Spruce", "Tamarack",
    "Umbel", "Viburnum", "Willow", "Yew", "Zinnia",
)  # fmt: skip
_STREETS = (
    "Orchard Lane",
    "Mill Street",
    "Station Road",
    "Harbor View",
    "Quarry Hill",
    "Fern Court",
)
_TOWNS = (
    ("Springfield", "62701"),
    ("Chatham", "62629"),
    ("Rochester", "62563"),
    ("Sherman", "62684"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One invented patient."""

    patient_id: str
    family: str = field(repr=False)
    given: str = field(repr=False)
    sex: str
    birth_date: date = field(repr=False)
    street: str = field(repr=False)
    city: str = field(repr=False)
    postal_code: str = field(repr=False)


def invent_person(random: Random, patient_id: str, *, sex: str, age_years: int, on: date) -> Person:
    """A person of that age on that day."""
    sex = sex or random.choice(("female", "male"))
    city, postal_code = random.choice(_TOWNS)
    # Born so long ago that the birthday of this year has passed, and not on a 29 February.
    birth_date = date(on.year - age_years - 1, random.randint(1, 12), random.randint(1, 28))
    return Person(
        patient_id=patient_id,
        family=random.choice(_FAMILY),
        given=random.choice(_GIVEN[sex]),
        sex=sex,
        birth_date=birth_date,
        street=f"{random.randint(1, 199)} {random.choice(_STREETS)}",
        city=city,
        postal_code=postal_code,
    )
