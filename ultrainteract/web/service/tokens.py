"""Who may come in: a bearer token for programs, a cookie that follows from it for browsers.

The token comes from a file or the environment, never from the command line, which every user of
the machine can read. Without one, a random one is made and kept in the service's folder.
"""

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

from ultrainteract.errors import ConfigError, boundary

VARIABLE = "ULTRAINTERACT_TOKEN"
COOKIE = "ultrainteract"
LASTS = 7 * 24 * 3600
_LEAST = 16


class Token:
    """One secret that the team shares; comparing takes the same time whatever is given."""

    def __init__(self, secret: str) -> None:
        """Raises `ConfigError` where it is too short to be one, or cannot stand in a header."""
        if len(secret) < _LEAST or not secret.isascii() or not secret.isprintable():
            raise ConfigError(
                f"a token has {_LEAST} printable ASCII characters at least: take the output of "
                "`openssl rand -hex 32`"
            )
        self._secret = secret.encode()

    def admits(self, authorization: str) -> bool:
        """Whether the value of the header is `Bearer` and the token."""
        scheme, _, given = authorization.partition(" ")
        return scheme.lower() == "bearer" and self.is_(given.strip())

    def is_(self, given: str) -> bool:
        """Whether it is the token."""
        # Of equal length whatever is given: the digest of what was given.
        ours, theirs = (hashlib.sha256(one).digest() for one in (self._secret, given.encode()))
        return hmac.compare_digest(ours, theirs)

    def pass_(self, now: float | None = None) -> str:
        """The value of a cookie that lets a browser in for a week, by this clock."""
        until = f"{int(time.time() if now is None else now) + LASTS}"
        return f"{until}.{self._sign(until)}"

    def honours(self, pass_: str, now: float | None = None) -> bool:
        """Whether the value of a cookie is one of ours, and still good."""
        until, _, signature = pass_.partition(".")
        ours = self._sign(until)
        return (
            hmac.compare_digest(ours.encode(), signature.encode())
            and until.isdecimal()
            and int(until) > (time.time() if now is None else now)
        )

    def _sign(self, until: str) -> str:
        return hmac.new(self._secret, f"cookie {until}".encode(), "sha256").hexdigest()


def given_token(file: Path | None) -> Token | None:
    """From `file`, else the environment, from where it is taken away: no run and no server that
    is started later sees it. None where there is none. Raises `ConfigError`."""
    named = os.environ.pop(VARIABLE, "").strip()
    if file is not None:
        return _read(file)
    return Token(named) if named else None


def made_token(path: Path) -> Token:
    """The one in `path`, made where there is none; only its owner can read it. Raises
    `ConfigError`."""
    with boundary(ConfigError, f"cannot keep a token in {path}", OSError):
        if not path.exists():
            draft = path.with_suffix(".draft")
            draft.unlink(missing_ok=True)
            door = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(door, "w", encoding="ascii") as file:
                file.write(f"{secrets.token_urlsafe(32)}\n")
            draft.replace(path)
    return _read(path)


def _read(file: Path) -> Token:
    with boundary(ConfigError, f"cannot read the token in {file}", OSError, UnicodeDecodeError):
        return Token(file.read_text(encoding="ascii").strip())
