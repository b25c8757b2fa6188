"""Tables: on the screen, and in docs/performance.md between marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "performance.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a name, by which the document knows its place."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        lines = [self.head, ["---", *["---:"] * (len(self.head) - 1)], *self.rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def put(document: str, table: Table) -> str:
    """The document with a table in its place.

    Raises:
        ValueError: There is no place for it.
    """
    begin, end = f"<!-- table {table.name}: written by scripts/bench -->\n", f"<!-- end of table {table.name} -->\n"
    before, found, rest = document.partition(begin)
    _old, closed, after = rest.partition(end)
    if not found or not closed:
        message = f"there is no place for the table {table.name}"
        raise ValueError(message)
    return f"{before}{begin}\n{table}\n{end}{after}"


def write(tables: Sequence[Table]) -> None:
    """Put tables into docs/performance.md."""
    document = DOCUMENT.read_text(encoding="utf-8")
    for table in tables:
        document = put(document, table)
    DOCUMENT.write_text(document, encoding="utf-8")


def ratio(theirs: float, ours: float) -> str:
    """How many times as much theirs is."""
    return f"{theirs / ours:.1f}"
