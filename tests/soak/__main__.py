"""The soak by hand: `scripts/soak`."""

from argparse import ArgumentParser
from pathlib import Path
import sys

import pytest

from . import Plan

_LONG = {part: str(Path(__file__).with_name(f"long_{part}.py")) for part in ("weather", "reloads")}


class _Options:
    """Hands the options on to the tests."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @pytest.fixture
    def plan(self) -> Plan:
        return self._plan


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _main() -> int:
    parser = ArgumentParser(
        prog="scripts/soak",
        description="Has a real Home Assistant live through days in which requests fail by chance, and has its "
        "accounts come and go, in minutes; looks for what is wrong, lost or left over. Nothing leaves this machine.",
    )
    parser.add_argument("--hours", type=float, default=24, help="how long it lives (default: 24)")
    parser.add_argument("--percent", type=int, default=20, help="of how many requests go wrong (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="what goes wrong, and when (default: 1)")
    parser.add_argument("--rounds", type=int, default=200, help="how often all accounts come and go (default: 200)")
    parser.add_argument("--only", choices=[*_LONG], help="leave out the other half")
    options = parser.parse_args()
    plan = Plan(hours=options.hours, percent=options.percent, seed=options.seed, rounds=options.rounds, tell=_tell)
    files = [_LONG[options.only]] if options.only else _LONG.values()
    # What is logged would be kept in memory, and be all that grows there.
    arguments = ["-q", "-s", "-p", "no:logging", "-p", "no:cacheprovider", *files]
    return int(pytest.main(arguments, plugins=[_Options(plan)]))


if __name__ == "__main__":
    sys.exit(_main())
