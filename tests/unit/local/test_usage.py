from collections import Counter
from decimal import Decimal

from functions.billing.domain.kpis.cost import UsageCounts
from local.usage import Logs, cost_lines, express_gb_seconds, priced

DONE = (
    '{"level":"INFO","message":"step done","outcome":"submitted",'
    '"usage":{"dynamodb.GetItem":2,"write_units_tenths":180}}'
)


def test_what_steps_report_is_read_from_their_logs() -> None:
    logs = Logs(lines={"SubmitClaim": ["START RequestId: 1", DONE, "REPORT …"]})

    assert [line["usage"]["write_units_tenths"] for line in logs.steps_done()] == [180]


def test_an_express_execution_is_billed_in_steps_of_a_tenth_of_a_second() -> None:
    one_task = express_gb_seconds(Counter({"Task": 1, "Choice": 2}))

    assert one_task == Decimal("0.2") * Decimal(64) / Decimal(1024)
    assert express_gb_seconds(Counter()) == Decimal("0.1") * Decimal(64) / Decimal(1024)


def test_the_breakdown_sums_to_the_price_and_begins_with_the_dearest() -> None:
    report = priced(UsageCounts(transitions=100, invocations=1_000, write_units=Decimal(5_000)), 50)
    lines = cost_lines(report)

    assert report.usd_per_1000 is not None
    assert abs(sum(line.usd_per_1000 for line in lines) - float(report.usd_per_1000)) < 1e-4
    assert lines[0].name == "write_units"
    assert [line.usd_per_1000 for line in lines] == sorted(
        (line.usd_per_1000 for line in lines), reverse=True
    )


def test_without_claims_there_is_no_price_per_claim() -> None:
    assert priced(UsageCounts(), 0).usd_per_1000 is None
