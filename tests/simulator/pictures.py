"""Draws cars, as the cloud shows them in the app: a simple likeness of our own, by kind of body and color."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

type _Point = tuple[float, float]
type _Color = tuple[int, int, int]

SIZE: Final = (800, 450)
_FINER: Final = 2
"""Drawn so many times larger, so that no edge is jagged in the end."""

_GLASS: Final = (38, 46, 56)
_RUBBER: Final = (24, 25, 28)
_RIM: Final = (196, 200, 206)
_DARK: Final = (14, 15, 18)
_LAMP: Final = (236, 242, 250)
_TAIL_LAMP: Final = (196, 28, 38)

# Seen from the left side, front on the left; x and y in thousandths of the length of the car, y up from the ground.
_ROOFS: Final[Mapping[str, Sequence[_Point]]] = {
    "saloon": ((300, 225), (400, 290), (520, 298), (640, 285), (800, 222)),
    "touring": ((300, 225), (400, 290), (540, 300), (840, 286), (950, 222)),
    "suv": ((270, 265), (370, 345), (540, 358), (860, 340), (956, 268)),
    "hatch": ((235, 262), (325, 352), (540, 366), (880, 348), (962, 262)),
}
_SHOULDERS: Final[Mapping[str, tuple[float, float, float]]] = {  # above the front bumper, the hood and the rear
    "saloon": (150, 205, 215),
    "touring": (150, 205, 215),
    "suv": (175, 245, 255),
    "hatch": (170, 240, 245),
}
_BODIES: Final[Mapping[str, str]] = {
    "F31": "touring",
    "G61": "touring",
    "G01": "suv",
    "G45": "suv",
    "I20": "suv",
    "U11": "suv",
    "I01": "hatch",
    "F56": "hatch",
    "F66": "hatch",
    "J01": "hatch",
}
"""By development code; all others are saloons."""


@lru_cache(maxsize=64)
def draw(view: str, body: str, color: int) -> bytes:
    """A PNG of a car with this development code and color (0xAARRGGBB); raises KeyError for an unknown view."""
    paint = ((color >> 16) & 255, (color >> 8) & 255, color & 255)
    width, height = (side * _FINER for side in SIZE)
    sheet = Image.new("RGBA", (width, height))
    _VIEWS[view](sheet, _BODIES.get(body, "saloon"), paint)
    out = BytesIO()
    sheet.resize(SIZE, Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _side(sheet: Image.Image, kind: str, paint: _Color) -> None:
    """The whole left side."""
    scale = sheet.width * 0.92 / 1000
    left, ground = sheet.width * 0.04, sheet.height * 0.84

    def at(*points: _Point) -> list[_Point]:
        return [(left + x * scale, ground - y * scale) for x, y in points]

    _shadow(sheet, (left, ground - 18 * scale, left + 1000 * scale, ground + 26 * scale))
    pen = ImageDraw.Draw(sheet)
    nose, hood, tail = _SHOULDERS[kind]
    roof = _ROOFS[kind]
    shell = [
        *((8, 70), (4, nose - 30), (40, nose), (150, hood - 12)),
        *roof,
        *((965, tail), (994, tail - 55), (996, 80), (970, 52), (40, 48)),
    ]
    pen.polygon(at(*_smooth(shell)), fill=paint)
    waist = [(roof[0][0] + 30, hood + 8), (roof[-1][0] - 30, tail + 2)]
    glass = [waist[0], *((x + (18 if x < 500 else -18), y - 14) for x, y in roof[1:-1]), waist[1]]
    pen.polygon(at(*_smooth(glass)), fill=_GLASS)
    pillar = (roof[1][0] + roof[-2][0]) / 2
    pen.line(at((pillar, roof[2][1] - 6), (pillar + 12, hood)), fill=paint, width=round(15 * scale))
    lighter, darker = _mixed(paint, 255, 0.28), _mixed(paint, 0, 0.35)
    pen.line(
        at((60, nose - 8), (300, hood - 18), (930, tail - 20)), fill=lighter, width=round(5 * scale), joint="curve"
    )
    for door in (roof[0][0] + 42, pillar + 14):
        pen.line(at((door, hood - 4), (door + 6, 76)), fill=darker, width=round(4 * scale))
        pen.rounded_rectangle(
            (*at((door + 118, hood - 28))[0], *at((door + 168, hood - 40))[0]), 4 * scale, fill=darker
        )
    pen.polygon(at((30, 50), (970, 54), (960, 76), (40, 72)), fill=_DARK)
    pen.polygon(at((26, nose - 14), (112, nose + 8), (104, nose - 22), (30, nose - 34)), fill=_LAMP)
    pen.polygon(at((992, tail - 40), (915, tail - 18), (910, tail - 42), (990, tail - 66)), fill=_TAIL_LAMP)
    for middle in (185, 800):
        _wheel(pen, *at((middle, 62))[0], 64 * scale)


def _wheel(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    for size, color in ((1.14, _DARK), (1.0, _RUBBER), (0.72, _RIM), (0.64, _DARK)):
        pen.circle((x, y), radius * size, fill=color)
    for spoke in range(5):
        pen.pieslice(
            (x - radius * 0.68, y - radius * 0.68, x + radius * 0.68, y + radius * 0.68),
            spoke * 72 - 104,
            spoke * 72 - 76,
            fill=_RIM,
        )
    pen.circle((x, y), radius * 0.16, fill=_RIM)


def _head_on(sheet: Image.Image, kind: str, paint: _Color, *, from_behind: bool) -> None:
    """The front or the rear."""
    scale = sheet.width * 0.5 / 1000
    middle, ground = sheet.width / 2, sheet.height * 0.86
    tall = _ROOFS[kind][2][1] * 2.35

    def at(*points: _Point) -> list[_Point]:
        return [(middle + x * scale, ground - y * scale) for x, y in points]

    def both(*points: _Point) -> list[_Point]:
        return at(*points, *((-x, y) for x, y in reversed(points)))

    _shadow(sheet, (middle - 520 * scale, ground - 30 * scale, middle + 520 * scale, ground + 40 * scale))
    pen = ImageDraw.Draw(sheet)
    for x in (-400, 400):
        pen.rounded_rectangle((*at((x - 75, 190))[0], *at((x + 75, 0))[0]), 24 * scale, fill=_RUBBER)
    pen.polygon(both((470, 90), (490, 230), (480, 380), (400, tall * 0.62), (330, tall), (0, tall + 14)), fill=paint)
    pen.polygon(both((372, tall * 0.62), (310, tall - 24), (0, tall - 12)), fill=_GLASS)
    pen.line(both((440, 402), (0, 420)), fill=_mixed(paint, 255, 0.3), width=round(9 * scale), joint="curve")
    pen.polygon(both((430, 70), (452, 150), (0, 150)), fill=_DARK)
    lamp = ((470, 300), (450, 362), (270, 338), (280, 296))
    for side in (1, -1):
        pen.polygon(at(*((side * x, y) for x, y in lamp)), fill=_TAIL_LAMP if from_behind else _LAMP)
        if not from_behind:
            pen.rounded_rectangle(
                (*at((min(side * 12, side * 150), 340))[0], *at((max(side * 12, side * 150), 205))[0]),
                30 * scale,
                fill=_DARK,
                outline=_RIM,
                width=round(9 * scale),
            )
    if from_behind:
        pen.rounded_rectangle((*at((-130, 290))[0], *at((130, 225))[0]), 8 * scale, fill=_LAMP)


def _front(sheet: Image.Image, kind: str, paint: _Color) -> None:
    _head_on(sheet, kind, paint, from_behind=False)


def _rear(sheet: Image.Image, kind: str, paint: _Color) -> None:
    _head_on(sheet, kind, paint, from_behind=True)


def _turned(share: float, *, to_right: bool = False) -> Callable[[Image.Image, str, _Color], None]:
    """The side of a car that is turned away: so much of its length is left."""

    def look(sheet: Image.Image, kind: str, paint: _Color) -> None:
        whole = Image.new("RGBA", sheet.size)
        _side(whole, kind, paint)
        if to_right:
            whole = whole.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        width = round(sheet.width * share)
        sheet.alpha_composite(whole.resize((width, sheet.height)), ((sheet.width - width) // 2, 0))

    return look


def _door(sheet: Image.Image, kind: str, paint: _Color) -> None:
    """The driver's door from close by."""
    whole = Image.new("RGBA", sheet.size)
    _side(whole, kind, paint)
    width, height = sheet.size
    part = whole.crop((round(width * 0.28), round(height * 0.28), round(width * 0.62), round(height * 0.84)))
    part.thumbnail(sheet.size)
    part = part.resize((round(height * part.width / part.height), height))
    sheet.alpha_composite(part, ((width - part.width) // 2, 0))


def _dashboard(sheet: Image.Image, kind: str, paint: _Color) -> None:
    """What the driver sees: a curved display, the steering wheel and a strip in the color of the car."""
    pen = ImageDraw.Draw(sheet)
    width, height = sheet.size
    top = height * (0.34 if kind == "saloon" else 0.3)
    pen.rounded_rectangle((0, top, width, height), height * 0.1, fill=_RUBBER)
    pen.rectangle((0, height * 0.7, width, height * 0.73), fill=paint)
    pen.rounded_rectangle((width * 0.08, height * 0.18, width * 0.74, height * 0.5), height * 0.04, fill=_DARK)
    pen.rounded_rectangle((width * 0.1, height * 0.21, width * 0.36, height * 0.47), height * 0.02, fill=_GLASS)
    pen.rounded_rectangle((width * 0.38, height * 0.21, width * 0.72, height * 0.47), height * 0.02, fill=(46, 74, 108))
    middle, radius = (width * 0.24, height * 0.74), height * 0.32
    pen.circle(middle, radius, outline=_DARK, width=round(height * 0.06))
    pen.circle(middle, radius * 0.34, fill=_DARK, outline=_RIM, width=round(height * 0.006))
    pen.line((middle[0] - radius, middle[1], middle[0] + radius, middle[1]), fill=_DARK, width=round(height * 0.05))


_VIEWS: Final[Mapping[str, Callable[[Image.Image, str, _Color], None]]] = {
    "VehicleStatus": _turned(0.94),
    "FrontView": _front,
    "FrontLeft": _turned(0.72),
    "FrontRight": _turned(0.72, to_right=True),
    "SideViewLeft": _side,
    "AngleSideViewForty": _turned(0.66),
    "AngleSideViewSixty": _turned(0.84),
    "RearLeft": _turned(0.78),
    "RearRight": _turned(0.78, to_right=True),
    "RearView": _rear,
    "Driverdoor": _door,
    "Dashboard": _dashboard,
}

VIEWS: Final = frozenset(_VIEWS)
"""What the cloud calls the sides of a car (parameter carView)."""


def _shadow(sheet: Image.Image, box: tuple[float, float, float, float]) -> None:
    layer = Image.new("RGBA", sheet.size)
    ImageDraw.Draw(layer).ellipse(box, fill=(0, 0, 0, 120))
    sheet.alpha_composite(layer.filter(ImageFilter.GaussianBlur(8 * _FINER)))


def _mixed(color: _Color, other: int, share: float) -> _Color:
    red, green, blue = (round(part + (other - part) * share) for part in color)
    return red, green, blue


def _smooth(corners: Sequence[_Point], steps: int = 10) -> list[_Point]:
    """A closed curve through all corners (Catmull-Rom, a little tightened so that it does not bulge)."""
    curve = []
    count = len(corners)
    for index in range(count):
        before, start, end, after = (corners[(index + offset) % count] for offset in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            weights = (
                2 * t**3 - 3 * t**2 + 1,
                -2 * t**3 + 3 * t**2,
                0.3 * (t**3 - 2 * t**2 + t),
                0.3 * (t**3 - t**2),
            )
            x, y = (
                weights[0] * start[axis]
                + weights[1] * end[axis]
                + weights[2] * (end[axis] - before[axis])
                + weights[3] * (after[axis] - start[axis])
                for axis in (0, 1)
            )
            curve.append((x, y))
    return curve
