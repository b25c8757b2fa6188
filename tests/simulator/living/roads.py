"""The roads between the places: a small map of junctions, and the fastest way over it.

Junctions stand where they are in the world; a road between two of them is somewhat longer than the straight line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from heapq import heappop, heappush
from itertools import pairwise
from math import asin, atan2, cos, degrees, radians, sin, sqrt
from typing import Final

from .places import Place

_EARTH_KM: Final = 6371.0
_BENDS: Final = 1.16
"""How much longer a road is than the straight line."""


class Road(StrEnum):
    """What kind of road it is, which decides how fast and how thirsty a car is on it."""

    CITY = "city"
    COUNTRY = "country"
    MOTORWAY = "motorway"


SPEED_KMH: Final[Mapping[Road, float]] = {Road.CITY: 27, Road.COUNTRY: 62, Road.MOTORWAY: 108}
"""With everything that holds one up."""


@dataclass(frozen=True, slots=True)
class Point:
    """A position in WGS-84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of a route: the point it leads to, in which direction, and how far it is."""

    road: Road
    to: Point
    heading_deg: int
    km: float


_JUNCTIONS: Final[Mapping[str, Point]] = {
    "Petuelring": Point(48.1779, 11.5622),
    "Schwabing": Point(48.1741, 11.5868),
    "Moosach": Point(48.1797, 11.5352),
    "Mitte": Point(48.1430, 11.5352),
    "Altstadt": Point(48.1323, 11.5683),
    "Sendling": Point(48.1134, 11.5560),
    "Giesing": Point(48.1118, 11.6005),
    "Bogenhausen": Point(48.1483, 11.6183),
    "Fröttmaning": Point(48.2122, 11.6183),
    "Nord": Point(48.2212, 11.6398),
    "Garching": Point(48.2560, 11.6350),
    "Neufahrn": Point(48.3068, 11.6395),
    "Fürholzen": Point(48.3560, 11.6121),
    "Flughafen": Point(48.3466, 11.7607),
    "Holledau": Point(48.5675, 11.5840),
    "Ingolstadt": Point(48.7712, 11.4701),
    "Greding": Point(49.0510, 11.3493),
    "Nürnberg": Point(49.4086, 11.1456),
    "Ost": Point(48.1474, 11.7402),
    "Süd": Point(48.0407, 11.6722),
    "Holzkirchen": Point(47.8891, 11.7289),
    "Tegernsee": Point(47.7380, 11.7398),
    "Irschenberg": Point(47.8290, 11.9090),
    "Inntal": Point(47.8002, 12.0937),
    "Bernau": Point(47.8061, 12.3794),
    "Traunstein": Point(47.8290, 12.6451),
    "Salzburg": Point(47.7921, 12.9864),
    "Südwest": Point(48.1247, 11.3924),
    "Gräfelfing": Point(48.1222, 11.4480),
    "Starnberg": Point(48.0016, 11.3552),
    "Wolfratshausen": Point(47.9137, 11.3802),
    "Murnau": Point(47.6828, 11.2722),
    "Garmisch": Point(47.5189, 11.1236),
    "West": Point(48.1777, 11.4140),
    "Dachau": Point(48.2201, 11.3701),
    "Dasing": Point(48.3841, 11.0501),
    "Augsburg": Point(48.4020, 10.8852),
}

_ROADS: Final[Mapping[Road, tuple[tuple[str, ...], ...]]] = {
    Road.CITY: (
        ("Petuelring", "Mitte", "Altstadt", "Sendling", "Giesing", "Bogenhausen", "Schwabing", "Petuelring"),
        ("Schwabing", "Altstadt"),
        ("Schwabing", "Fröttmaning"),
        ("Petuelring", "Moosach", "Mitte"),
        ("Mitte", "Sendling"),
        ("Mitte", "Gräfelfing"),
    ),
    Road.COUNTRY: (
        ("Giesing", "Süd"),
        ("Bogenhausen", "Ost"),
        ("Moosach", "West"),
        ("Holzkirchen", "Tegernsee"),
        ("Murnau", "Garmisch"),
        ("Sendling", "Starnberg"),
    ),
    Road.MOTORWAY: (
        ("Fröttmaning", "Nord", "Garching", "Neufahrn", "Fürholzen", "Holledau", "Ingolstadt", "Greding", "Nürnberg"),
        ("Neufahrn", "Flughafen"),
        ("Nord", "Ost", "Süd", "Holzkirchen", "Irschenberg", "Inntal", "Bernau", "Traunstein", "Salzburg"),
        ("Gräfelfing", "Südwest", "West", "Dachau", "Dasing", "Augsburg"),
        ("Starnberg", "Wolfratshausen", "Murnau"),
        ("Nord", "West"),
    ),
}


@cache
def route(start: Place, end: Place) -> tuple[Stretch, ...]:
    """The fastest way from one place to another."""
    here, there = Point(start.latitude, start.longitude), Point(end.latitude, end.longitude)
    way = (
        []
        if start.road == end.road and distance_km(here, there) < distance_km(here, _JUNCTIONS[end.road])
        else [
            (_ROAD_BETWEEN.get((before, after), Road.CITY), _JUNCTIONS[after])
            for before, after in pairwise(("", *_fastest(start.road, end.road)))
        ]
    )
    stretches = []
    for road, to in [*way, (Road.CITY, there)]:
        stretches.append(
            Stretch(road=road, to=to, heading_deg=_heading_deg(here, to), km=_BENDS * distance_km(here, to))
        )
        here = to
    return tuple(stretches)


def length_km(start: Place, end: Place) -> float:
    """How far it is by road."""
    return sum(stretch.km for stretch in route(start, end))


def distance_km(one: Point, other: Point) -> float:
    """How far it is as the crow flies."""
    latitude, other_latitude = radians(one.latitude), radians(other.latitude)
    north, east = other_latitude - latitude, radians(other.longitude - one.longitude)
    half = sin(north / 2) ** 2 + cos(latitude) * cos(other_latitude) * sin(east / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(half))


def _fastest(start: str, end: str) -> tuple[str, ...]:
    """The junctions on the way, by Dijkstra's rule."""
    open_ways: list[tuple[float, tuple[str, ...]]] = [(0.0, (start,))]
    seen: set[str] = set()
    while True:
        hours, way = heappop(open_ways)
        if way[-1] == end:
            return way
        if way[-1] in seen:
            continue
        seen.add(way[-1])
        for (before, after), road in _ROAD_BETWEEN.items():
            if before == way[-1]:
                km = distance_km(_JUNCTIONS[before], _JUNCTIONS[after])
                heappush(open_ways, (hours + km / SPEED_KMH[road], (*way, after)))


def _heading_deg(here: Point, there: Point) -> int:
    east = radians(there.longitude - here.longitude)
    start, end = radians(here.latitude), radians(there.latitude)
    return round(degrees(atan2(sin(east) * cos(end), cos(start) * sin(end) - sin(start) * cos(end) * cos(east)))) % 360


def _pieces() -> Iterator[tuple[tuple[str, str], Road]]:
    for kind, roads in _ROADS.items():
        for road in roads:
            for one, other in pairwise(road):
                yield (one, other), kind
                yield (other, one), kind


_ROAD_BETWEEN: Final = dict(_pieces())
