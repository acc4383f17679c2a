"""Being signed in: an account, its tokens, and new ones in time."""

import getpass
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import httpx

from todochat_local.chat.credential import Account, CredentialStore
from todochat_local.chat.deployment import REFRESH_COOKIE, call
from todochat_local.chat.error import ChatError, SignedOutError

# A token that ends this soon is renewed before it is used.
MARGIN_S: Final = 30.0
GENERATED_DOMAIN: Final = "cli.example.com"
LINK_PAGE: Final = "/sign-in-link"


class Session:
    """The client's account at one deployment.

    Args:
        key: under which the account is stored.
        say: tells the person something.
        ask_password: asks the person for the password of an e-mail address; None if nobody can.

    Attributes:
        has_made_account: this command has signed up; nobody but the client knows the password.
    """

    def __init__(
        self,
        client: httpx.Client,
        store: CredentialStore,
        key: str,
        *,
        timezone: str,
        say: Callable[[str], None],
        ask_password: Callable[[str], str] | None,
    ) -> None:
        self._client = client
        self._store = store
        self._key = key
        self._timezone = timezone
        self._say = say
        self._ask_password = ask_password
        self._account = store.load(key) or Account(email="")
        self.has_made_account = False

    @property
    def user_id(self) -> str:
        """Who is signed in."""
        return self._account.user_id

    @property
    def timezone(self) -> str:
        """The zone in which the person speaks of times."""
        return self._timezone

    def open(self, environ: Mapping[str, str]) -> None:
        """Sign in as TODOCHAT_EMAIL, with the stored account, or with a new one.

        Raises:
            ChatError: nothing of that works.
        """
        email = environ.get("TODOCHAT_EMAIL", "")
        if email and email != self._account.email:
            self._sign_in(email, environ.get("TODOCHAT_PASSWORD") or self._ask(email))
        elif not self._account.email:
            self._make_account()
        self.login_token()

    def login_token(self) -> str:
        """Return a login token that is good for a while.

        Raises:
            ChatError: the account is no longer accepted.
        """
        if not self._is_signed_in() and not self._renew():
            self._sign_in_again()
        return self._account.login_token

    def _is_signed_in(self) -> bool:
        account = self._account
        return bool(account.login_token) and time.time() < account.login_expires_at - MARGIN_S

    def client_secret(self, *, fresh: bool = False) -> str:
        """Return a secret that opens the chat.

        Args:
            fresh: the one in hand was refused.
        """
        account = self._account
        if fresh or time.time() > account.secret_expires_at - MARGIN_S:
            try:
                answer = self._ask_for_secret()
            except SignedOutError:
                self._account.login_expires_at = 0.0
                answer = self._ask_for_secret()
            with self._store.locked():
                self._adopt()
                self._account.client_secret = answer["client_secret"]
                self._account.secret_expires_at = _timestamp(answer["expires_at"])
                self._keep()
        return self._account.client_secret

    def sign_in_link(self) -> str:
        """Return an address that signs the person in to a browser, once, within 10 minutes.

        Raises:
            ChatError: the deployment makes no such links, or its site has no page for them.
        """
        try:
            call(self._client, "GET", LINK_PAGE)
        except ChatError as error:
            msg = f"the site at {self._client.base_url} has no page for sign-in links: {error}"
            raise ChatError(msg) from error
        try:
            token = self._ask_for_link()
        except SignedOutError:
            self._account.login_expires_at = 0.0
            token = self._ask_for_link()
        return f"{str(self._client.base_url).rstrip('/')}{LINK_PAGE}#{token}"

    def _ask_for_link(self) -> str:
        self.login_token()
        with self._store.locked():  # the refresh token has to be the present one
            self._adopt()
            headers = {
                "Authorization": f"Bearer {self._account.login_token}",
                "Cookie": f"{REFRESH_COOKIE}={self._account.refresh_token}",
            }
            answer = call(self._client, "POST", "/api/auth/sign-in-links", headers=headers)
        token: str = answer.json()["token"]
        return token

    def _ask_for_secret(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.login_token()}"}
        body = {"user_id": self.user_id}
        answer: dict[str, Any] = call(
            self._client, "POST", "/api/chatkit/session", json=body, headers=headers
        ).json()
        return answer

    def _renew(self) -> bool:
        """Get a new login token, or the one that another command has got; False if signed out.

        A refresh token that is used twice ends the session, so it is read and replaced under
        one lock: the one in memory may be an old one.
        """
        with self._store.locked():
            expired = self._account.login_token
            self._adopt()
            if self._account.login_token != expired and self._is_signed_in():
                return True
            return bool(self._account.refresh_token) and self._refresh()

    def _adopt(self) -> None:
        """Take over what other commands have stored for this account since."""
        stored = self._store.load(self._key)
        if stored is not None and stored.email == self._account.email:
            self._account = stored

    def _keep(self) -> None:
        """Store the account, unless another command has signed in as somebody else since."""
        stored = self._store.load(self._key)
        if stored is None or stored.email == self._account.email:
            self._store.save(self._key, self._account)

    def _refresh(self) -> bool:
        """Trade the refresh token for a new one; False if it is no longer good."""
        headers = {"Cookie": f"{REFRESH_COOKIE}={self._account.refresh_token}"}
        try:
            response = call(self._client, "POST", "/api/auth/refresh", headers=headers)
        except SignedOutError:
            return False
        self._accept(response)
        self._keep()
        return True

    def _sign_in_again(self) -> None:
        email, password = self._account.email, self._account.password
        try:
            self._sign_in(email, password or self._ask(email), keep=bool(password))
        except SignedOutError:
            if not password:
                raise
            # Made by this client, refused now: the deployment's data was reset.
            self._make_account()

    def _sign_in(self, email: str, password: str, *, keep: bool = False) -> None:
        body = {"email": email, "password": password}
        response = call(self._client, "POST", "/api/auth/sign-in", json=body)
        self._begin(Account(email=email, password=password if keep else ""), response)

    def _make_account(self) -> None:
        """Sign up under a name of our own.

        Raises:
            ChatError: the deployment wants to know people first.
        """
        email = f"{getpass.getuser()}-{secrets.token_hex(4)}@{GENERATED_DOMAIN}".lower()
        password = secrets.token_urlsafe(24)
        body = {"email": email, "password": password, "timezone": self._timezone}
        try:
            response = call(self._client, "POST", "/api/auth/sign-up", json=body)
        except ChatError as error:
            msg = f"{error} For an account you have, set TODOCHAT_EMAIL and TODOCHAT_PASSWORD."
            raise ChatError(msg) from error
        self._begin(Account(email=email, password=password), response)
        self.has_made_account = True
        self._say(f"made an account for you at {self._client.base_url}: {email}")

    def _ask(self, email: str) -> str:
        if self._ask_password is None:
            msg = f"signed out; set TODOCHAT_PASSWORD to sign in as {email}"
            raise SignedOutError(msg)
        return self._ask_password(email)

    def _begin(self, account: Account, response: httpx.Response) -> None:
        """Be somebody else from now on, in this command and in later ones."""
        self._account = account
        self._accept(response)
        with self._store.locked():
            self._store.save(self._key, account)

    def _accept(self, response: httpx.Response) -> None:
        """Take over what a sign-in, a sign-up or a refresh answered."""
        answer, account = response.json(), self._account
        account.user_id = answer["user"]["id"]
        account.login_token = answer["access_token"]
        account.login_expires_at = time.time() + answer["expires_in"]
        account.refresh_token = response.cookies.get(REFRESH_COOKIE) or account.refresh_token
        account.client_secret, account.secret_expires_at = "", 0.0
        self._client.cookies.clear()  # the token is sent where it is needed, by hand


def _timestamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
