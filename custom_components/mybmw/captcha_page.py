"""The page on which an owner solves BMW's captcha, served by Home Assistant itself.

A browser opens it in a new tab, where it is not signed in to Home Assistant. In place of that, a page is opened for one
flow, under an address that holds a secret; it ends with its first answer, with its flow, or after a few minutes. The
answer goes into the flow and nowhere else.

Nothing is solved or faked here: the widget is BMW's own, and what it hands to a human is passed on. Its script comes
from hCaptcha and runs at Home Assistant's address, as it does at BMW's. There it has to be trusted: the browser lets it
see what is kept for that address, and hCaptcha is not known to work shut off from it, in a sandboxed frame. So it loads
only when the owner prefers it to pasting, and the Content-Security-Policy lets it speak with its own hosts only.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hmac
from html import escape
from http import HTTPStatus
import re
import secrets
from string import Template
from typing import Final

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, HomeAssistantView, current_request
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.config_entry_oauth2_flow import HEADER_FRONTEND_BASE
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import CONF_CAPTCHA_TOKEN, DOMAIN
from .sources.mybmw import CaptchaWidget

PAGE_LIFETIME: Final = timedelta(minutes=5)

_URL: Final = "/api/mybmw/captcha/{flow_id}"
_SECRET: Final = "secret"  # noqa: S105 - the name of a parameter
_SECRET_BYTES: Final = 32

_ANSWER: Final = "h-captcha-response"
_BACK: Final = "back"
_LARGEST_ANSWER_BYTES: Final = 32 * 1024
"""hCaptcha puts the token, a few kilobytes long, into the form twice."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{8,8192}")
"""Tokens are opaque; this is what can be one and can stand in the header that it is sent to BMW in."""

_REPORTS: Final = "https://github.com/bimmerconnected/bimmer_connected/issues/754"

_HEADERS: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# The document's own referrer policy makes the browser name the origin of what it posts, which "no-referrer" would hide;
# still nobody else is told the address.
_DOCUMENT: Final = Template("""\
<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="same-origin">
<title>$title</title>
<style nonce="$nonce">
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 32rem; margin: 10vh auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
.h-captcha { min-height: 5rem; margin: 1.5rem 0; }
.hint { font-size: 0.875rem; }
button { font: inherit; padding: 0.5rem 1rem; }
</style>
</head>
<body>
<main>
<h1>$title</h1>
$content
</main>
</body>
</html>
""")
_CAPTCHA: Final = Template("""\
<p>$intro</p>
<form method="post">
<div class="h-captcha" data-sitekey="$site_key" data-callback="solved" data-error-callback="refused"></div>
<noscript><p>$no_script</p></noscript>
<p id="trouble" role="alert" hidden>$trouble <code></code></p>
<p class="hint">$hint <a href="$reports" target="_blank" rel="noreferrer">$reports_title</a></p>
<button name="back" value="yes">$back</button>
</form>
<script nonce="$nonce">
"use strict";
window.opener = null; // the widget has no business in Home Assistant's own window
function solved() {
  document.querySelector("form").submit();
}
function refused(reason) {
  const trouble = document.getElementById("trouble");
  trouble.querySelector("code").textContent = reason;
  trouble.hidden = false;
}
addEventListener("error", (event) => {
  if (event.target instanceof HTMLScriptElement) refused("unreachable");
}, true);
</script>
<script src="$script" async></script>""")
_CLOSE_TAB: Final = """<script nonce="$nonce">window.close();</script>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A page that may be looked at `until` then and answered once.

    `origin` is where the browser knows Home Assistant, None if it did not say.
    """

    widget: CaptchaWidget
    origin: str | None
    until: datetime
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(_SECRET_BYTES), repr=False)


_PAGES: Final[HassKey[dict[str, _Page]]] = HassKey(f"{DOMAIN}_captcha_pages")
"""The pages that are open, by the id of the flow that waits for their answer."""


@callback
def async_open_page(hass: HomeAssistant, flow_id: str, widget: CaptchaWidget) -> str:
    """Open a page for a flow, in place of the one it may have; returns its address.

    It is below the address that the browser itself uses, as Home Assistant can be known by several. The browser tells
    it together with every step of a flow; for anything else that walks through one, the address is relative.
    """
    if (pages := hass.data.get(_PAGES)) is None:
        pages = hass.data[_PAGES] = {}
        hass.http.register_view(CaptchaPageView)
    request = current_request.get()
    page = pages[flow_id] = _Page(
        widget=widget,
        origin=request.headers.get(HEADER_FRONTEND_BASE) if request else None,
        until=dt_util.utcnow() + PAGE_LIFETIME,
    )
    return f"{page.origin or ''}{_URL.format(flow_id=flow_id)}?{_SECRET}={page.secret}"


@callback
def async_close_page(hass: HomeAssistant, flow_id: str) -> None:
    """Close the page of a flow, if it has one."""
    hass.data.get(_PAGES, {}).pop(flow_id, None)


