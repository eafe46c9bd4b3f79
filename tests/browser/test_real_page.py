"""The page in a real browser over the real assistant: the rules policy, a real store, and a server that restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from assistant.policy.rules import RulesPolicy
from assistant.ui.desk import Desk
from assistant.ui.door import Door
from memory_store.embedding import Embedder
from tests.browser.conftest import Site, free_port, served
from tests.browser.test_page import answered, ask, expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]


def test_a_person_asks_for_something(open_assistant: Any, embedder: Embedder, visit: Visit) -> None:
    assistant = open_assistant(RulesPolicy(embedder))
    with served(Door(Desk(assistant, "small shop"))) as address:
        site = Site(address, None, [], [])
        page = visit(site, "")
        expect(page.locator("#live h1")).to_contain_text("Ada")
        answered(page, "shampoo")
        expect(page.locator("#live .card").first).to_contain_text("Fragrance-Free")
        page.locator("#live .reasoning > summary").click()
        expect(page.get_by_text("ideal item profile")).to_be_visible()
        memory = page.locator("#now .memory.used").first
        memory.locator(".source summary").click()
        expect(memory.locator("blockquote").first).to_be_visible()
        answered(page, "cheaper")
        answered(page, "why 1?")
        answered(page, "what about for my sister?")
        expect(page.locator("#now")).to_contain_text("somebody else")

        page.get_by_role("button", name="Switch person").click()
        page.get_by_role("button", name="Bo Lind").click()
        expect(page.locator("#live h1")).to_contain_text("Bo")
        expect(page.locator("#conversations")).to_contain_text("No conversations yet")
        answered(page, "shampoo")
        expect(page.locator("#live .card").first).to_contain_text("Lavender")
        expect(page.locator("#now")).not_to_contain_text("headache")
        assert site.outside == site.errors == []


def test_two_people_at_once_in_two_tabs(open_assistant: Any, embedder: Embedder, visit: Visit) -> None:
    assistant = open_assistant(RulesPolicy(embedder))
    with served(Door(Desk(assistant, "small shop"))) as address:
        site = Site(address, None, [], [])
        ada, bo = visit(site, "?user=ada"), visit(site, "?user=bo")
        ask(ada, "shampoo")
        ask(bo, "shampoo")
        expect(ada.locator("#live .card").first).to_contain_text("Fragrance-Free")
        expect(bo.locator("#live .card").first).to_contain_text("Lavender")
        for page, foreign in ((ada, "whole bathroom smells"), (bo, "gave me a headache")):
            page.get_by_role("tab", name="All I remember").click()
            expect(page.locator("#all .memory").first).to_be_visible()
            expect(page.locator("#right")).not_to_contain_text(foreign)


def test_a_conversation_outlives_the_server(open_assistant: Any, embedder: Embedder, visit: Visit) -> None:
    port = free_port()
    assistant = open_assistant(RulesPolicy(embedder))
    with served(Door(Desk(assistant, "small shop")), port) as address:
        site = Site(address, None, [], [])
        page = visit(site, "?user=ada")
        answered(page, "shampoo")
        expect(page.locator("#live .card").first).to_contain_text("Fragrance-Free")
        page.wait_for_url("**session=*")
    assistant.close()
    again = open_assistant(RulesPolicy(embedder))
    with served(Door(Desk(again, "small shop")), port):
        page.reload()
        expect(page.locator("#live .ask")).to_have_text("shampoo")
        expect(page.locator("#live .card").first).to_contain_text("Fragrance-Free")
        answered(page, "cheaper")
        expect(page.locator("#history article")).to_have_count(1)


def test_the_page_waits_for_the_store_and_opens_by_itself(
    open_assistant: Any, embedder: Embedder, visit: Visit
) -> None:
    door = Door()
    door.tell("items", 28, 28)
    door.tell("vectors", 7, 28)
    with served(door) as address:
        page = visit(Site(address, None, [], []), "")
        expect(page.get_by_text("Setting up, this once")).to_be_visible()
        expect(page.get_by_text("7 of 28")).to_be_visible()
        expect(page.get_by_label("Your message")).to_be_hidden()
        door.desk = Desk(open_assistant(RulesPolicy(embedder)), "small shop")
        expect(page.locator("#live h1")).to_contain_text("Ada")
        expect(page.get_by_label("Your message")).to_be_visible()
