"""From stated services to coded, priced charges."""

from dataclasses import dataclass, replace
from datetime import date

from functions.billing.domain.records import Charge
from functions.billing.fhir.coding import CVX_SYSTEM, Coder, native_procedure
from functions.billing.fhir.diagnoses import POINTERS_MAX, Diagnoses
from functions.billing.fhir.findings import Findings
from functions.billing.fhir.mapping import MappedProcedure, MappedVaccine, MappingTables
from functions.billing.fhir.reading import codings
from functions.billing.fhir.services import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dose:
    """One vaccine given: when, and the position of its diagnosis."""

    given_on: date
    pointer: int


def charges_of(
    services: tuple[Service, ...],
    coder: Coder,
    diagnoses: Diagnoses,
    findings: Findings,
    mapping: MappingTables,
    starts_on: date,
) -> tuple[Charge, ...]:
    """The encounter's service lines, numbered from 1 in the document's order.

    A service without a date of its own has the day the visit began. The document's price counts;
    without one, the table's price per unit. What has neither is reported and left off.

    Giving a vaccine is billed besides the vaccine: once for the first of a day, and once with units
    for the further ones.
    """
    lines: list[Charge] = []
    doses: list[_Dose] = []
    for service in services:
        if not service.is_readable:
            continue
        vaccine = coder.vaccine(service.concept)
        if vaccine is not None:
            line, dose = _vaccine_line(service, vaccine, diagnoses, starts_on)
            lines.append(line)
            doses.append(dose)
            continue
        coded = _coded_line(service, coder, diagnoses, findings, starts_on)
        if coded is not None:
            lines.append(coded)
    lines += _administrations(doses, mapping)
    return tuple(replace(line, line_id=str(ordinal)) for ordinal, line in enumerate(lines, start=1))


def _coded_line(
    service: Service, coder: Coder, diagnoses: Diagnoses, findings: Findings, starts_on: date
) -> Charge | None:
    if _is_uncoded_vaccine(service):
        coder.unmapped_vaccine(service.concept, service.where)
        return None
    row = coder.procedure(service.concept, service.where)
    if row is None:
        return None
    if row.not_billed:
        findings.not_billed(service.where, row.not_billed)
        return None
    charge_cents = _price(service, row)
    if charge_cents is None:
        findings.missing(f"{service.where}.net", "a price, here or in the procedures table")
        return None
    return Charge(
        line_id="",
        procedure=row.procedure,
        charge_cents=charge_cents,
        units=service.units,
        service_date=service.service_date or starts_on,
        modifiers=service.modifiers or row.modifiers,
        diagnosis_pointers=_pointers(service, diagnoses),
        place_of_service=service.place_of_service,
        revenue_code=service.revenue_code or row.revenue_code,
        ndc=service.ndc,
        drug_quantity=service.drug_quantity,
        drug_unit=service.drug_unit,
    )


def _is_uncoded_vaccine(service: Service) -> bool:
    if native_procedure(service.concept) is not None:
        return False
    return service.is_vaccine or any(system == CVX_SYSTEM for system, _ in codings(service.concept))


def _price(service: Service, row: MappedProcedure) -> int | None:
    if service.charge_cents is not None:
        return service.charge_cents
    return row.charge_cents * service.units if row.charge_cents else None


def _pointers(service: Service, diagnoses: Diagnoses) -> tuple[int, ...]:
    if service.diagnosis_keys is None:
        return diagnoses.general_pointers
    return diagnoses.pointers(service.diagnosis_keys, service.where)


def _vaccine_line(
    service: Service, vaccine: MappedVaccine, diagnoses: Diagnoses, starts_on: date
) -> tuple[Charge, _Dose]:
    given_on = service.service_date or starts_on
    pointer = diagnoses.add(vaccine.diagnosis)
    charge_cents = service.charge_cents
    line = Charge(
        line_id="",
        procedure=vaccine.procedure,
        charge_cents=vaccine.charge_cents * service.units if charge_cents is None else charge_cents,
        units=service.units,
        service_date=given_on,
        modifiers=service.modifiers,
        diagnosis_pointers=(pointer,),
        place_of_service=service.place_of_service,
        ndc=service.ndc,
        drug_quantity=service.drug_quantity,
        drug_unit=service.drug_unit,
    )
    return line, _Dose(given_on=given_on, pointer=pointer)


def _administrations(doses: list[_Dose], mapping: MappingTables) -> list[Charge]:
    prices = mapping.vaccine_administration
    if prices is None:
        return []
    found: list[Charge] = []
    for day in dict.fromkeys(dose.given_on for dose in doses):
        pointers = tuple(dict.fromkeys(dose.pointer for dose in doses if dose.given_on == day))
        further = sum(dose.given_on == day for dose in doses) - 1
        found.append(
            _administration(prices.first_procedure, prices.first_charge_cents, 1, day, pointers)
        )
        if further:
            found.append(
                _administration(
                    prices.further_procedure, prices.further_charge_cents, further, day, pointers
                )
            )
    return found


def _administration(
    procedure: str, price_cents: int, units: int, day: date, pointers: tuple[int, ...]
) -> Charge:
    return Charge(
        line_id="",
        procedure=procedure,
        charge_cents=price_cents * units,
        units=units,
        service_date=day,
        diagnosis_pointers=pointers[:POINTERS_MAX],
    )
