"""`examples/embed` on an origin of its own, against a real stack and the packed npm packages."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from browser.browser_kit import Visit
from browser.embed_example_kit import CustomersPage, remind, sign_in
from browser.embed_kit import text_without_script
from release_kit import pack_packages
from stack_kit import Stack
from todochat.testing.model_server import ScriptedModelServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # a stack of its own


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> CustomersPage:
    tarballs = pack_packages(tmp_path_factory.mktemp("tarballs"))
    return CustomersPage.install(tarballs, tmp_path_factory.mktemp("embed"))


@pytest.fixture(scope="module")
def chat_server(customers: CustomersPage, model_server: ScriptedModelServer) -> Iterator[Stack]:
    yield from customers.run_stack(model_server.url)


async def test_page_tells_that_the_script_of_the_chat_is_missing(
    customers: CustomersPage, chat_server: Stack, visit: Visit
) -> None:
    async with customers.serve(chat_server.edge):
        ada = await visit(customers.origin)
        ada.watch.expect_origin(chat_server.edge)
        ada.watch.expect_failures("/chatkit/chatkit.js")
        await ada.page.route("**/chatkit/chatkit.js", lambda route: route.abort())

        await sign_in(ada.page)
        await ada.page.get_by_role("button", name="Jonas Weber").click()

        assert await text_without_script(ada.page) == '"The chat could not be loaded."'


@pytest.mark.parametrize("form", ["script", "packages"])
async def test_assistant_adds_a_task_for_the_customer_of_the_page(
    form: str,
    customers: CustomersPage,
    chat_server: Stack,
    model_server: ScriptedModelServer,
    visit: Visit,
) -> None:
    if form == "packages":
        customers.bundle_packages()

    async with customers.serve(chat_server.edge):
        ada = await visit(customers.origin)
        ada.watch.expect_origin(chat_server.edge)
        chat = await remind(ada.page, model_server)

        await expect(chat.widgets.last).to_contain_text("Call Jonas Weber, 555 0178")
        assert "a wild flower meadow" in str(model_server.requests[-1].history)
