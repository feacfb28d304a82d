"""What looks like a secret: formats of keys and tokens, names of variables, addresses with a login.

A secret is named in a configuration and never held; what is uploaded is searched for both.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

# A value that is shorter, a word or a number may be anywhere.
_SHORTEST = 8
_NAME = re.compile(
    r"TOKEN(?!I[SZ]E)|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|AUTH(?!OR)",
    re.IGNORECASE,
)
# vLLM takes `_` for `-`, and the beginning of an option for the whole.
_KEY_OPTION = re.compile(r"--(api[-_]k|hf[-_]t)")
_PROXY = re.compile(r"(HTTPS?|ALL)_PROXY", re.IGNORECASE)
# Each begins with what it may not lack: so other text is passed over at the speed of memory.
FORMATS: Mapping[str, re.Pattern[bytes]] = {
    "a Hugging Face token": re.compile(rb"hf_(?<=\bhf_)[A-Za-z0-9]{30,}\b"),
    "an API key (sk-...)": re.compile(rb"sk-(?<=\bsk-)(?=[\w-]*\d)[A-Za-z0-9_-]{20,}"),
    "a GitHub token": re.compile(rb"gh[opsur]_(?<=\bgh\w_)[A-Za-z0-9]{36}"),
    "a fine-grained GitHub token": re.compile(rb"github_pat_\w{22,}"),
    "an AWS access key": re.compile(rb"AKIA(?<=\bAKIA)[A-Z0-9]{16}\b"),
    "a temporary AWS access key": re.compile(rb"ASIA(?<=\bASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a bearer token": re.compile(rb"earer (?<=\b[Bb]earer ) *(?=\S*\d)[A-Za-z0-9._~+/-]{16,}"),
    "an address with a password": re.compile(rb"://[^\s/:@]+:[^\s/:@]+@[\w.-]"),
}


def held_secrets(environment: Mapping[str, str], named: Collection[str] = ()) -> dict[str, bytes]:
    """Values of variables that are `named`, or whose names say that they are secret, by
    `the value of NAME`."""
    found = {}
    for name, value in environment.items():
        secret = value
        if _PROXY.fullmatch(name):
            secret = _password(value)
        elif name not in named and not _NAME.search(name):
            continue
        if len(secret) >= _SHORTEST and not secret.isdecimal():
            found[f"the value of {name}"] = secret.encode()
    return found


def secrets_in(data: bytes, held: Mapping[str, bytes]) -> Iterator[str]:
    """What is in `data`, in words that do not say it."""
    yield from (what for what, secret in held.items() if secret in data)
    yield from (what for what, form in FORMATS.items() if form.search(data))


def without_login(urls: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses; raises ValueError for one that holds a login, a query or a fragment."""
    for url in urls:
        parts = urlsplit(url)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                f"the address at {parts.hostname} holds a login or a query, which would be written "
                "into the run's folder: leave it out, and put the key into the environment "
                "variable that `api_key_env` names (`Basic ...` there is sent as it is)"
            )
    return urls


def without_secrets(variables: dict[str, str]) -> dict[str, str]:
    """The variables; raises ValueError for one whose name or value says that it is secret. A number
    is none."""
    for name, value in variables.items():
        named = _NAME.search(name) and not value.isdecimal()
        if named or any(secrets_in(value.encode(), {})):
            raise ValueError(
                f"{name} looks like a secret, which would be written into the run's folder: set it "
                "in the environment that the run is started in; its servers inherit it"
            )
    return variables


def without_keys(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a command line; raises ValueError for one that gives a key."""
    for word in words:
        if _KEY_OPTION.match(word) or any(secrets_in(word.encode(), {})):
            raise ValueError(
                "a key on the command line would be written into the run's folder: set it in the "
                "environment that the run is started in (VLLM_API_KEY, HF_TOKEN)"
            )
    return words


def without_key(name: str) -> str:
    """The name of a variable; raises ValueError for what is the key itself."""
    if any(secrets_in(name.encode(), {})):
        raise ValueError(
            "a key here would be written into the run's folder: put it into an environment "
            "variable, and name that"
        )
    return name


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _several(urls: object) -> object:
    """One address is a list of one."""
    return (urls,) if isinstance(urls, str) and urls else urls or ()


Addresses: TypeAlias = Annotated[
    tuple[str, ...], BeforeValidator(_several), AfterValidator(without_login)
]
Variables: TypeAlias = Annotated[dict[str, str], AfterValidator(without_secrets)]
Variable: TypeAlias = Annotated[str, AfterValidator(without_key)]
Words: TypeAlias = Annotated[tuple[str, ...], AfterValidator(without_keys)]
