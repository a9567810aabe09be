"""A day out of a folder of FHIR R4 bundles, such as Synthea's.

The documents keep what they say; what they cannot know is supplied beside them, in the mapping
content and the payers' world:

- All dates of the folder move by one number of days, so that the newest encounter was yesterday
  and every interval, ages included, stays as it was. Years and months without a day stay.
- Providers and organizations get synthetic NPIs, taxonomies and tax ids (Synthea's NPIs fail their
  check digit). A valid NPI of the document is kept.
- Patients get synthetic member ids of the payers their bundles name, and the payers know them,
  with coverage from before their first visit.
- Each encounter travels alone: its document is what the bundle says of it, without other visits
  and without what no bill is made of (measurements, reports, plans).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from functions.billing.domain.errors import ContractError
from functions.billing.domain.records import Encounter, Patient, PayerKind
from functions.billing.domain.rules.kinds.identifiers import npi_is_valid
from functions.billing.fhir import (
    MappingTables,
    encounter_from_bundle,
    mapping_tables,
    read_bundle,
)
from local.day.built_in import AUTOMATION, MAPPING_FILE
from local.day.identifiers import member_id_of, npi_of, tax_id_of
from local.day.practice import WIRE_IDS
from local.day.records import Day, DayError, EhrEvent, Phase, UnreadableFile
from local.day.world import simulated_house, span

SOURCE = "ehr.folder"

POLICY_FILE = MAPPING_FILE.parent.parent / "payer_policies" / "example.json"
_NO_LIMIT_DAYS = 200 * 366

# General practice, and a clinic: Synthea does not say what its providers do.
_PERSON_TAXONOMY = "208D00000X"
_ORGANIZATION_TAXONOMY = "261QP2300X"
_NPI_SYSTEM = "http://hl7.org/fhir/sid/us-npi"
_COVERED_BEFORE = timedelta(days=400)
_NOON = time(12, tzinfo=UTC)
_DATE = re.compile(
    r"(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
_CONDITIONAL = re.compile(r"(Practitioner|Organization|Location)\?identifier=(.*)\|([^|]*)")
# No bill is made of these, and they are most of a bundle.
_CLINICAL = frozenset(
    {
        "CarePlan",
        "CareTeam",
        "DiagnosticReport",
        "DocumentReference",
        "Goal",
        "ImagingStudy",
        "Media",
        "Observation",
        "Provenance",
    }
)
# Of the patient as a whole rather than of one visit, and needed to bill any of them.
_OF_THE_PATIENT = frozenset({"Coverage", "ClaimResponse", "RelatedPerson"})

Resource = Mapping[str, Any]


def day_from_fhir(folder: Path, today: date, seed: int, *, filing_limits: bool = False) -> Day:
    """The day of a folder's bundles: one signing event for each encounter, the oldest first.

    A file that cannot be read is listed in `Day.unreadable`, and the others go on.

    Parameters
    ----------
    folder
        Holds `*.json` files; subfolders are not entered.
    today
        The UTC date on which the day is run.
    seed
        Decides the synthetic identifiers.
    filing_limits
        Whether payers' filing limits hold. A folder usually is years of history, billed in one day:
        with the limits nearly all of it would be held as too late, and nothing else would show.

    Raises
    ------
    DayError
        If there is no such folder, or no encounter in it.
    """
    reading = _read_folder(folder)
    if not reading.bundles:
        raise DayError(f"{folder} holds no FHIR bundle with an encounter in it")
    newest = max(day for bundle in reading.bundles for day in bundle.days())
    shift = (today - timedelta(days=1)) - newest
    day = _FolderDay(seed, today, reading, shift).build()
    return day if filing_limits else _without_filing_limits(day)


def _without_filing_limits(day: Day) -> Day:
    """The same day with policies, ours and the payers', that let history be filed."""
    policies = json.loads(POLICY_FILE.read_text())
    policies["note"] = "Replay of a folder's history: filing limits are suspended."
    for policy in policies["payers"]:
        policy["filing"] = {"limit_days": _NO_LIMIT_DAYS, "warning_days": 1}
        # A contract begins somewhere; history from before it is expected at its terms.
        policy["contracts"][0].pop("starts_on", None)
    payers = [{**payer, "filing_limit_days": _NO_LIMIT_DAYS} for payer in day.world["payers"]]
    return replace(day, payer_policies=policies, world={**day.world, "payers": payers})


# --- reading ---


