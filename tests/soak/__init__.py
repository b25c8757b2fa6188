"""Days and reloads without end, in minutes: what a Home Assistant that is left alone for years would go through.

`house` is two accounts in one Home Assistant, `weather` what goes wrong at their cloud, `truth` how their cars really
were, `day` all of it together, `reloads` what is left behind when accounts come and go. `long_weather` and
`long_reloads` are what scripts/soak runs; tests/test_soak.py has a small share of it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long a soak is, and what happens in it: much the same for the same `seed`. What is found is told to `tell`.

    Sockets and threads take real time, so that no run is like another to the last request.
    """

    hours: float
    percent: int
    seed: int
    rounds: int
    tell: Callable[[str], None]

    def tell_table(self, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
        """Tell of figures."""
        head = [*head]
        for row in (head, ["---"] * len(head), *rows):
            self.tell(f"| {' | '.join(map(str, row))} |")
