"""What is measured, part by part: each starts processes of its own, one after the other, and makes tables of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median
import subprocess
import sys
from typing import Final

import orjson

from .report import Table, ratio

_OURS, _THEIRS = "ours", "theirs"
_SIDES: Final = (_OURS, _THEIRS)
_MOST_READ: Final = 200
"""So many cars are read at most in all rounds together; a large fleet far away takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything is measured: in full, or just enough to see that it can be."""

    rounds: int
    fleets: Sequence[int]
    latencies_ms: Sequence[int]
    growth: Sequence[int]
    remembered: int
    messages: int
    listened_to: Sequence[int]
    builds: int


FULL: Final = Size(
    rounds=5,
    fleets=(1, 9, 100),
    latencies_ms=(0, 100),
    growth=(10, 100, 1000),
    remembered=200,
    messages=30_000,
    listened_to=(1, 5),
    builds=300,
)
QUICK: Final = Size(
    rounds=1,
    fleets=(1,),
    latencies_ms=(0,),
    growth=(2,),
    remembered=9,
    messages=100,
    listened_to=(1,),
    builds=2,
)


def _run(module: str, *arguments: object) -> object:
    """What a process says last, as JSON."""
    done = subprocess.run(  # noqa: S603 (modules of ours)
        [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return orjson.loads(done.stdout.splitlines()[-1])


def refreshing(size: Size) -> list[Table]:
    """Set-up and refresh, side by side."""
    rows: list[list[str]] = []
    for latency_ms in size.latencies_ms:
        for cars in size.fleets:
            rounds = max(1, min(size.rounds, _MOST_READ // cars))
            ours, theirs = (_course(who, cars, latency_ms, rounds) for who in _SIDES)
            for name, one, other in (("set-up", ours.set_up, theirs.set_up), ("refresh", ours.refresh, theirs.refresh)):
                rows.append(
                    [
                        f"{name}, {_cars(cars)}, {latency_ms} ms away",
                        *(f"{1000 * load.wall_s:.0f} ms" for load in (one, other)),
                        ratio(other.wall_s, one.wall_s),
                        *(f"{1000 * load.work_s:.0f} ms" for load in (one, other)),
                        ratio(other.work_s, one.work_s),
                        f"{one.requests} / {other.requests}",
                    ]
                )
    head = ["", "time", "reference", "ratio", "processor", "reference", "ratio", "requests"]
    return [Table(name="refresh", head=head, rows=rows)]


def writing(size: Size) -> list[Table]:
    """What an update writes in which nothing was new."""
    rows = [
        [
            _cars(cars),
            *(
                f"{course.written} of {course.states}, {course.changed} different"
                for course in (_course(who, cars, 0, 1) for who in _SIDES)
            ),
        ]
        for cars in size.fleets
    ]
    return [Table(name="writes", head=["unchanged refresh", "states written", "reference"], rows=rows)]


def growing(size: Size) -> list[Table]:
    """How it grows with the number of cars."""
    rows = []
    for cars in size.growth:
        course = _course(_OURS, cars, 0, 1)
        rows.append(
            [
                str(cars),
                str(course.states),
                f"{1000 * course.refresh.work_s / cars:.1f} ms",
                f"{course.stall_ms:.0f} ms",
                f"{course.own_stall_ms:.0f} ms",
                f"{1000 * course.set_up.work_s / cars:.0f} ms",
                f"{course.set_up_stall_ms:.0f} ms",
                f"{course.set_up_own_stall_ms:.0f} ms",
            ]
        )
    head = [
        "cars",
        "states",
        "refresh, processor per car",
        "longest stall in it",
        "without Python's collector",
        "set-up, processor per car",
        "longest stall in it",
        "without Python's collector",
    ]
    return [Table(name="growth", head=head, rows=rows)]


def building(size: Size) -> list[Table]:
    """One car from its JSON, side by side."""
    builds = _list(_run("building", size.builds, size.rounds))
    costs = ("ours_us", "anew_us", "theirs_us", "reading_us", "decoding_us")
    rows = [
        [
            str(build["car"]),
            *(f"{build[name]:.0f} µs" for name in costs),
            f"{build['our_values']:.0f} / {build['their_values']:.0f}",
            ratio(build["our_values"], build["their_values"]),
        ]
        for build in builds
    ]
    both = [mean(build[name] for build in builds) for name in costs]
    ours, theirs = (sum(build[name] for build in builds) for name in ("our_values", "their_values"))
    rows.append(["on average", *(f"{each:.0f} µs" for each in both), "", ratio(ours, theirs)])
    head = [
        "car",
        "built",
        "... with nothing known",
        "reference: update",
        "... and each value read",
        "JSON decoded",
        "values",
        "ratio",
    ]
    return [Table(name="build", head=head, rows=rows)]


def remembering(size: Size) -> list[Table]:
    """Memory per car."""
    rows = [
        [_cars(cars), *(f"{float(str(_run('memory', who, cars))) / 1024:.1f} KiB" for who in _SIDES)]
        for cars in (size.remembered,)
    ]
    return [Table(name="memory", head=["", "per car", "reference"], rows=rows)]


def starting(size: Size) -> list[Table]:
    """What an import adds to the start of Home Assistant; theirs also in an empty Python."""

    def took_ms(who: str, after: str) -> float:
        _run("starting", who, after)  # which compiles
        return 1000 * median(float(str(_run("starting", who, after))) for _ in range(size.rounds))

    ours = {
        "MyBMW": took_ms("mybmw", "home"),
        "BMW CarData": took_ms("cardata", "home"),
        "both": took_ms("both", "home"),
    }
    theirs = {
        "after Home Assistant's own imports": took_ms(_THEIRS, "home"),
        "in an empty Python": took_ms(_THEIRS, "nothing"),
    }
    rows = [[f"this integration, accounts of {source}", f"{took:.0f} ms", ""] for source, took in ours.items()]
    rows += [
        [f"the reference, {where}", f"{took:.0f} ms", f"{100 * ours['MyBMW'] / took:.0f} %"]
        for where, took in theirs.items()
    ]
    return [Table(name="import", head=["import", "processor", "ours with MyBMW, of that"], rows=rows)]


def streaming(size: Size) -> list[Table]:
    """Messages of the stream, from the socket to a state."""
    rows = []
    for cars in size.listened_to:
        loads = _list(_run("streaming", cars, size.messages, size.rounds))
        rows.append(
            [
                f"from socket to state, {_cars(cars)}",
                f"{size.messages / median(load['work_s'] for load in loads):,.0f}",
                f"{max(load['stall_ms'] for load in loads):.0f} ms",
            ]
        )
    alone = float(str(_run("remembering", size.messages, size.rounds)))
    rows.append(["readings of one car alone", f"{alone:,.0f}", ""])
    head = ["", "messages per second of processor time", "longest stall of the event loop"]
    return [Table(name="stream", head=head, rows=rows)]


PARTS: Final[Mapping[str, Callable[[Size], list[Table]]]] = {
    "refresh": refreshing,
    "writes": writing,
    "build": building,
    "memory": remembering,
    "import": starting,
    "stream": streaming,
    "growth": growing,
}
"""By the name of the part."""

AT_THE_CLOUD: Final = frozenset({"refresh", "writes", "stream", "growth"})
"""Those that need a cloud to talk to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    wall_s: float
    work_s: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    set_up: _Cost
    set_up_stall_ms: float
    set_up_own_stall_ms: float
    refresh: _Cost
    stall_ms: float
    own_stall_ms: float
    states: int
    written: int
    changed: int


def _course(who: str, cars: int, latency_ms: int, rounds: int) -> _Summary:
    told = orjson.loads(orjson.dumps(_run("account", who, cars, latency_ms, rounds)))
    refreshes = told["refreshes"]
    return _Summary(
        set_up=_Cost(
            wall_s=told["set_up"]["wall_s"], work_s=told["set_up"]["work_s"], requests=told["set_up_requests"]
        ),
        set_up_stall_ms=told["set_up"]["stall_ms"],
        set_up_own_stall_ms=told["set_up"]["own_stall_ms"],
        refresh=_Cost(
            wall_s=median(load["wall_s"] for load in refreshes),
            work_s=median(load["work_s"] for load in refreshes),
            requests=told["requests"],
        ),
        stall_ms=told["stall_ms"],
        own_stall_ms=told["own_stall_ms"],
        states=told["states"],
        written=told["written"],
        changed=told["changed"],
    )


def _list(told: object) -> list[dict[str, float]]:
    listed: list[dict[str, float]] = orjson.loads(orjson.dumps(told))
    return listed


def _cars(number: int) -> str:
    return "1 car" if number == 1 else f"{number} cars"
