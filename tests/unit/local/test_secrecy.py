import json

from local.secrecy import canaries, find_leaks

BUNDLE = json.dumps(
    {
        "resourceType": "Bundle",
        "entry": [
            {
                "resource": {
                    "resourceType": "Patient",
                    "name": [{"family": "Featherstone", "given": ["Ida"]}],
                    "birthDate": "1980-05-17",
                    "address": [{"line": ["12 Elm Street"]}],
                }
            },
            {"resource": {"resourceType": "Coverage", "subscriberId": "ABC123456789"}},
        ],
    }
).encode()


def test_what_identifies_a_patient_is_looked_for() -> None:
    assert canaries([BUNDLE]) == {
        "Featherstone",
        "FEATHERSTONE",
        "1980-05-17",
        "19800517",
        "12 Elm Street",
        "ABC123456789",
    }


def test_a_name_in_a_log_is_found_and_its_place_named_without_the_name() -> None:
    texts = [("log of SubmitClaim", "sent NM1*IL*1*FEATHERSTONE"), ("log of ScrubClaim", "held")]

    leaks = find_leaks({"ehr/1.json": BUNDLE}, texts)

    assert leaks.places == ("log of SubmitClaim",)
    assert leaks.texts_read == 2


def test_a_word_that_only_contains_a_canary_is_none() -> None:
    leaks = find_leaks({"ehr/1.json": BUNDLE}, [("log", "X1980-05-17Y Featherstones")])

    assert leaks.places == ()


def test_a_document_that_is_no_bundle_is_passed_over() -> None:
    assert canaries([b"not json", b"[]"]) == set()
