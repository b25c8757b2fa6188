"""What must not happen while hostile answers are read: exceptions other than those announced, and secrets told.

A secret is told where it stands in the text of an exception, or of what caused it, or in a line of the log.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import logging
from typing import Final, override

_TRUNK: Final = logging.getLogger()


class Finding(Exception):  # noqa: N818 (it is what is looked for)
    """Something that must not happen has. The text says what, without what is secret."""


class Watch(logging.Handler):
    """Listens to the log, at any level, and looks at exceptions; `secrets` are to be in neither."""

    def __init__(self, *secrets: str) -> None:
        """Listen to nothing yet."""
        super().__init__(logging.DEBUG)
        self.secrets: Sequence[str] = secrets
        self._told: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(self.format(record) if record.name.startswith("custom_components") else record.getMessage())

    @contextmanager
    def allowing(self, *announced: type[Exception]) -> Iterator[None]:
        """Have something done that may raise what is announced, and nothing else; and tells no secret.

        Raises:
            Finding: It did.
        """
        self._told.clear()
        try:
            yield
        except announced as err:
            self._told += _texts(err)
        if found := [secret for secret in self.secrets for told in self._told if secret in told]:
            message = f"a secret is told ({', '.join(sorted({secret[:2] + '…' for secret in found}))})"
            raise Finding(message)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to the log inside, in which nothing is written down."""
        level, handlers = _TRUNK.level, _TRUNK.handlers[:]
        ours = logging.getLogger("custom_components")
        our_level = ours.level
        _TRUNK.handlers[:] = [self]
        _TRUNK.setLevel(logging.WARNING)
        ours.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            _TRUNK.handlers[:] = handlers
            _TRUNK.setLevel(level)
            ours.setLevel(our_level)


def _texts(err: BaseException | None) -> Iterator[str]:
    """What an exception says, and those it came of, as a log would have it."""
    while err is not None:
        yield f"{err!s} {err!r}"
        err = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
