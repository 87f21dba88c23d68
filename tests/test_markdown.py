"""Tables as text."""

from mmhps.markdown import markdown_table


def test_no_rows_leave_the_header():
    assert markdown_table(["a", "bc"], []).splitlines() == ["| a | bc |", "| - | -- |"]


def test_markdown_table():
    table = markdown_table(["system", "PQ"], [["a", "1.0"], ["longer name", "22.0"]])
    assert table.splitlines() == [
        "| system      | PQ   |",
        "| ----------- | ---- |",
        "| a           | 1.0  |",
        "| longer name | 22.0 |",
    ]
