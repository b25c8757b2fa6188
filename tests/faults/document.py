"""docs/faults.md and its like: prose written by people, tables written by the tests and checked by them ever after."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.simulator import ALL_PRESETS

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "faults.md"
_VARIES: Final = "unauthorized"
_FEWEST: Final = 0.9
"""The one fault whose requests are not always as many, and the smallest share of those in the document."""


class Table:
    """A table in the document: its rows begin with the name of a fault, and stand in the order of all faults."""

    def __init__(self, name: str, document: Path = DOCUMENT) -> None:
        """Name the table, as its marks in the document do."""
        self._document = document
        self._begin = f"<!-- table {name}: written by tests -->\n"
        self._end = f"<!-- end of table {name} -->\n"

    def check(self, fault: str, cells: Sequence[str], *, update: bool) -> None:
        """See that the row of a fault says this; with `update`, make it say so."""
        row = f"| `{fault}` | {' | '.join(cells)} |"
        if update:
            self._replace(fault, row)
        assert self._rows().get(fault) == row, "run the test with --snapshot-update if the document is to say so"

    def check_asking(self, fault: str, cells: Sequence[str], requests: int, *, update: bool) -> None:
        """The same for a row that ends with a number of requests.

        If every token is refused, also a new one, it differs from run to run how many are under way by then.
        """
        told = self._rows().get(fault, "").rstrip(" |").rpartition(" ")[2]
        is_alike = fault == _VARIES and told.isdecimal() and round(int(told) * _FEWEST) <= requests <= int(told)
        self.check(fault, [*cells, told if is_alike else str(requests)], update=update)

    @property
    def faults(self) -> list[str]:
        """The faults that have a row."""
        return [*self._rows()]

    def _rows(self) -> dict[str, str]:
        _before, _head, rows, _after = self._parts()
        return {row.split("`")[1]: row for row in rows}

    def _replace(self, fault: str, row: str) -> None:
        before, head, _rows, after = self._parts()
        rows = self._rows() | {fault: row}
        ordered = [rows[name] for name in (*ALL_PRESETS, *sorted(rows.keys() - ALL_PRESETS)) if name in rows]
        self._document.write_text("\n".join([before.removesuffix("\n"), *head, *ordered, after]), encoding="utf-8")

    def _parts(self) -> tuple[str, list[str], list[str], str]:
        before, begin, rest = self._document.read_text(encoding="utf-8").partition(self._begin)
        table, end, after = rest.partition(self._end)
        lines = table.splitlines()
        return before + begin, lines[:2], lines[2:], end + after