@dataclass(frozen=True, slots=True)
class _Bundle:
    """The resources of one file, each with the names others may call it by."""

    file_name: str
    entries: tuple[tuple[str, Resource], ...]

    def of_type(self, *types: str) -> Iterator[tuple[str, Resource]]:
        """(fullUrl, resource) of the types."""
        return (one for one in self.entries if one[1].get("resourceType") in types)

    def days(self) -> Iterator[date]:
        """The first day of each encounter."""
        for _, encounter in self.of_type("Encounter"):
            period = encounter.get("period")
            start = period.get("start") if isinstance(period, Mapping) else None
            if (found := _day_of(start)) is not None:
                yield found


@dataclass(slots=True)
class _Reading:
    bundles: list[_Bundle] = field(default_factory=list)
    unreadable: list[UnreadableFile] = field(default_factory=list)


def _read_folder(folder: Path) -> _Reading:
    if not folder.is_dir():
        raise DayError(f"{folder} is not a folder")
    reading = _Reading()
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            bundle = _bundle(path)
            _refuse_repeats(bundle, seen)
        except (ContractError, OSError, DayError) as error:
            reading.unreadable.append(UnreadableFile(file_name=path.name, reason=_words(error)))
            continue
        reading.bundles.append(bundle)
    return reading


def _words(error: Exception) -> str:
    if isinstance(error, ContractError):
        return f"{error.detail} ({error.code})"
    return str(error) or type(error).__name__


def _bundle(path: Path) -> _Bundle:
    content = read_bundle(path.read_bytes(), path.name)
    entries = content.get("entry")
    found = [
        (str(entry.get("fullUrl", "")), entry["resource"])
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping) and isinstance(entry.get("resource"), Mapping)
    ]
    bundle = _Bundle(path.name, tuple(found))
    if not any(bundle.days()):
        raise DayError("expected at least one Encounter whose period has a start")
    return bundle


def _refuse_repeats(bundle: _Bundle, seen: dict[str, str]) -> None:
    ids = {_id_of(url, encounter) for url, encounter in bundle.of_type("Encounter")}
    for encounter_id in ids:
        if encounter_id in seen:
            raise DayError(f"repeats an encounter of {seen[encounter_id]}")
    seen.update(dict.fromkeys(ids, bundle.file_name))


def _id_of(url: str, resource: Resource) -> str:
    found = resource.get("id")
    return found if isinstance(found, str) else url.removeprefix("urn:uuid:")


def _day_of(value: object) -> date | None:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


# --- moving dates ---


def shifted(value: Any, shift: timedelta) -> Any:
    """The same JSON with every date and dateTime moved by whole days."""
    if isinstance(value, Mapping):
        return {key: shifted(one, shift) for key, one in value.items()}
    if isinstance(value, list):
        return [shifted(one, shift) for one in value]
    if isinstance(value, str):
        return _shifted_text(value, shift)
    return value


def _shifted_text(value: str, shift: timedelta) -> str:
    match = _DATE.fullmatch(value)
    if match is None:
        return value
    try:
        moved = date.fromisoformat(match[1]) + shift
    except (ValueError, OverflowError):
        # 30 February stays what it is, for the product to refuse.
        return value
    return moved.isoformat() + (match[2] or "")


# --- one visit's document ---


class _Excerpt:
    """Takes out of a bundle what belongs to one encounter."""

    def __init__(self, bundle: _Bundle) -> None:
        self._entries = bundle.entries
        self._place: dict[str, int] = {}
        for place, (url, resource) in enumerate(bundle.entries):
            name = f"{resource.get('resourceType')}/{_id_of(url, resource)}"
            self._place.setdefault(name, place)
            if url:
                self._place.setdefault(url, place)
        self._references = [
            sorted({self._place[name] for name in _references(resource) if name in self._place})
            for _, resource in bundle.entries
        ]
        self._encounters = {
            place
            for place, (_, resource) in enumerate(bundle.entries)
            if resource.get("resourceType") == "Encounter"
        }

    def of(self, encounter_id: str) -> dict[str, Any]:
        """A bundle of the encounter, what refers to it, and what these refer to."""
        start = self._place[f"Encounter/{encounter_id}"]
        kept = {start}
        patient = {place for place in self._references[start] if self._is(place, "Patient")}
        for place, references in enumerate(self._references):
            if self._is(place, *_CLINICAL):
                continue
            about = self._encounters & set(references)
            of_patient = not about and self._is(place, *_OF_THE_PATIENT)
            if start in about or (of_patient and patient & set(references)):
                kept.add(place)
        kept |= self._bills_for(kept)
        self._follow(kept)
        return self._bundle_of(kept)

    def _is(self, place: int, *types: str) -> bool:
        return self._entries[place][1].get("resourceType") in types

    def _bills_for(self, kept: set[int]) -> set[int]:
        """Claims for prescriptions, and the payer's explanations of the claims."""
        found: set[int] = set()
        for types in (("Claim",), ("ExplanationOfBenefit",)):
            for place, references in enumerate(self._references):
                is_free = not self._encounters & set(references)
                if is_free and self._is(place, *types) and self._billed(place) & (kept | found):
                    found.add(place)
        return found

    def _billed(self, place: int) -> set[int]:
        return {
            target
            for target in self._references[place]
            if self._is(target, "Claim", "MedicationRequest")
        }

    def _follow(self, kept: set[int]) -> None:
        waiting = list(kept)
        while waiting:
            for place in self._references[waiting.pop()]:
                if place not in kept and place not in self._encounters:
                    kept.add(place)
                    waiting.append(place)

    def _bundle_of(self, kept: set[int]) -> dict[str, Any]:
        entries = [
            {**({"fullUrl": url} if url else {}), "resource": resource}
            for place, (url, resource) in enumerate(self._entries)
            if place in kept
        ]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if key == "reference" and isinstance(one, str):
                yield one
            else:
                yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


