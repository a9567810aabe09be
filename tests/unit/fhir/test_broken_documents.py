"""Whatever happens to a document, reading it ends in an encounter or in a refusal in words."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.billing.domain.errors import ContractError
from functions.billing.domain.records import Encounter
from functions.billing.fhir import (
    Appointment,
    appointment_from_bundle,
    encounter_from_bundle,
    read_bundle,
)
from tests.unit.fhir.bundles import bundle, example_mapping, tables, visit
from tests.unit.fhir.test_appointment import booked
from tests.unit.fhir.test_charges import immunization, procedure
from tests.unit.fhir.test_coverages import answer

MAPPING = tables()
EXAMPLE_MAPPING = example_mapping()
WHOLE = json.loads(
    json.dumps(
        bundle(
            *visit(
                immunization("flu", "140"),
                procedure("p", "http://www.ama-assn.org/go/cpt", "93000"),
                answer(),
            )
        )
    )
)
BOOKED = json.loads(json.dumps(booked()))

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "2026-13-45", "#", "Patient/", "urn:uuid:", "?identifier=|", "\ud800", "\x00"]
    ),
    st.just([]),
    st.just({}),
    st.lists(st.one_of(st.none(), st.text(max_size=3), st.just({"reference": "#x"})), max_size=3),
    st.dictionaries(
        st.sampled_from(["coding", "reference", "value", "code"]), st.integers(), max_size=2
    ),
)

Steps = tuple[str | int, ...]


def places(node: Any, path: Steps = ()) -> list[Steps]:
    found = [path] if path else []
    if isinstance(node, dict):
        for key, value in node.items():
            found += places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += places(value, (*path, index))
    return found


def broken(whole: Any, path: Steps, value: Any, *, remove: bool) -> Any:
    """A copy with one node removed or replaced; a path that is gone by now changes nothing."""
    copied = copy.deepcopy(whole)
    holder = copied
    try:
        for step in path[:-1]:
            holder = holder[step]
        if remove:
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        return whole
    return copied


BREAKS = st.lists(
    st.tuples(st.randoms(use_true_random=False), ODD, st.booleans()), min_size=1, max_size=4
)


def damage(whole: Any, breaks: list[Any]) -> Any:
    for random, value, remove in breaks:
        path = random.choice(places(whole) or [("entry",)])
        whole = broken(whole, path, value, remove=remove)
    return whole


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BREAKS)
def test_a_damaged_encounter_is_read_or_refused(breaks: list[Any]) -> None:
    damaged = damage(WHOLE, breaks)

    try:
        found = encounter_from_bundle(damaged, "enc", MAPPING)
    except ContractError:
        return

    assert isinstance(found, Encounter)
    assert all(line.charge_cents >= -(10**12) and line.procedure for line in found.charges)
    assert all(
        1 <= pointer <= len(found.diagnoses)
        for line in found.charges
        for pointer in line.diagnosis_pointers
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BREAKS)
def test_a_damaged_appointment_is_read_or_refused(breaks: list[Any]) -> None:
    try:
        found = appointment_from_bundle(damage(BOOKED, breaks), "app", MAPPING)
    except ContractError:
        return

    assert isinstance(found, Appointment)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_bundle_or_refused(content: bytes) -> None:
    try:
        read_bundle(content, "x")
    except ContractError:
        return


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        ODD,
        lambda inner: (
            st.dictionaries(st.text(max_size=8), inner, max_size=3) | st.lists(inner, max_size=3)
        ),
    )
)
def test_any_json_value_as_a_bundle_is_read_or_refused(value: Any) -> None:
    try:
        encounter_from_bundle(value, "enc", EXAMPLE_MAPPING)
    except ContractError:
        return
