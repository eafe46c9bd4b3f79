"""The page in a real browser, over a scripted assistant: what a person can see and do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from assistant.types import AspectsInferred, MemoryRecalled, ScenarioRead
from tests import doubles
from tests.browser.conftest import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]


def expect(target: object) -> object:
    from playwright.sync_api import expect as playwright_expect

    playwright_expect.set_options(timeout=20_000)
    return playwright_expect(target)  # type: ignore[call-overload]


def ask(page: Page, words: str) -> None:
    page.get_by_label("Your message").fill(words)
    page.keyboard.press("Enter")


def answered(page: Page, words: str) -> None:
    """Asks, and waits for the answer to these words."""
    ask(page, words)
    page.locator("#live .ask", has_text=words).wait_for()
    page.locator("#live .turn:not(.running) .turn-tools").wait_for()


def test_an_empty_conversation_greets_and_its_openers_ask(site: Site, visit: Visit) -> None:
    page = visit(site)
    expect(page.locator("#live h1")).to_have_text("Hello Mara. What are you looking for today?")
    page.locator(".opener").first.click()
    expect(page.locator("#live .ask")).to_have_text("Trail shoes for wet ground, under $120")
    expect(page.locator("#live .card")).to_have_count(5)


def test_the_first_step_is_seen_within_300_ms(site: Site, visit: Visit) -> None:
    page = visit(site)
    page.locator(".opener").first.wait_for()
    assert site.assistant is not None
    site.assistant.hold_before = ScenarioRead
    page.evaluate(
        """() => { window.steps = []; new MutationObserver(() => {
             const line = document.querySelector('#live .running .line');
             if (line && !window.steps.length) window.steps.push(performance.now() - window.sent);
           }).observe(document.body, { childList: true, subtree: true, characterData: true });
           addEventListener('keydown', () => { window.sent = performance.now(); }, true); }"""
    )
    times = []
    for attempt in range(3):
        page.evaluate("window.steps = []")
        site.assistant.released.clear()
        ask(page, f"trail shoes, attempt {attempt}")
        page.wait_for_function("window.steps.length > 0")
        times.append(page.evaluate("window.steps[0]"))
        expect(page.locator("#live .line")).to_have_text(re.compile("Reading the situation…"))
        site.assistant.released.set()
        page.locator("#live .turn:not(.running) .turn-tools").wait_for()
    assert min(times) < 300


def test_the_line_fills_step_by_step(site: Site, visit: Visit) -> None:
    page = visit(site)
    assert site.assistant is not None
    site.assistant.hold_before = MemoryRecalled
    ask(page, "trail shoes")
    line = page.locator("#live .line")
    expect(line).to_contain_text(
        "Trail shoes for wet ground · weighed grip, width and drying · asking my memory about grip…"
    )
    expect(page.locator("#announce")).to_contain_text("asking my memory about grip")
    expect(page.get_by_label("Stop")).to_be_visible()
    site.assistant.released.set()
    expect(line).to_have_text(
        "Trail shoes for wet ground · weighed grip, width and drying · recalled 4 memories · 0.8 s"
    )
    expect(page.get_by_label("Send")).to_be_visible()


def test_steps_open_and_stay_open_while_the_turn_goes_on(site: Site, visit: Visit) -> None:
    page = visit(site)
    assert site.assistant is not None
    site.assistant.hold_before = MemoryRecalled
    ask(page, "trail shoes")
    page.locator("#live .reasoning > summary").click()
    expect(page.get_by_text("What matters")).to_be_visible()
    site.assistant.released.set()
    expect(page.get_by_text("My memory of “drying”")).to_be_visible()
    expect(page.get_by_text("A light trail running shoe")).to_be_visible()


def test_a_memory_opens_its_source_in_the_persons_own_words(site: Site, visit: Visit) -> None:
    page = visit(site)
    answered(page, "trail shoes")
    memory = page.locator("#now .memory", has_text="wide toe box")
    memory.get_by_text("Where I know it from").click()
    expect(memory.get_by_text("First trail shoe in years that does not squeeze.")).to_be_visible()
    expect(memory).to_contain_text("5 of 5 stars · $109 · 1 November 2023")


def test_a_mark_lights_up_its_memory(site: Site, visit: Visit) -> None:
    page = visit(site)
    answered(page, "trail shoes")
    page.locator("#live .card").first.get_by_label("Show memory 1").hover()
    expect(page.locator(".memory.lit")).to_contain_text("wide toe box")


def test_a_like_is_kept_and_shown_again_after_a_reload(site: Site, visit: Visit) -> None:
    page = visit(site)
    answered(page, "trail shoes")
    page.get_by_label("Like product 2", exact=True).click()
    expect(page.get_by_label("Like product 2", exact=True)).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_label("Like product 2", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Like product 2", exact=True).click()
    expect(page.get_by_label("Like product 2", exact=True)).to_have_attribute("aria-pressed", "false")


def test_more_products_on_demand(site: Site, visit: Visit) -> None:
    page = visit(site)
    answered(page, "trail shoes")
    expect(page.locator("#live .card:visible")).to_have_count(3)
    page.get_by_text("Show 2 more").click()
    expect(page.locator("#live .card:visible")).to_have_count(5)


def test_follow_ups_ask_again_and_edit(site: Site, visit: Visit) -> None:
    page = visit(site, "?user=noor")
    answered(page, "trail shoes")
    page.get_by_role("button", name="Cheaper").click()
    expect(page.locator("#live .ask")).to_have_text("Cheaper")
    page.locator("#live .turn-tools").wait_for()
    expect(page.locator("#history article")).to_have_count(1)
    page.get_by_role("button", name="Edit my message").click()
    expect(page.get_by_label("Your message")).to_have_value("Cheaper")
    answered(page, "Much cheaper")
    expect(page.locator("#history article")).to_have_count(1)
    page.get_by_role("button", name="Why product 1?").last.click()
    expect(page.locator("#live .ask")).to_have_text("Why 1?")
    page.locator("#live .turn:not(.running) .turn-tools").wait_for()
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("article")).to_have_count(3)


def test_stop(site: Site, visit: Visit) -> None:
    page = visit(site)
    assert site.assistant is not None
    site.assistant.hold_before = AspectsInferred
    ask(page, "trail shoes")
    page.locator("#live .running").wait_for()
    page.get_by_label("Stop").click()
    expect(page.locator("#live .line")).to_contain_text("topping…")
    site.assistant.released.set()
    expect(page.get_by_text("Stopped before I had an answer.")).to_be_visible()


def test_a_reload_in_mid_turn_finds_it_again(site: Site, visit: Visit) -> None:
    page = visit(site)
    assert site.assistant is not None
    site.assistant.hold_before = MemoryRecalled
    ask(page, "trail shoes, slowly")
    expect(page.locator("#live .line")).to_contain_text("asking my memory")
    page.wait_for_url("**session=*")
    page.reload()
    expect(page.locator("#live .line")).to_contain_text("asking my memory")
    site.assistant.released.set()
    expect(page.locator("#live .card")).to_have_count(5)


def test_conversations_are_reopened_renamed_and_deleted(site: Site, visit: Visit) -> None:
    page = visit(site, "?user=noor")
    answered(page, "the first of two")
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("#live h1")).to_contain_text("Hello Noor.")
    answered(page, "the second of two")
    page.get_by_role("button", name="The first of two", exact=True).click()
    expect(page.locator("#live .ask")).to_have_text("the first of two")
    page.go_back()
    expect(page.locator("#live .ask")).to_have_text("the second of two")
    row = page.locator(".session", has_text="The second of two")
    row.hover()
    row.get_by_label("Rename or delete").click()
    row.get_by_label("Title").fill("Wet feet")
    row.get_by_role("button", name="Rename").click()
    row = page.locator(".session", has_text="Wet feet")
    row.hover()
    row.get_by_label("Rename or delete").click()
    row.get_by_text("Delete", exact=True).click()
    row.get_by_role("button", name="Delete it").click()
    expect(page.locator(".session", has_text="Wet feet")).to_have_count(0)
    expect(page.locator("#live h1")).to_contain_text("Hello Noor.")


def test_a_switch_of_person_in_mid_conversation(site: Site, visit: Visit) -> None:
    page = visit(site)
    assert site.assistant is not None
    site.assistant.hold_before = MemoryRecalled
    ask(page, "trail shoes")
    expect(page.locator("#live .line")).to_contain_text("asking my memory")
    page.get_by_role("button", name="Switch person").click()
    page.get_by_role("button", name="Theo Okafor").click()
    expect(page.locator("#live h1")).to_contain_text("Hello Theo.")
    site.assistant.released.set()
    page.get_by_role("tab", name="All I remember").click()
    expect(page.locator("#all")).to_contain_text("cast iron")
    for secret in ("toe box", "Fellrunner", "Mara"):
        expect(page.locator("#shell")).not_to_contain_text(secret)


def test_two_tabs_of_two_people(site: Site, visit: Visit) -> None:
    mara, theo = visit(site, "?user=mara"), visit(site, "?user=theo")
    ask(mara, "shoes of mine")
    ask(theo, "a pan of mine")
    expect(mara.locator("#live .ask")).to_have_text("shoes of mine")
    expect(theo.locator("#live .ask")).to_have_text("a pan of mine")
    for page, other in ((mara, "A pan of mine"), (theo, "Shoes of mine")):
        page.locator("#live .turn:not(.running) .turn-tools").wait_for()
        expect(page.locator("#conversations")).not_to_contain_text(other)


def test_memories_are_searched_filtered_and_forgotten(site: Site, visit: Visit) -> None:
    page = visit(site)
    page.get_by_role("tab", name="All I remember").click()
    page.get_by_label("Search what I remember").press_sequentially("no smell")
    expect(page.locator("#all .memory")).to_have_count(1)
    expect(page.locator("#all .panel-note")).to_have_text("1 of 5 memories.")
    page.get_by_label("Search what I remember").fill("")
    page.get_by_label("Kind").select_option("pattern")
    expect(page.locator("#all .memory")).to_have_count(2)
    memory = page.locator("#all .memory", has_text="waterproof linings")
    memory.get_by_text("Forget this").click()
    memory.get_by_role("button", name="Forget it").click()
    expect(page.locator("#all .memory")).to_have_count(1)
    page.get_by_role("tab", name="Buyers weigh").click()
    expect(page.locator("#weigh")).to_be_visible()


def test_an_error_says_what_to_do_and_the_conversation_goes_on(site: Site, visit: Visit) -> None:
    page = visit(site)
    assert site.assistant is not None
    site.assistant.script = doubles.answer_failing
    ask(page, "trail shoes")
    expect(page.get_by_role("alert").filter(has_text="did not answer within 60 s")).to_be_visible()
    site.assistant.script = doubles.answer_well
    page.get_by_role("button", name="Ask again").click()
    expect(page.locator("#live .card")).to_have_count(5)


def test_hostile_texts_run_nothing(site: Site, visit: Visit) -> None:
    page = visit(site)
    assert site.assistant is not None
    site.assistant.script = doubles.answer_oddly
    page.on("dialog", lambda dialog: site.errors.append(dialog.message))
    answered(page, "<img src=x onerror=alert(1)> ${alert(1)} {{constructor}}")
    expect(page.locator("#live .ask")).to_have_text("<img src=x onerror=alert(1)> ${alert(1)} {{constructor}}")
    expect(page.locator("#live .card").nth(1)).to_contain_text('<script>alert("x")</script><b>Bold</b> ${1+1}')
    expect(page.locator("#live img, #live script")).to_have_count(0)


def test_a_message_that_is_too_long_is_kept_and_refused_with_words(site: Site, visit: Visit) -> None:
    page = visit(site)
    box = page.get_by_label("Your message")
    box.fill("shoes " * 20_000)
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("I read up to 2,000. Please shorten it.")
    assert len(box.input_value()) > 100_000
    box.fill("   ")
    box.press("Enter")
    expect(page.locator("#live h1")).to_be_visible()


def test_a_draft_outlives_a_reload_until_it_is_sent(site: Site, visit: Visit) -> None:
    page = visit(site)
    page.get_by_label("Your message").click()
    page.keyboard.type("half a thou")
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("half a thou")
    answered(page, "half a thought")
    page.reload()
    expect(page.locator("#live .ask")).to_have_text("half a thought")
    expect(page.get_by_label("Your message")).to_have_value("")


def test_the_keyboard_alone(site: Site, visit: Visit) -> None:
    page = visit(site)
    page.get_by_label("Your message").click()
    page.keyboard.type("one line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and another")
    page.keyboard.press("Enter")
    expect(page.locator("#live .ask")).to_contain_text("and another")
    page.locator("#live .turn-tools").wait_for()
    page.get_by_role("button", name="Switch person").press("Enter")
    dialog = page.get_by_role("dialog", name="Who am I helping?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Switch person")).to_be_focused()
    page.get_by_role("tab", name="This answer").press("ArrowRight")
    expect(page.get_by_role("tab", name="All I remember")).to_be_focused()
    expect(page.locator("#panel-all")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1024, "dark"), (390, "light"), (390, "dark")])
def test_nothing_is_wider_than_the_window(site: Site, visit: Visit, width: int, scheme: str) -> None:
    page = visit(site, width=width, height=844, color_scheme=scheme)
    assert site.assistant is not None
    site.assistant.script = doubles.answer_oddly
    answered(page, "something odd " + "x" * 400)
    page.locator("#live .reasoning > summary").click()
    beyond = page.evaluate(
        """() => [...document.querySelectorAll('#middle *')].filter((one) => {
             const box = one.getBoundingClientRect();
             return box.width && box.right > innerWidth + 1; }).map((one) => one.className || one.tagName)"""
    )
    assert beyond == []


def test_on_a_phone_memory_is_a_sheet_and_conversations_a_drawer(site: Site, visit: Visit) -> None:
    page = visit(site, width=390, height=844, has_touch=True)
    answered(page, "trail shoes")
    expect(page.locator("#right")).to_be_hidden()
    page.get_by_role("button", name="4 memories behind this").tap()
    expect(page.locator("#now .memory").first).to_be_visible()
    page.get_by_label("Close memory").tap()
    expect(page.locator("#right")).to_be_hidden()
    page.locator("#live .card").first.get_by_label("Show memory 1").tap()
    expect(page.locator(".memory.lit")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("People and conversations").tap()
    page.get_by_role("button", name="New conversation").tap()
    expect(page.locator("#live h1")).to_be_visible()
    expect(page.locator("#left")).to_be_hidden()


def test_reduced_motion_is_respected(site: Site, visit: Visit) -> None:
    page = visit(site, reduced_motion="reduce")
    assert site.assistant is not None
    site.assistant.hold_before = MemoryRecalled
    ask(page, "trail shoes")
    expect(page.locator("#live .pulse")).to_have_css("animation-name", "none")


def test_a_page_that_never_saw_a_person_falls_back_to_the_first(site: Site, visit: Visit) -> None:
    page = visit(site, "?user=<b>nobody</b>&session=stolen")
    expect(page.locator("#live h1")).to_contain_text("Hello Mara.")


def test_compare_fills_column_by_column_and_marks_what_differs(site: Site, visit: Visit) -> None:
    page = visit(site, "?user=theo")
    assert site.assistant is not None
    site.assistant.hold_before = ScenarioRead
    page.get_by_role("button", name="Compare side by side").click()
    expect(page.get_by_label("The request")).to_be_focused()
    page.get_by_label("The request").fill("trail shoes")
    page.keyboard.press("Enter")
    columns = page.locator(".contestant")
    expect(columns).to_have_count(4)
    expect(columns.nth(0)).to_contain_text("Thinking…")
    expect(columns.nth(3)).to_contain_text("Next…")
    site.assistant.released.set()
    expect(columns.nth(0)).to_contain_text("No memory read")
    expect(columns.nth(3)).to_contain_text("88 memory tokens read")
    expect(columns.nth(3).get_by_text("Only here")).to_have_count(1)
    expect(columns.locator(".card")).to_have_count(16)
    page.get_by_text("Who asks").click()
    expect(columns).to_have_count(3)
    expect(columns.nth(1)).to_contain_text("Theo Okafor")
    page.reload()
    expect(page.get_by_label("The request")).to_be_visible()
    page.get_by_role("button", name="Back to the conversation").click()
    expect(page.locator("#live h1")).to_contain_text("Hello Theo.")
    expect(page.locator("#compare")).to_be_hidden()
    page.go_back()
    expect(page.get_by_label("The request")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_comparison_scrolls_inside_the_window(site: Site, visit: Visit, width: int) -> None:
    page = visit(site, "?user=mara&view=compare", width=width, height=844)
    page.get_by_label("The request").fill("trail shoes")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".contest[data-done=true] .contestant")).to_have_count(4)
    assert page.evaluate("document.querySelector('#compare').scrollWidth <= innerWidth")
    last = page.locator(".contestant").last
    last.scroll_into_view_if_needed()
    expect(last.locator(".card").first).to_be_in_viewport()
