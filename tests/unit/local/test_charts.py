import re

from local.report.charts import Bar, Fall, bars, waterfall


def _rectangles(svg: str) -> list[tuple[float, float, float, float]]:
    pattern = r'<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.-]+)" height="([\d.-]+)"'
    return [tuple(map(float, found)) for found in re.findall(pattern, svg)]  # type: ignore[misc]


def test_bars_are_as_long_as_their_values() -> None:
    rows = [Bar(label="a", value=100, text="100"), Bar(label="b", value=25, text="25")]

    (_, _, first, _), (_, _, second, _) = _rectangles(bars(rows, title="t", description="d"))

    assert second == first / 4


def test_a_bar_of_zero_has_no_length() -> None:
    rows = [Bar(label="a", value=1, text="1"), Bar(label="b", value=0, text="0")]

    assert _rectangles(bars(rows, title="t", description="d"))[1][2] == 0


def test_each_column_falls_from_where_the_one_before_ended() -> None:
    columns = [
        Fall(label="Billed", cents=100, text="", is_total=True),
        Fall(label="One", cents=30, text=""),
        Fall(label="Two", cents=20, text=""),
        Fall(label="Paid", cents=50, text="", is_total=True),
    ]

    billed, one, two, paid = _rectangles(waterfall(columns, title="t", description="d"))

    assert one[1] == billed[1]
    assert two[1] == round(one[1] + one[3], 1)
    assert paid[1] == round(two[1] + two[3], 1)


def test_labels_are_text_and_not_markup() -> None:
    svg = bars([Bar(label="<b>", value=1, text="&")], title='"t"', description="d")

    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg
