"""External issuers, whose login tokens are accepted besides our own.

`AUTH_EXTERNAL_ISSUERS` is a JSON list, or the path of a file with one. `BETTER_AUTH_SECRET` adds
an entry for the tokens that Better Auth signs with its secret.
"""

import re
from collections.abc import Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from todochat.settings import SettingsError

VARIABLE: Final = "AUTH_EXTERNAL_ISSUERS"
BETTER_AUTH: Final = "better-auth"
SECRET_ALGORITHMS: Final = ("HS256",)
KEY_ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
_MORE_KEY_ALGORITHMS: Final = ("RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512")
MIN_SECRET_BYTES: Final = 32
_MIN_DIFFERENT_CHARS: Final = 8
# Prefix of the ids of local accounts; external users can't have it, in upper or lower case.
OWN_PREFIX: Final = "usr_"
_MAX_FILE_BYTES: Final = 64 * 1024
_PREFIX: Final = re.compile(r"[A-Za-z0-9._|:@-]{0,32}")
_TOKEN_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
# Words in the sample secrets of documentation, starter projects and playgrounds.
_SAMPLE_OPENINGS: Final = ("", "my", "your", "a")
_SAMPLE_WORDS: Final = re.findall(
    r"\w+",
    "super very better auth own long random string jwt app 256 bit secret key token password change"
    " changeme me in this to replace with for production default example sample test dev"
    " development at least minimum min bits 32 characters chars here please use 1234567890"
    " 123456789",
)


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One object of the list."""

    issuer: Annotated[str, Meta(min_length=1, max_length=256)]
    audience: str = ""
    jwks_url: str = ""
    secret: str = ""
    algorithms: list[str] = []
    user_claim: str = ""
    prefix: str = ""
    backend_tokens: list[str] = []


class ExternalIssuer(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer whose tokens, or whose back end's requests, are accepted.

    Attributes:
        issuer: the required `iss`; None for tokens without one.
        realm: the namespace of its users; two entries may share their users.
        audience: the required `aud`; None for tokens without one.
        secret: the HS256 secret; empty if keys come from `jwks_url`.
        algorithms: of its tokens; empty if it only has a back end.
        user_claim: the claim with the user's id; empty for `sub`, or `id` without `sub`.
        prefix: prepended to the issuer's user id to form our user id.
        backend_digests: SHA-256 of the tokens with which its back end acts for its users.
    """

    issuer: str | None
    realm: str
    audience: str | None
    jwks_url: str
    secret: str
    algorithms: Sequence[str]
    user_claim: str
    prefix: str
    backend_digests: Sequence[bytes] = ()

    def __repr__(self) -> str:
        """Leave the secret out."""
        return f"ExternalIssuer({self.realm!r})"


def parse_issuers(
    text: str,
    *,
    better_auth_secret: str,
    better_auth_url: str,
    better_auth_prefix: str = "",
    own_issuer: str,
) -> list[ExternalIssuer]:
    """Read and check the entries.

    Args:
        text: the value of AUTH_EXTERNAL_ISSUERS.
        better_auth_url: `iss` and `aud` of the tokens that have them.
        better_auth_prefix: prepended to the user ids of Better Auth.
        own_issuer: TODOCHAT_ISSUER, which no entry may use.

    Raises:
        SettingsError: an entry is not valid; the message says which one and why.
    """
    issuers = _better_auth_issuers(better_auth_secret, better_auth_url, better_auth_prefix)
    for number, entry in enumerate(_decode(text), start=1):
        try:
            issuers.append(_build_issuer(entry))
        except ValueError as error:
            msg = f"setting {VARIABLE}: entry {number}: {error}"
            raise SettingsError(msg) from None
    _check_together(issuers, own_issuer)
    return issuers


def _better_auth_issuers(secret: str, url: str, prefix: str) -> list[ExternalIssuer]:
    if not secret:
        return []
    try:
        _check_secret(secret)
    except ValueError as error:
        msg = f"setting BETTER_AUTH_SECRET: {error}"
        raise SettingsError(msg) from None
    try:
        _check_prefix(prefix)
    except ValueError as error:
        msg = f"setting BETTER_AUTH_PREFIX: {error}"
        raise SettingsError(msg) from None
    return [
        ExternalIssuer(
            issuer=name,
            realm=BETTER_AUTH,
            audience=name,
            jwks_url="",
            secret=secret,
            algorithms=SECRET_ALGORITHMS,
            user_claim="",
            prefix=prefix,
        )
        for name in ([None, url] if url else [None])
    ]


def _decode(text: str) -> list[_Entry]:
    if not text:
        return []
    try:
        raw = text.encode() if text.lstrip().startswith("[") else _read(Path(text))
        return msgspec.json.decode(raw, type=list[_Entry])
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        msg = f"setting {VARIABLE}: {error}"
        raise SettingsError(msg) from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_MAX_FILE_BYTES + 1)
    if len(content) > _MAX_FILE_BYTES:
        msg = f"{path} is longer than {_MAX_FILE_BYTES} bytes"
        raise ValueError(msg)
    return content


def _build_issuer(entry: _Entry) -> ExternalIssuer:
    if (entry.jwks_url and entry.secret) or not (
        entry.jwks_url or entry.secret or entry.backend_tokens
    ):
        msg = "set exactly one of jwks_url and secret, or backend_tokens"
        raise ValueError(msg)
    allowed: tuple[str, ...] = ()
    default: tuple[str, ...] = ()
    if entry.secret:
        _check_secret(entry.secret)
        allowed = default = SECRET_ALGORITHMS
    elif entry.jwks_url:
        _check_keys(entry)
        allowed, default = (*KEY_ALGORITHMS, *_MORE_KEY_ALGORITHMS), KEY_ALGORITHMS
    if not set(entry.algorithms) <= set(allowed):
        msg = f"algorithms must be among {', '.join(allowed) or 'none, without keys or a secret'}"
        raise ValueError(msg)
    _check_prefix(entry.prefix)
    return ExternalIssuer(
        issuer=entry.issuer,
        realm=entry.issuer,
        audience=entry.audience or None,
        jwks_url=entry.jwks_url,
        secret=entry.secret,
        algorithms=entry.algorithms or default,
        user_claim=entry.user_claim,
        prefix=entry.prefix,
        backend_digests=[parse_token_digest(each) for each in entry.backend_tokens],
    )


def parse_token_digest(text: str) -> bytes:
    """Read an element of `backend_tokens`: the digest, so that the setting isn't a credential.

    Raises:
        ValueError: it isn't a SHA-256; it may be the token itself, which the message leaves out.
    """
    match = _TOKEN_DIGEST.fullmatch(text)
    if match is None:
        msg = (
            "backend_tokens must be `sha256:` and the token's SHA-256 in lower-case hex, as"
            ' `printf %s "$token" | openssl dgst -sha256` prints it'
        )
        raise ValueError(msg)
    return bytes.fromhex(match[1])


def _check_secret(secret: str) -> None:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        msg = f"a secret must have at least {MIN_SECRET_BYTES} bytes"
        raise ValueError(msg)
    plain = re.sub(r"[^a-z0-9]", "", secret.casefold())
    if len(set(secret)) < _MIN_DIFFERENT_CHARS or _is_made_of_sample_words(plain):
        msg = "this secret is a well-known sample; create one with `openssl rand -hex 32`"
        raise ValueError(msg)


def _is_made_of_sample_words(text: str) -> bool:
    """Return whether text is an opening and then only sample words, in linear time."""
    # Marks each position that a sequence of words reaches, from left to right. A regular
    # expression would try every split: the words overlap ("changeme" is also "change", "me").
    reached = [False] * (len(text) + 1)
    for opening in _SAMPLE_OPENINGS:
        if text.startswith(opening):
            reached[len(opening)] = True
    for position in range(len(text)):
        if reached[position]:
            for word in _SAMPLE_WORDS:
                if text.startswith(word, position):
                    reached[position + len(word)] = True
    return reached[-1]


def _check_prefix(prefix: str) -> None:
    if not _PREFIX.fullmatch(prefix):
        msg = "prefix must have at most 32 characters of A-Z a-z 0-9 . _ | : @ -"
        raise ValueError(msg)
    if prefix and _overlap(prefix.casefold(), OWN_PREFIX):
        msg = f"prefix {prefix!r} overlaps with {OWN_PREFIX!r}, the prefix of local accounts"
        raise ValueError(msg)


def _overlap(one: str, other: str) -> bool:
    """Return whether an id could begin with both prefixes."""
    return one.startswith(other) or other.startswith(one)


def _check_keys(entry: _Entry) -> None:
    parts = urlsplit(entry.jwks_url)
    host = parts.hostname or ""
    # Anyone who can modify the response in transit can sign in as any user, so plain http is limited
    # to the local network.
    local = host == "127.0.0.1" or "." not in host
    if not host or (parts.scheme != "https" and not (parts.scheme == "http" and local)):
        msg = "jwks_url must be an https URL (http only for 127.0.0.1 or a bare host name)"
        raise ValueError(msg)
    if not entry.audience:
        msg = "audience is required: the issuer signs tokens for other applications with these keys"
        raise ValueError(msg)


def _check_together(issuers: Sequence[ExternalIssuer], own_issuer: str) -> None:
    seen: set[str | None] = set()
    for each in issuers:
        if each.issuer in (own_issuer, "local", BETTER_AUTH):
            msg = f"setting {VARIABLE}: the issuer {each.issuer!r} is this installation's own"
            raise SettingsError(msg)
        if each.issuer in seen:
            msg = f"setting {VARIABLE}: {each.issuer!r} has two entries"
            raise SettingsError(msg)
        seen.add(each.issuer)
    digests = list(chain.from_iterable(each.backend_digests for each in issuers))
    if len(set(digests)) < len(digests):
        msg = f"setting {VARIABLE}: a backend token is listed twice"
        raise SettingsError(msg)
    for one, other in combinations(issuers, 2):
        if one.realm != other.realm and _overlap(one.prefix, other.prefix):
            # Also with one empty prefix: its issuer could name a user "other|ada".
            hint = "; BETTER_AUTH_PREFIX sets that of Better Auth" * (one.realm == BETTER_AUTH)
            msg = (
                f"setting {VARIABLE}: {one.realm!r} and {other.realm!r} need different prefixes, "
                f"none of which begins another ({one.prefix!r}, {other.prefix!r}), "
                f"or two people could have one id{hint}"
            )
            raise SettingsError(msg)
