"""Measures, shows, and writes down: `scripts/bench --help`."""

from argparse import ArgumentParser, Namespace
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from tests.certified import certify

from .parts import AT_THE_CLOUD, FULL, PARTS, QUICK
from .report import DOCUMENT, Table, write


def _arguments() -> Namespace:
    parser = ArgumentParser(
        prog="scripts/bench",
        description="Measures what the integration costs, side by side with the one that was in Home Assistant before,"
        " at a simulated cloud on this machine. In full it takes about ten minutes; nothing else should run meanwhile.",
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be given several times")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{DOCUMENT.name}")
    parser.add_argument("--quick", action="store_true", help="see that all can be measured; the figures mean nothing")
    arguments = parser.parse_args()
    if arguments.quick and arguments.write:
        parser.error("what --quick measures is not to be written down")
    return arguments


def _measure(arguments: Namespace) -> list[Table]:
    size = QUICK if arguments.quick else FULL
    tables: list[Table] = []
    for name in arguments.only or PARTS:
        for table in PARTS[name](size):
            print(f"\n{table.name}\n\n{table}", flush=True)  # noqa: T201 (that is what it is for)
            tables.append(table)
    return tables


def main() -> None:
    """Measure in processes that trust this run's certificates and keep what they compile."""
    arguments = _arguments()
    with TemporaryDirectory(prefix="mybmw-bench-") as folder:
        if AT_THE_CLOUD.intersection(arguments.only or PARTS):
            certify(Path(folder))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        tables = _measure(arguments)
    if arguments.write:
        write(tables)
        sys.stdout.write(f"written into {DOCUMENT}\n")


if __name__ == "__main__":
    main()
