"""The public Synthea bundles read without a crash, and most of them without a question."""

import os
from pathlib import Path

import pytest

from functions.billing.fhir import encounter_from_bundle, encounter_ids, read_bundle
from tests.unit.fhir.bundles import example_mapping

SAMPLES = (
    Path(os.environ.get("BILLING_SAMPLES", Path(__file__).parents[4] / "shared" / "samples"))
    / "fhir"
)
FILES = sorted(SAMPLES.glob("*.json"))

pytestmark = pytest.mark.skipif(not FILES, reason="the FHIR samples are not here (BILLING_SAMPLES)")

# Synthea has neither member ids nor provider numbers; a folder day supplies them.
SUPPLIED = {"providers"}


def test_every_encounter_of_the_samples_becomes_charges_or_a_question() -> None:
    mapping = example_mapping()
    encounters = [
        encounter_from_bundle(bundle, encounter_id, mapping)
        for path in FILES
        for bundle in [read_bundle(path.read_bytes(), path.name)]
        for encounter_id in encounter_ids(bundle)
    ]
    settled = [
        one
        for one in encounters
        if one.charges
        and not {code.table for code in one.unmapped} - SUPPLIED
        and not {problem.path for problem in one.problems} - {"Coverage.subscriberId"}
    ]

    assert all(one.charges or one.unmapped or one.problems for one in encounters)
    assert all(one.patient is not None and one.coverages for one in encounters)
    # A fifth of the visits lack a ZIP code, and a few codes are left unmapped on purpose.
    assert len(settled) > 0.6 * len(encounters)
