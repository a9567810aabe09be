"""What the benchmark is run on: a file of so many claims, and the claims it answers, as they would rest."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.remit.tables import Row, SqliteDynamoDb, row_of
from tests.unit.usecases.payer_files import PAYER_NUMBER
from tests.unit.usecases.world import CLAIM, PCN, World

# The guide for the 835 asks for no more in one transaction.
CLAIMS_PER_PAYMENT = 10_000
# Of each hundred claims: so many are denied, and so many answer for nobody we know.
DENIED, UNKNOWN = 5, 2
_SEEDED = ("CLAIM", "CONTENT", "POINTER", "POSTING")
_LOADED_AT_ONCE = 2_000


def claim_id(number: int) -> str:
    """A claim's name, as long as a real one."""
    return f"CBENCH{number:06d}"


def is_known(number: int) -> bool:
    """Whether the payer's answer is about one of our claims."""
    return number % 100 >= UNKNOWN


def seed_claims(tables: SqliteDynamoDb, claims: int) -> None:
    """Claims the clearinghouse has taken, all like the one that the real steps make."""
    world = World()
    world.submitted()
    template = [
        row_of("records", item)
        for item in world.records.tables.tables["records"].values()
        if item["kind"]["S"] in _SEEDED
    ]
    batch: list[Row] = []
    for number in filter(is_known, range(claims)):
        batch += (_renamed(row, number) for row in template)
        if len(batch) >= _LOADED_AT_ONCE:
            tables.load(batch)
            batch.clear()
    tables.load(batch)


def _renamed(row: Row, number: int) -> Row:
    """The same of another claim; both names are as long as the template's."""
    claim, pcn = claim_id(number), f"{claim_id(number)}01"
    return tuple(part and part.replace(PCN, pcn).replace(CLAIM, claim) for part in row)


def write_file(path: Path, claims: int) -> int:
    """An 835 about the claims, claim by claim; its size in bytes."""
    with path.open("w", encoding="ascii", newline="") as file:
        file.writelines(segment + "~" for segment in _segments(claims))
    return path.stat().st_size


def _segments(claims: int) -> Iterator[str]:
    yield (
        "ISA*00*          *00*          *ZZ*HOUSE1         *ZZ*CLINIC1        "
        "*260309*0830*^*00501*000000900*0*P*:"
    )
    yield "GS*HP*HOUSE1*CLINIC1*20260309*0830*900*X*005010X221A1"
    starts = range(0, claims, CLAIMS_PER_PAYMENT)
    for set_number, start in enumerate(starts, start=1):
        yield from _payment(set_number, range(start, min(start + CLAIMS_PER_PAYMENT, claims)))
    yield f"GE*{len(starts)}*900"
    yield "IEA*1*000000900"


def _payment(set_number: int, numbers: range) -> Iterator[str]:
    paid = sum(0 if _is_denied(number) else 73 for number in numbers)
    body = 0
    for segment in (
        f"ST*835*{set_number:04d}",
        f"BPR*I*{paid}*C*ACH*CCP*01*999999992*DA*1*{PAYER_NUMBER}**01*999999992*DA*2*20260309",
        f"TRN*1*BENCH{set_number:05d}*{PAYER_NUMBER}",
        "DTM*405*20260309",
        "N1*PR*BLUE PEAK HEALTH",
        "N3*1 PEAK ROAD",
        "N4*DENVER*CO*802020001",
        "N1*PE*SPRINGFIELD CLINIC*XX*1234567893",
        "LX*1",
    ):
        body += 1
        yield segment
    for number in numbers:
        for segment in _claim(number):
            body += 1
            yield segment
    yield f"SE*{body + 1}*{set_number:04d}"


def _claim(number: int) -> Iterator[str]:
    denied = _is_denied(number)
    pcn = f"{claim_id(number)}01" if is_known(number) else f"NOTOURS{number}"
    yield f"CLP*{pcn}*1*150*{0 if denied else 73}*{'' if denied else 25}*12*ICN{number:09d}*11*1"
    yield "NM1*QC*1*QUILLFEATHER*ADA****MI*ABC123456789"
    yield f"SVC*HC:99213*150*{0 if denied else 73}**1"
    yield "DTM*472*20260226"
    if denied:
        yield "CAS*CO*197*150"
    else:
        yield "CAS*CO*45*52"
        yield "CAS*PR*3*25"
    yield "REF*6R*LINE-0001"
    yield f"AMT*B6*{0 if denied else 98}"


def _is_denied(number: int) -> bool:
    return is_known(number) and number % 100 < UNKNOWN + DENIED
