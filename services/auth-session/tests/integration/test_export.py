"""Exporting an account."""

from auth_kit import PASSWORD, Browser, Connection, Service, bearer


async def test_the_export_has_account_sessions_and_tokens_but_no_secret(
    browser: Browser, database: Connection
) -> None:
    signed_up = (await browser.sign_up(name="Grace", timezone="Europe/Berlin")).json()
    login, user = signed_up["access_token"], signed_up["user"]
    await browser.sign_in()
    body = {"name": "cron", "scopes": ["chat"], "password": PASSWORD}
    made = (await browser.post("/api/auth/tokens", body, headers=bearer(login))).json()

    response = await browser.http.get("/api/auth/me/export", headers=bearer(login))

    export = response.json()
    password_hash = await database.fetchval(
        "SELECT password_hash FROM passwords WHERE user_id = $1", user["id"]
    )
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert {name: export["account"][name] for name in user} == user
    assert export["account"]["password_changed_at"] is not None
    assert len(export["sessions"]) == 2
    assert [token["id"] for token in export["access_tokens"]] == [made["id"]]
    assert browser.refresh_token is not None
    for secret in (password_hash, PASSWORD, made["token"], login, browser.refresh_token):
        assert secret not in response.text


async def test_an_access_token_cannot_export(service: Service) -> None:
    browser = service.browser()
    login = (await browser.sign_up()).json()["access_token"]
    body = {"name": "cron", "scopes": ["chat", "tasks"], "password": PASSWORD}
    made = (await browser.post("/api/auth/tokens", body, headers=bearer(login))).json()

    response = await browser.http.get("/api/auth/me/export", headers=bearer(made["token"]))

    assert response.status_code == 403
