"""Asks CarData for data: books each call before it is sent, and understands each refusal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
import logging
from typing import Final

import httpx
import orjson

from .. import Clock, Json, SignInRequiredError, SlowDownError, SourceError
from ..exchange import Answer, exchange
from ..fields import is_shallow
from .failures import Cause, DeniedError, FailedError
from .hosts import api_origin
from .identity import not_understood
from .questions import Container, Mapped, Pages, Picture, container_in, containers, in_utc, mapped_cars, page_of
from .quota import Ledger, Reason
from .refusals import is_about_quota, is_about_token, refusal
from .tokens import TokenKeeper

_LOGGER = logging.getLogger(__name__)

MOST_PAGES: Final = 5
"""So many pages of a long answer are read; each is a call."""


LARGEST_PAPER: Final = 200_000
"""Bytes; what BMW tells of a car or its tires has some thousand."""

DEEPEST_PAPER: Final = 30
"""Levels, of which those have six."""


class Client:
    """One account's access to its data. Each question is a call of the account's 50 a day, or more where it says so.

    All raise SourceError: SlowDownError if there is no call left for the reason, or BMW says so; otherwise with a cause
    (`cause_of`). What went wrong once is not asked again, but for a token that was not accepted.
    """

    def __init__(self, http: httpx.AsyncClient, tokens: TokenKeeper, ledger: Ledger, clock: Clock) -> None:
        """Ask nothing yet. The HTTP client stays the caller's.

        Raises:
            ValueError: Requests are redirected to somewhere else than this machine.
        """
        self._origin = api_origin()
        self._http = http
        self._tokens = tokens
        self._ledger = ledger
        self._clock = clock

    async def cars(self, reason: Reason) -> list[Mapped]:
        """The cars that are mapped to the account."""
        return _found(mapped_cars((await self._ask("GET", "/customers/vehicles/mappings", reason)).field()))

    async def basic_data(self, vin: str, reason: Reason) -> dict[str, Json]:
        """What a car is."""
        return _paper(await self._ask("GET", f"{_about(vin)}/basicData", reason))

    async def telematic_data(self, vin: str, container_id: str, reason: Reason) -> dict[str, Json]:
        """What BMW knows of a car's state, by descriptor: for each an object of value, unit and timestamp."""
        params = {"containerId": container_id}
        document = _object(await self._ask("GET", f"{_about(vin)}/telematicData", reason, params=params))
        data = document.get("telematicData")
        if not isinstance(data, dict):
            raise not_understood()
        return data

    async def charging_history(self, vin: str, since: datetime, until: datetime, reason: Reason) -> Pages:
        """The charging sessions in a time; a call for each page, at most `MOST_PAGES`."""
        params = {"from": in_utc(since.astimezone(UTC)), "to": in_utc(until.astimezone(UTC))}
        return await self._pages(f"{_about(vin)}/chargingHistory", reason, params, next_key="next_token")

    async def charging_places(self, vin: str, reason: Reason) -> list[Json]:
        """The settings for places at which the car charges, none if it has none; a call for each page."""
        try:
            pages = await self._pages(f"{_about(vin)}/locationBasedChargingSettings", reason, {}, next_key="nextToken")
        except DeniedError as err:
            if err.cause is Cause.NOTHING_THERE:
                return []
            raise
        return pages.items

    async def tire_diagnosis(self, vin: str, reason: Reason) -> dict[str, Json]:
        """What the car thinks of its tires."""
        return _paper(await self._ask("GET", f"{_about(vin)}/smartMaintenanceTyreDiagnosis", reason))

    async def picture(self, vin: str, reason: Reason) -> Picture | None:
        """The one picture that there is of a car; None if there is none."""
        try:
            answer = await self._ask("GET", f"{_about(vin)}/image", reason, accept="*/*")
        except DeniedError as err:
            if err.cause is Cause.NOTHING_THERE:
                return None
            raise
        content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not content_type.startswith("image/") or not answer.body:
            raise not_understood()
        return Picture(content_type=content_type, content=answer.body)

    async def containers(self, reason: Reason) -> list[Container]:
        """All containers of the account, also those of others."""
        return _found(containers((await self._ask("GET", "/customers/containers", reason)).field()))

    async def create_container(self, name: str, purpose: str, descriptors: Sequence[str], reason: Reason) -> Container:
        """Make a container; there is no way to change it."""
        content: Json = {"name": name, "purpose": purpose, "technicalDescriptors": list(descriptors)}
        answer = await self._ask("POST", "/customers/containers", reason, content=content)
        return _found(container_in(answer.field()))

    async def delete_container(self, container_id: str, reason: Reason) -> None:
        """Have a container deleted; fine if it is gone already."""
        try:
            await self._ask("DELETE", f"/customers/containers/{_id(container_id)}", reason)
        except (DeniedError, FailedError) as err:
            if err.cause not in {Cause.CONTAINER_GONE, Cause.NOTHING_THERE}:
                raise

    async def _pages(self, path: str, reason: Reason, params: Mapping[str, str], *, next_key: str) -> Pages:
        """All pages; the first ones if there are too many, the calls are used up, or BMW fails before the last."""
        items, token = _found(page_of((await self._ask("GET", path, reason, params=params)).field(), next_key))
        for _ in range(MOST_PAGES - 1):
            if not token or not self._ledger.may_call(reason):
                break
            try:
                answer = await self._ask("GET", path, reason, params={**params, "nextToken": token})
                more, token = _found(page_of(answer.field(), next_key))
            except SignInRequiredError:
                raise
            except SourceError as err:
                _LOGGER.debug("Only the first %s of an answer could be read: %s", len(items), err)
                break
            items += more
        return Pages(items=items, is_complete=not token)

    async def _ask(  # noqa: PLR0913 (a request has that many parts)
        self,
        method: str,
        path: str,
        reason: Reason,
        *,
        params: Mapping[str, str] | None = None,
        content: Json = None,
        accept: str = "application/json",
    ) -> Answer:
        """Ask, and once more with a new token if BMW does not accept the one we have; return what BMW says to it."""
        self._ledger.require(reason)
        headers = {"accept": accept, "x-version": "v1"}
        body = None
        if content is not None:
            headers["content-type"], body = "application/json", orjson.dumps(content)

        def request(token: str) -> httpx.Request:
            right = {"authorization": f"Bearer {token}"}
            url = f"{self._origin}{path}"
            return httpx.Request(method, url, params=params, headers=headers | right, content=body)

        token = await self._tokens.access_token()
        answer = await self._send(request(token), reason)
        if is_about_token(answer):
            answer = await self._send(request(await self._tokens.access_token(rejected=token)), reason)
        if answer.is_success:
            return answer
        if is_about_quota(answer):
            until = await self._ledger.close(answer.retry_after(self._clock()))
            message = "BMW says that the calls it allows in a day are used up"
            raise SlowDownError(message, until)
        raise refusal(answer)

    async def _send(self, request: httpx.Request, reason: Reason) -> Answer:
        """Book a call, then make it."""
        await self._ledger.book(reason)
        answer = await exchange(self._http, request)
        _LOGGER.debug("%s %s: HTTP status %s", request.method, request.url.path.rpartition("/")[2], answer.status)
        return answer


def _about(vin: str) -> str:
    return f"/customers/vehicles/{_id(vin)}"


def _id(text: str) -> str:
    """A number of BMW's as it may stand in an address."""
    if not text.isascii() or not text.isalnum():
        message = "BMW's numbers consist of letters and digits"
        raise DeniedError(message, Cause.BAD_REQUEST)
    return text


def _object(answer: Answer) -> dict[str, Json]:
    document = answer.field()
    if not isinstance(document, dict):
        raise not_understood()
    return document


def _paper(answer: Answer) -> dict[str, Json]:
    """A document that will be kept between starts; one too large or too deep for that would keep all else from it."""
    document = _object(answer)
    if len(answer.body) > LARGEST_PAPER or not is_shallow(document, DEEPEST_PAPER):
        raise not_understood()
    return document


def _found[T](content: T | None) -> T:
    """What was looked for in an answer; whatever else stands there is a failure."""
    if content is None:
        raise not_understood()
    return content