class _RefusedError(Exception):
    """A request that is not answered with what it asks for, but with a text."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class CaptchaPageView(HomeAssistantView):
    """Shows the captcha, and takes its answer."""

    url = _URL
    name = "api:mybmw:captcha"
    requires_auth = False  # the secret in the address stands in for it

    async def get(self, request: web.Request, flow_id: str) -> web.Response:
        """Show the captcha."""
        try:
            page = await _async_enter(request, flow_id)
        except _RefusedError as refused:
            return await _async_say(request, refused.status, refused.text)
        return await _async_show(request, page)

    async def post(self, request: web.Request, flow_id: str) -> web.Response:
        """Take the answer: a token, or the wish to go back."""
        try:
            page = await _async_enter(request, flow_id)
            _check_origin(request, page)
            answer = await _async_read_answer(request)
            _check_still_open(request, flow_id, page)
        except _RefusedError as refused:
            return await _async_say(request, refused.status, refused.text)
        await request.app[KEY_HASS].config_entries.flow.async_configure(flow_id, answer)
        return await _async_say(request, HTTPStatus.OK, "done" if answer else "left")


async def _async_enter(request: web.Request, flow_id: str) -> _Page:
    """The page a request is about. One that was open for too long sends its flow back to the choice."""
    hass = request.app[KEY_HASS]
    page = hass.data[_PAGES].get(flow_id)
    secret = request.query.get(_SECRET, "")
    if page is None or not hmac.compare_digest(page.secret.encode(), secret.encode()):
        raise _RefusedError(HTTPStatus.NOT_FOUND, "gone")
    if page.until <= dt_util.utcnow():
        await hass.config_entries.flow.async_configure(flow_id, {})
        raise _RefusedError(HTTPStatus.GONE, "expired")
    return page


def _check_origin(request: web.Request, page: _Page) -> None:
    """Refuse what another website made the browser send; over plain HTTP, browsers leave Sec-Fetch-Site out."""
    own = page.origin or str(request.url.origin())
    if request.headers.get(hdrs.ORIGIN) != own or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise _RefusedError(HTTPStatus.FORBIDDEN, "foreign")


async def _async_read_answer(request: web.Request) -> dict[str, str]:
    """What goes into the flow: the token, or nothing to go back."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unusable")
    try:
        form = await request.clone(client_max_size=_LARGEST_ANSWER_BYTES).post()
    except web.HTTPRequestEntityTooLarge as too_large:
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "unusable") from too_large
    except web.RequestPayloadError, LookupError, ValueError:  # it is packed, encoded or split up in no way there is
        # Not chained: what cannot be decoded is quoted.
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "unusable") from None
    if _BACK in form:
        return {}
    token = form.get(_ANSWER)
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "unusable")
    return {CONF_CAPTCHA_TOKEN: token}


def _check_still_open(request: web.Request, flow_id: str, page: _Page) -> None:
    """Refuse an answer that another one overtook while it was read."""
    if request.app[KEY_HASS].data[_PAGES].get(flow_id) is not page:
        raise _RefusedError(HTTPStatus.NOT_FOUND, "gone")


async def _async_show(request: web.Request, page: _Page) -> web.Response:
    widget = page.widget
    return await _async_respond(
        request, _CAPTCHA, hosts=widget.hosts, site_key=widget.site_key, script=widget.script, reports=_REPORTS
    )


async def _async_say(request: web.Request, status: HTTPStatus, text: str) -> web.Response:
    """Answer with a text; after the last word, the tab closes if the browser lets it."""
    content = Template(f"<p>${text}</p>{_CLOSE_TAB if status is HTTPStatus.OK else ''}")
    return await _async_respond(request, content, status=status)


async def _async_respond(
    request: web.Request,
    content: Template,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    hosts: tuple[str, ...] = (),
    **facts: str,
) -> web.Response:
    """Fill a template with texts in Home Assistant's language and with facts, and send it."""
    hass = request.app[KEY_HASS]
    prefix = f"component.{DOMAIN}.common.captcha_page_"
    texts = await async_get_translations(hass, hass.config.language, "common", {DOMAIN})
    nonce = secrets.token_urlsafe()
    facts |= {"nonce": nonce, "language": hass.config.language}
    values = {key.removeprefix(prefix): escape(text) for key, text in (texts | facts).items()}
    return web.Response(
        text=_DOCUMENT.substitute(values, content=content.substitute(values)),
        content_type="text/html",
        status=status,
        headers={**_HEADERS, "Content-Security-Policy": _policy(nonce, hosts)},
    )


def _policy(nonce: str, hosts: tuple[str, ...]) -> str:
    """A Content-Security-Policy: what is written here may run, besides it the hosts of the widget and nothing else."""
    widget = " ".join(hosts) or "'none'"
    ours_and_widget = " ".join((f"'nonce-{nonce}'", *hosts))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {ours_and_widget}",
            f"style-src {ours_and_widget}",
            f"frame-src {widget}",
            f"connect-src {widget}",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )
