"""The captcha: a stand-in for hCaptcha's widget, and which of its answers are still good.

A page embeds the script as it would embed hCaptcha's own: it looks for `.h-captcha`, shows a box to tick, puts the
token into hidden fields of the form around it, and calls what `data-callback` names, or `data-error-callback` with a
reason. To be off line it needs no human, so it proves nothing: it only behaves like one that would.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
import secrets
from typing import Final

from aiohttp import web

from tests.issued import Kind, issue

SITE_KEYS: Final = {
    "7244955f-8f30-4445-adff-4fefe059f815": "row",
    "dc24de9a-9844-438b-b542-60067ff4dbe9": "na",
}
"""For which region a site key is."""

_SCRIPT: Final = """\
"use strict";
(() => {
  const cloud = new URL(document.currentScript.src).origin;

  async function tick(place, box) {
    box.disabled = true;
    try {
      const answer = await fetch(`${cloud}/_captcha/token`, { method: "POST", body: place.dataset.sitekey });
      if (!answer.ok) throw answer.status === 429 ? "rate-limited" : "challenge-error";
      const token = await answer.text();
      for (const name of ["g-recaptcha-response", "h-captcha-response"]) {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name, value: token });
        place.append(field);
      }
      window[place.dataset.callback]?.(token);
    } catch (reason) {
      box.disabled = box.checked = false;
      window[place.dataset.errorCallback]?.(typeof reason === "string" ? reason : "network-error");
    }
  }

  for (const place of document.querySelectorAll(".h-captcha")) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.addEventListener("change", () => tick(place, box));
    label.append(box, " I am human");
    place.append(label);
  }
})();
"""


@dataclass(slots=True, kw_only=True)
class Captchas:
    """What was handed out and what was used.

    A token of the widget is good once, for the region whose site key asked for it. Any other that begins like one is
    taken for the work of a human elsewhere, and is good once, too.
    """

    _handed_out: dict[str, str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def routes(self) -> Iterable[web.RouteDef]:
        """Where the widget is."""
        return (web.get("/_captcha/api.js", self._script), web.post("/_captcha/token", self._token))

    def accept(self, token: str, region: str) -> bool:
        """Whether a human solved the captcha of a region; the token is worthless from then on."""
        issue(Kind.KEY, token)
        is_new = token.startswith("P1_") and token not in self._used
        self._used.add(token)
        return is_new and self._handed_out.get(token, region) == region

    async def _script(self, _request: web.Request) -> web.Response:
        return web.Response(text=_SCRIPT, content_type="text/javascript")

    async def _token(self, request: web.Request) -> web.Response:
        region = SITE_KEYS.get(await request.text())
        if region is None:
            raise web.HTTPBadRequest
        token = f"P1_{secrets.token_urlsafe(24)}"
        self._handed_out[token] = region
        return web.Response(text=token, headers={"access-control-allow-origin": "*"})
