"""What is no FHIR bundle is refused in words, whatever it is."""

import pytest

from functions.billing.domain.errors import ContractError
from functions.billing.fhir import encounter_ids, read_bundle
from tests.unit.fhir.bundles import bundle, patient


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "document_unreadable"),
        (b'{"resourceType": "Bundle"', "document_unreadable"),
        (b"\xff\xfe\x00", "document_unreadable"),
        (b"[" * 100_000, "document_unreadable"),
        (b'{"resourceType": "Bundle", "total": ' + b"9" * 5_000 + b"}", "document_unreadable"),
        (b"[]", "document_not_a_bundle"),
        (b"null", "document_not_a_bundle"),
        (b'{"resourceType": "Patient"}', "document_not_a_bundle"),
    ],
)
def test_a_document_that_is_no_bundle_is_refused_by_its_name(content: bytes, code: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_bundle(content, "ehr/1/1.json")

    assert caught.value.code == code
    assert caught.value.subject == "document:ehr/1/1.json"


def test_a_broken_document_is_told_with_line_and_column() -> None:
    with pytest.raises(ContractError) as caught:
        read_bundle(b'{\n  "entry": [,]\n}', "x.json")

    assert "line 2, column 13" in caught.value.detail


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert read_bundle(b'\xef\xbb\xbf{"resourceType": "Bundle"}') == {"resourceType": "Bundle"}


@pytest.mark.parametrize("entry", ["x", {"0": {}}, ["x"], [{"resource": "x"}], [{"resource": {}}]])
def test_an_entry_that_is_no_resource_is_refused_with_its_place(entry: object) -> None:
    with pytest.raises(ContractError) as caught:
        encounter_ids({"resourceType": "Bundle", "entry": entry})

    assert "Bundle.entry" in caught.value.detail


def test_two_different_resources_of_one_id_are_refused() -> None:
    with pytest.raises(ContractError) as caught:
        encounter_ids(bundle(patient(), {**patient(), "gender": "male"}))

    assert caught.value.code == "bundle_ambiguous"


def test_the_same_resource_twice_is_one() -> None:
    assert encounter_ids(bundle(patient(), patient())) == ()


def test_errors_never_show_what_the_document_holds() -> None:
    with pytest.raises(ContractError) as caught:
        read_bundle(b'{"name": "Quill"', "x.json")

    assert "Quill" not in str(caught.value)
