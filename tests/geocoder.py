"""A geocoder on this machine, which speaks Nominatim's language."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

from custom_components.mybmw.sources import Json

from .issued import Kind, issue

MUSEUM: Json = [
    {
        "lat": "48.1769",
        "lon": "11.5587",
        "display_name": "BMW Museum, 2, Am Olympiapark, 80809 München, Deutschland",
        "address": {
            "tourism": "BMW Museum",
            "house_number": "2",
            "road": "Am Olympiapark",
            "city": "München",
            "postcode": "80809",
            "country": "Deutschland",
        },
    }
]


@dataclass(slots=True)
class Geocoder:
    """What it answers, and what it was asked."""

    answer: Json = field(default_factory=lambda: MUSEUM)
    status: int = 200
    redirects_to: str | None = None
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    async def search(self, request: web.Request) -> web.Response:
        """Answer a search."""
        assert request.headers["user-agent"].startswith("mybmw")
        issue(Kind.PLACE, request.query.get("q", ""))
        self.asked.append(dict(request.query))
        headers = {"location": self.redirects_to} if self.redirects_to else {}
        return web.json_response(self.answer, status=self.status, headers=headers)


@asynccontextmanager
async def geocoding() -> AsyncGenerator[Geocoder]:
    """A geocoder that runs."""
    geocoder = Geocoder()
    app = web.Application()
    app.router.add_get("/search", geocoder.search)
    async with TestServer(app) as server:
        geocoder.url = str(server.make_url("/search"))
        yield geocoder
