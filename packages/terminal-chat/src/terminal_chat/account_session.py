"""A signed-in account: its tokens, and their renewal before they expire."""

import getpass
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import httpx

from terminal_chat.credential_store import CredentialStore, StoredAccount
from terminal_chat.errors import ChatError, SignedOutError
from terminal_chat.http_calls import REFRESH_COOKIE, call

# A token with less time left is renewed before use.
MARGIN_S: Final = 30.0
GENERATED_DOMAIN: Final = "cli.example.com"
LINK_PAGE: Final = "/sign-in-link"
T = TypeVar("T")


class AccountSession:
    """The client's account at one deployment.

    Args:
        key: the account's key in the store.
        notify: prints a line for the user.
        prompt_password: asks the user for the password of an e-mail address; None without a
            terminal.

    Attributes:
        has_created_account: this command has signed up, with a password that only the client knows.
    """

    def __init__(
        self,
        client: httpx.Client,
        store: CredentialStore,
        key: str,
        *,
        timezone: str,
        notify: Callable[[str], None],
        prompt_password: Callable[[str], str] | None,
    ) -> None:
        self._client = client
        self._store = store
        self._key = key
        self._timezone = timezone
        self._notify = notify
        self._prompt_password = prompt_password
        self._account = store.load_account(key) or StoredAccount(email="")
        self.has_created_account = False

    @property
    def user_id(self) -> str:
        """The ID of the signed-in user."""
        return self._account.user_id

    @property
    def timezone(self) -> str:
        """The user's time zone."""
        return self._timezone

    def open(self, environ: Mapping[str, str]) -> None:
        """Sign in as TODOCHAT_EMAIL, with the stored account, or with a new one.

        Raises:
            ChatError: sign-in or sign-up failed.
        """
        email = environ.get("TODOCHAT_EMAIL", "")
        if email and email != self._account.email:
            self._sign_in(email, environ.get("TODOCHAT_PASSWORD") or self._password_for(email))
        elif not self._account.email:
            self._create_account()
        self.login_token()

    def login_token(self) -> str:
        """Return a login token that is valid for at least MARGIN_S.

        Raises:
            ChatError: the account is no longer accepted.
        """
        if self._is_signed_in() or self._renew():
            return self._account.login_token
        email, password = self._account.email, self._account.password
        try:
            self._sign_in(email, password or self._password_for(email), keep=bool(password))
        except SignedOutError:
            if not password:
                raise
            # An account that this client created was rejected: the deployment's data was reset.
            self._create_account()
        return self._account.login_token

    def client_secret(self, *, fresh: bool = False) -> str:
        """Return a client secret for the chat.

        Args:
            fresh: the current one was rejected.
        """
        if fresh or time.time() > self._account.secret_expires_at - MARGIN_S:
            issued = self.retry_signed_in(self._request_secret)
            with self._store.locked():
                self._adopt_stored()
                self._account.client_secret = issued["client_secret"]
                expires_at = datetime.fromisoformat(issued["expires_at"])
                self._account.secret_expires_at = expires_at.timestamp()
                self._save_if_current()
        return self._account.client_secret

    def retry_signed_in(self, request: Callable[[], T]) -> T:
        """Send a request that needs a login token; renew a rejected token once."""
        try:
            return request()
        except SignedOutError:
            self._account.login_expires_at = 0.0
            return request()

    def create_sign_in_link(self) -> str:
        """Return a URL that signs the user in to a browser; it works once, for 10 minutes.

        Raises:
            ChatError: the deployment issues no such links, or its site has no page for them.
        """
        try:
            call(self._client, "GET", LINK_PAGE)
        except ChatError as error:
            msg = f"the site at {self._client.base_url} has no page for sign-in links: {error}"
            raise ChatError(msg) from error
        token = self.retry_signed_in(self._request_link_token)
        return f"{str(self._client.base_url).rstrip('/')}{LINK_PAGE}#{token}"

    def _is_signed_in(self) -> bool:
        account = self._account
        return bool(account.login_token) and time.time() < account.login_expires_at - MARGIN_S

    def _request_link_token(self) -> str:
        self.login_token()
        with self._store.locked():  # the request needs the current refresh token
            self._adopt_stored()
            headers = {
                "Authorization": f"Bearer {self._account.login_token}",
                "Cookie": f"{REFRESH_COOKIE}={self._account.refresh_token}",
            }
            response = call(self._client, "POST", "/api/auth/sign-in-links", headers=headers)
        token: str = response.json()["token"]
        return token

    def _request_secret(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.login_token()}"}
        body = {"user_id": self.user_id}
        issued: dict[str, Any] = call(
            self._client, "POST", "/api/chatkit/session", json=body, headers=headers
        ).json()
        return issued

    def _renew(self) -> bool:
        """Get a new login token, or use one that another command got; False if signed out.

        Using a refresh token twice ends the session, so it is read and replaced under one lock:
        the one in memory can be outdated.
        """
        with self._store.locked():
            expired = self._account.login_token
            self._adopt_stored()
            if self._account.login_token != expired and self._is_signed_in():
                return True
            if not self._account.refresh_token:
                return False
            headers = {"Cookie": f"{REFRESH_COOKIE}={self._account.refresh_token}"}
            try:
                response = call(self._client, "POST", "/api/auth/refresh", headers=headers)
            except SignedOutError:
                return False
            self._apply_tokens(response)
            self._save_if_current()
            return True

    def _adopt_stored(self) -> None:
        """Load tokens that other commands have stored for this account since."""
        stored = self._store.load_account(self._key)
        if stored is not None and stored.email == self._account.email:
            self._account = stored

    def _save_if_current(self) -> None:
        """Store the account, unless another command has signed in with a different one since."""
        stored = self._store.load_account(self._key)
        if stored is None or stored.email == self._account.email:
            self._store.save_account(self._key, self._account)

    def _sign_in(self, email: str, password: str, *, keep: bool = False) -> None:
        body = {"email": email, "password": password}
        response = call(self._client, "POST", "/api/auth/sign-in", json=body)
        self._switch_account(
            StoredAccount(email=email, password=password if keep else ""), response
        )

    def _create_account(self) -> None:
        """Sign up with a generated e-mail address and password.

        Raises:
            ChatError: sign-up is closed.
        """
        email = f"{getpass.getuser()}-{secrets.token_hex(4)}@{GENERATED_DOMAIN}".lower()
        password = secrets.token_urlsafe(24)
        body = {"email": email, "password": password, "timezone": self._timezone}
        try:
            response = call(self._client, "POST", "/api/auth/sign-up", json=body)
        except ChatError as error:
            msg = f"{error} To use an existing account, set TODOCHAT_EMAIL and TODOCHAT_PASSWORD."
            raise ChatError(msg) from error
        self._switch_account(StoredAccount(email=email, password=password), response)
        self.has_created_account = True
        self._notify(f"created an account for you at {self._client.base_url}: {email}")

    def _password_for(self, email: str) -> str:
        if self._prompt_password is None:
            msg = f"signed out; set TODOCHAT_PASSWORD to sign in as {email}"
            raise SignedOutError(msg)
        return self._prompt_password(email)

    def _switch_account(self, account: StoredAccount, response: httpx.Response) -> None:
        """Use another account in this command and in later ones."""
        self._account = account
        self._apply_tokens(response)
        with self._store.locked():
            self._store.save_account(self._key, account)

    def _apply_tokens(self, response: httpx.Response) -> None:
        """Copy the user and the tokens from the response of a sign-in, sign-up or refresh."""
        issued, account = response.json(), self._account
        account.user_id = issued["user"]["id"]
        account.login_token = issued["access_token"]
        account.login_expires_at = time.time() + issued["expires_in"]
        account.refresh_token = response.cookies.get(REFRESH_COOKIE) or account.refresh_token
        account.client_secret, account.secret_expires_at = "", 0.0
        self._client.cookies.clear()  # the refresh token is sent explicitly, where it is needed
