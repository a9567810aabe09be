"""Glossary, decisions and the tale of a claim: complete, in order, and true to the code."""

import re
from collections import Counter
from itertools import count

import pytest

from functions.billing.domain.claims.lifecycle import ALLOWED, ClaimState
from functions.billing.domain.denials.buckets import Bucket
from functions.billing.domain.work_items import Queue
from tests.unit.docs.markdown import DOCS, Document, codes_in, document, documents, rows_of

GLOSSARY = document("docs/glossary.md")
TERMS = re.findall(r"^\*\*(.+?)\*\*: ", GLOSSARY.text, re.MULTILINE)
TALE = document("docs/how-a-claim-goes.md")
DECISIONS = [
    page
    for page in documents()
    if page.path.parent == DOCS / "adr" and page.path.name != "README.md"
]
# A page a person reads in a minute or two.
DECISION_WORDS_MAX = 450
EXPLANATION_SENTENCES_MAX = 3


def words_of(term: str) -> list[str]:
    """`Coinsurance, copay, deductible` are three words; what stands in brackets is another name."""
    return [name.strip(" )").lower() for name in re.split(r", |\(", term)]


def test_no_term_stands_twice() -> None:
    counted = Counter(word for term in TERMS for word in words_of(term))

    assert not [word for word, times in counted.items() if times > 1]


def test_the_terms_of_each_part_are_in_order() -> None:
    for part in ("The trade", "The house"):
        terms = re.findall(r"^\*\*(.+?)\*\*: ", GLOSSARY.section(part), re.MULTILINE)
        assert [term.lower() for term in terms] == sorted(term.lower() for term in terms)


def test_each_term_is_explained_in_few_sentences() -> None:
    entries = re.findall(
        r"^\*\*(.+?)\*\*: (.+?)(?=\n\n|\Z)", GLOSSARY.text, re.MULTILINE | re.DOTALL
    )
    assert len(entries) == len(TERMS)
    for term, text in entries:
        sentences = re.findall(r"[.?!](?:\s|$)", text)
        assert 1 <= len(sentences) <= EXPLANATION_SENTENCES_MAX, term


def test_the_nine_classes_and_all_queues_are_named() -> None:
    text = " ".join(GLOSSARY.text.split())

    assert all(
        bucket.value.replace("_", " ").replace("payer s", "payer-s") in text for bucket in Bucket
    )
    assert all(queue.value.replace("_", " ") in text for queue in Queue)


def test_the_picture_of_the_states_is_the_table_of_the_code() -> None:
    (picture,) = TALE.blocks("mermaid")
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)$", picture, re.MULTILINE))
    allowed = {
        (before.value, after.value)
        for before, moves in ALLOWED.items()
        for after in moves
        if before is not after
    }

    assert drawn == allowed


def test_every_state_is_explained() -> None:
    rows = rows_of(TALE.section("The states of a claim"))

    assert [codes_in(row[0])[0] for row in rows] == [state.value for state in ClaimState]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.path.stem)
def test_a_decision_has_its_four_headings_and_is_short(page: Document) -> None:
    assert page.headings[1:] == ["Context", "Decision", "Why not the others", "Consequences"]
    assert len(page.text.split()) <= DECISION_WORDS_MAX


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    index = document("docs/adr/README.md")
    for number, page in zip(count(1), DECISIONS, strict=False):
        assert page.path.name.startswith(f"{number:04d}-")
        assert page.headings[0].startswith(f"{number}. ")
        assert page.path.name in index.links
