"""The kinds of visits of the built-in day: what was done, by whom, where, and how the EHR says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Style(StrEnum):
    """In which FHIR resources the EHR lists a visit's services."""

    CLAIM = "claim"
    """A FHIR Claim with national codes and prices."""
    CHARGE_ITEMS = "charge_items"
    """ChargeItems with the EHR's own charge codes; the price is the table's."""
    ACTS = "acts"
    """Procedures and Immunizations alone; codes and prices are the table's."""


@dataclass(frozen=True, slots=True)
class Line:
    """One service. `charge_cents` None: the usual price. `diagnoses` are positions in the visit's."""

    procedure: str
    units: int = 1
    modifiers: tuple[str, ...] = ()
    charge_cents: int | None = None
    diagnoses: tuple[int, ...] = (1,)
    place_of_service: str = ""
    snomed: str = ""
    cvx: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of visit. Diagnoses are the EHR's problem codes, or ICD-10-CM codes."""

    lines: tuple[Line, ...]
    diagnoses: tuple[str, ...]
    service_line: str
    location: str
    practitioners: tuple[str, ...]
    style: Style = Style.CLAIM
    ages: tuple[int, int] = (25, 60)
    sex: str = ""


def _primary(
    *lines: Line, diagnoses: tuple[str, ...] = ("HTN",), style: Style = Style.CLAIM
) -> Kind:
    return Kind(
        lines=lines,
        diagnoses=diagnoses,
        service_line="PC",
        location="NORTH",
        practitioners=("P-AMES", "P-BRANDT"),
        style=style,
    )


def _imaging(*lines: Line, diagnoses: tuple[str, ...], style: Style = Style.CLAIM) -> Kind:
    return Kind(
        lines=lines,
        diagnoses=diagnoses,
        service_line="IM",
        location="RIVER",
        practitioners=("P-DIAZ",),
        style=style,
    )


def _therapy(*lines: Line, style: Style = Style.CLAIM) -> Kind:
    return Kind(
        lines=lines,
        diagnoses=("LOW-BACK",),
        service_line="PT",
        location="EAST",
        practitioners=("P-CHO",),
        style=style,
    )


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "office": _primary(Line("99213")),
        "office_long": _primary(Line("99214"), Line("93000"), diagnoses=("HTN", "DM2")),
        "labs": _primary(
            Line("99213"),
            Line("80053", diagnoses=(2,)),
            Line("36415", diagnoses=(2,)),
            diagnoses=("HTN", "DM2"),
            style=Style.CHARGE_ITEMS,
        ),
        "vaccination": _primary(Line("99213"), Line("90656", cvx="140"), style=Style.ACTS),
        "injection": Kind(
            lines=(Line("99213", modifiers=("25",)), Line("20610", modifiers=("RT",))),
            diagnoses=("KNEE-PAIN",),
            service_line="PC",
            location="NORTH",
            practitioners=("P-FARAH",),
        ),
        "therapy": _therapy(
            Line("97110", units=2, modifiers=("GP",)), Line("97140", modifiers=("GP",))
        ),
        "therapy_local": _therapy(
            Line("97110", units=3, modifiers=("GP",)), style=Style.CHARGE_ITEMS
        ),
        "counseling": Kind(
            lines=(Line("90834"),),
            diagnoses=("ANX",),
            service_line="BH",
            location="EAST",
            practitioners=("P-EKLUND",),
        ),
        "counseling_long": Kind(
            lines=(Line("90837"),),
            diagnoses=("MDD",),
            service_line="BH",
            location="EAST",
            practitioners=("P-EKLUND",),
            style=Style.ACTS,
        ),
        "chest_xray": _imaging(Line("71046"), diagnoses=("COUGH",), style=Style.ACTS),
        "ultrasound": _imaging(Line("76700"), diagnoses=("ABD-PAIN",)),
        "knee_mri": _imaging(Line("73721", modifiers=("RT",)), diagnoses=("KNEE-PAIN",)),
        "brain_and_abdomen": _imaging(
            Line("70553"), Line("74177", diagnoses=(2,)), diagnoses=("G43909", "ABD-PAIN")
        ),
    }
)