# --- the day ---


@dataclass(slots=True)
class _Insured:
    """A patient as the payers of the folder know them."""

    patient: Patient
    first_day: date


class _FolderDay:
    def __init__(self, seed: int, today: date, reading: _Reading, shift: timedelta) -> None:
        self._seed = str(seed)
        self._prefix = f"{today:%y%m%d}-{seed}"
        self._today = today
        self._reading = reading
        self._shift = shift
        self._content: dict[str, Any] = json.loads(MAPPING_FILE.read_text(encoding="utf-8"))
        self._documents: dict[str, bytes] = {}
        self._signings: list[tuple[datetime, str, str]] = []
        self._insured: dict[tuple[str, str], _Insured] = {}
        self._unreadable = list(reading.unreadable)

    def build(self) -> Day:
        tables = mapping_tables(self._content)
        for bundle in self._reading.bundles:
            self._supply(bundle)
            excerpt = _Excerpt(bundle)
            for url, encounter in bundle.of_type("Encounter"):
                self._visit(bundle, excerpt, _id_of(url, encounter), encounter, tables)
        self._content["members"] = {
            **self._content["members"],
            **{
                f"{patient_id}|{payer_id}": self._member_id(patient_id, payer_id)
                for patient_id, payer_id in self._insured
            },
        }
        return Day(
            name="FHIR folder",
            seed=int(self._seed),
            today=self._today,
            documents=self._documents,
            events=tuple(self._events()),
            world=self._world(),
            mapping=self._content,
            automation=AUTOMATION,
            unreadable=tuple(self._unreadable),
            encounter_count=len(self._signings),
            patient_count=len({patient_id for _, _, patient_id in self._signings}),
        )

    def _visit(
        self,
        bundle: _Bundle,
        excerpt: _Excerpt,
        encounter_id: str,
        resource: Resource,
        tables: MappingTables,
    ) -> None:
        document = shifted(excerpt.of(encounter_id), self._shift)
        content = json.dumps(document, separators=(",", ":"), default=_plain_number).encode()
        try:
            encounter = encounter_from_bundle(
                read_bundle(content, bundle.file_name), encounter_id, tables
            )
        except ContractError as error:
            self._unreadable.append(
                UnreadableFile(
                    file_name=bundle.file_name, reason=f"{error.subject}: {_words(error)}"
                )
            )
            return
        self._documents[f"ehr/{encounter_id}/1.json"] = content
        self._insure(encounter)
        patient_id = encounter.patient.patient_id if encounter.patient else "unknown"
        signed_at = self._signed_at(resource, encounter.ends_on)
        self._signings.append((signed_at, encounter_id, patient_id))

    def _insure(self, encounter: Encounter) -> None:
        patient = encounter.patient
        if patient is None:
            return
        for coverage in encounter.coverages:
            if coverage.payer.kind is PayerKind.SELF_PAY:
                continue
            key = (patient.patient_id, coverage.payer.payer_id)
            known = self._insured.setdefault(key, _Insured(patient, encounter.starts_on))
            known.first_day = min(known.first_day, encounter.starts_on)

    def _signed_at(self, encounter: Resource, ends_on: date) -> datetime:
        """When the visit ended, as the moved document says; noon where it gives no moment."""
        period = shifted(encounter.get("period"), self._shift)
        for side in ("end", "start"):
            try:
                found = datetime.fromisoformat(str(period[side]))
            except (KeyError, TypeError, ValueError):
                continue
            if found.tzinfo is not None:
                # A long stay that ended later than the newest visit began was not signed tomorrow.
                return min(found.astimezone(UTC), datetime.combine(self._today, time(tzinfo=UTC)))
        return datetime.combine(min(ends_on, self._today - timedelta(days=1)), _NOON)

    def _member_id(self, patient_id: str, payer_id: str) -> str:
        return member_id_of(payer_id, self._seed, patient_id)

    def _events(self) -> Iterator[EhrEvent]:
        for at, encounter_id, patient_id in sorted(self._signings):
            key = f"ehr/{encounter_id}/1.json"
            digest = sha256(self._documents[key]).hexdigest()
            yield EhrEvent(
                phase=Phase.SIGN,
                type="encounter.signed",
                version=1,
                id=f"evt-{self._prefix}-{digest[:20]}",
                occurred_at=at,
                source=SOURCE,
                scenario="folder",
                data={
                    "encounter_id": encounter_id,
                    "patient_id": patient_id,
                    "document_key": key,
                    "document_sha256": digest,
                },
            )

    # --- what Synthea does not know ---

    def _supply(self, bundle: _Bundle) -> None:
        for url, provider in bundle.of_type("Practitioner", "Organization"):
            self._provider(str(provider["resourceType"]), _id_of(url, provider), provider)
        for url, location in bundle.of_type("Location"):
            name = location.get("name")
            self._location(f"Location|{_id_of(url, location)}", _id_of(url, location), name)
        for reference, display in _conditional(bundle):
            type_, system, value = reference
            if type_ == "Location":
                self._location(f"{system}|{value}", value, display)
            else:
                self._named_provider(type_, system, value, display)

    def _provider(self, type_: str, provider_id: str, resource: Resource) -> None:
        identifiers = resource.get("identifier")
        own = [
            one.get("value")
            for one in (identifiers if isinstance(identifiers, list) else [])
            if isinstance(one, Mapping) and one.get("system") == _NPI_SYSTEM
        ]
        valid = next((npi for npi in own if isinstance(npi, str) and npi_is_valid(npi)), "")
        row = self._row(type_, provider_id, valid)
        self._content["providers"].setdefault(f"{type_}|{provider_id}", row)

    def _named_provider(self, type_: str, system: str, value: str, display: str) -> None:
        known = value if system == _NPI_SYSTEM and npi_is_valid(value) else ""
        row = self._row(type_, value, known)
        if display and type_ == "Practitioner":
            given, _, family = display.rpartition(" ")
            row |= {"family": family, "given": given.removeprefix("Dr. ")}
        self._content["providers"].setdefault(f"{system}|{value}", row)

    def _row(self, type_: str, provider_id: str, npi: str) -> dict[str, Any]:
        is_person = type_ == "Practitioner"
        row = {
            "provider_id": provider_id,
            "npi": npi or npi_of(self._seed, type_, provider_id),
            "taxonomy": _PERSON_TAXONOMY if is_person else _ORGANIZATION_TAXONOMY,
        }
        return row if is_person else {**row, "tax_id": tax_id_of(self._seed, provider_id)}

    def _location(self, key: str, location_id: str, name: object) -> None:
        known = name if isinstance(name, str) and name.strip() else location_id
        row = {"location_id": location_id, "name": known}
        self._content["locations"].setdefault(key, row)

    def _world(self) -> dict[str, Any]:
        members = [
            self._member(payer_id, insured)
            for (_, payer_id), insured in sorted(self._insured.items(), key=lambda one: one[0])
            if payer_id in WIRE_IDS and insured.patient.name.family and insured.patient.name.given
        ]
        return {**simulated_house(self._today), "members": members}

    def _member(self, payer_id: str, insured: _Insured) -> dict[str, Any]:
        patient = insured.patient
        return {
            "payer_id": WIRE_IDS[payer_id],
            "member_id": self._member_id(patient.patient_id, payer_id),
            "last_name": patient.name.family,
            "first_name": patient.name.given,
            "birth_date": patient.birth_date.isoformat(),
            "sex": patient.sex.value,
            "coverage": [span(_long_before(insured.first_day), None)],
        }


def _long_before(day: date) -> date:
    return day - _COVERED_BEFORE if day - date.min > _COVERED_BEFORE else date.min


def _conditional(bundle: _Bundle) -> Iterable[tuple[tuple[str, str, str], str]]:
    """Conditional references to providers and locations, with their display."""
    found: dict[tuple[str, str, str], str] = {}
    for _, resource in bundle.entries:
        for reference, display in _displayed(resource):
            match = _CONDITIONAL.fullmatch(reference)
            if match:
                found.setdefault((match[1], match[2], match[3]), display)
    return found.items()


def _displayed(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        reference = value.get("reference")
        if isinstance(reference, str):
            display = value.get("display")
            yield reference, display if isinstance(display, str) else ""
        for one in value.values():
            yield from _displayed(one)
    elif isinstance(value, list):
        for one in value:
            yield from _displayed(one)


def _plain_number(value: object) -> float:
    """A decimal of the source; amounts of money come out as they went in."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)
