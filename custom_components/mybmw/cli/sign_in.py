"""Letting the owner in, once; from then on the store opens the account."""

from argparse import Namespace

from ..sources import SignInRequiredError, SourceError
from ..sources.mybmw import Account, Region, sign_in, stranger
from .console import Console
from .exits import Exit, StopError
from .session import connected, obey, remember
from .store import Store


async def log_in(typed: Namespace, console: Console, store: Store) -> Exit:
    """Ask for what is missing, sign in, and keep what it brings. A password is kept only where BMW asks for it again.

    Raises:
        StopError: Something is missing that nobody can be asked for.
        SourceError: BMW did not let us in.
    """
    if store.pause and not store.pause.refusal:
        obey(store.pause, console)
    username = typed.username or console.wanted("Username", variable="MYBMW_USERNAME")
    region = typed.region or _region(console)
    password = console.wanted("Password", variable="MYBMW_PASSWORD", is_secret=True)
    settings = {"source": "mybmw", "username": username, "region": region.value}
    if any(store.settings.get(name, value) != value for name, value in settings.items()):
        message = f"{store.path} belongs to another account; name another file with --store"
        raise StopError(message, Exit.STORE)
    if not store.credentials:  # each attempt is to come from the same copy of the app
        store.credentials, store.must_sign_in = dict(stranger(console.clock())), True
        store.save()
    captcha_token = _captcha_token(region, console)
    try:
        async with connected() as http, console.progress("signing in"):
            credentials = await sign_in(
                Account.of(settings | {"password": password}),
                http=http,
                clock=console.clock,
                captcha_token=captcha_token,
                previous=store.credentials,
            )
    except SignInRequiredError:
        raise  # the sign-in of before, if there is one, may still be good
    except SourceError as err:
        remember(err, console, store)
        raise
    if not region.needs_captcha:  # BMW ends such a sign-in now and then, and it is renewed with the password
        settings["password"] = password
    store.sign_in(settings, credentials)
    console.say(f"Signed in. What lets you in again is in {store.path}, for your eyes only")
    return Exit.DONE


def _region(console: Console) -> Region:
    regions = ", ".join(Region)
    name = console.wanted(f"Region ({regions})", variable="MYBMW_REGION")
    if name not in {*Region}:
        message = f"There is no such region; there are {regions}"
        raise StopError(message, Exit.USAGE)
    return Region(name)


def _captcha_token(region: Region, console: Console) -> str | None:
    """The proof that a human signs in, where BMW asks for one."""
    if not region.needs_captcha:
        return None
    if console.is_interactive:
        console.say(
            "BMW wants to see that you are human. Open this page, solve the captcha, and copy the text it shows; it "
            f"works once, and for about two minutes:\n  {region.captcha_page}"
        )
    return "".join(console.wanted("Captcha token", variable="MYBMW_CAPTCHA_TOKEN").split())
