"""What an institutional claim says of the visit as a whole: how it began, how it ended, on which type of bill."""

from datetime import date

from functions.billing.domain.records import Stay
from functions.billing.fhir.bundle import Resource
from functions.billing.fhir.mapping import MappingTables
from functions.billing.fhir.reading import codings, node, text

# The code systems of the uniform bill, as HL7 names them.
PATIENT_STATUS = "https://www.nubc.org/CodeSystem/PatDischargeStatus"
ADMISSION_TYPE = "https://www.nubc.org/CodeSystem/PriorityTypeOfAdmitOrVisit"
ADMISSION_SOURCE = "https://www.nubc.org/CodeSystem/PointOfOrigin"


def stay_of(encounter: Resource, mapping: MappingTables, starts_on: date) -> Stay:
    """The stay as the document and the row of its class tell it; what neither says is empty.

    The document's own codes come first. A class may say how visits of its kind end where nobody writes
    it down, as with those that last an hour.
    """
    row = mapping.encounter_classes.get(text(node(encounter.get("class")).get("code")))
    hospitalization = node(encounter.get("hospitalization"))
    status = _code(hospitalization.get("dischargeDisposition"), PATIENT_STATUS)
    return Stay(
        facility_code=row.facility_code if row else "",
        patient_status=status or (row.patient_status if row else ""),
        admission_type=_code(encounter.get("priority"), ADMISSION_TYPE),
        admission_source=_code(hospitalization.get("admitSource"), ADMISSION_SOURCE),
        admitted_on=starts_on,
    )


def _code(concept: object, system: str) -> str:
    return next((code for found, code in codings(concept) if found == system), "")
