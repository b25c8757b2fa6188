"""What a simulated cloud answered, recorded once over real sockets and played again without them."""

from typing import override

import httpx

from tests.sources.mybmw.cloud import Stream


class Tape(httpx.AsyncBaseTransport):
    """Records while it has somebody `to` ask, and afterwards plays the last that was recorded of each question."""

    def __init__(self, to: httpx.AsyncBaseTransport | None) -> None:
        """Have recorded nothing yet."""
        self.to = to
        self.answers: dict[tuple[str, str, bool], tuple[int, list[tuple[bytes, bytes]], bytes]] = {}

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        question = request.method, request.url.path, b"grant_type=refresh" in await request.aread()
        if self.to:
            answer = await self.to.handle_async_request(request)
            self.answers[question] = answer.status_code, answer.headers.raw, await answer.aread()
        status, headers, body = self.answers.get(question, (404, [], b'{"exveErrorId":"CU-127"}'))
        return httpx.Response(status, headers=[*headers], stream=Stream(body))
