"""The HTML report as a person has it: in a browser, at any width, in light and dark, without a mouse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.hostile_page import HOSTILE, hostile_page
from tests.support.large_report import NAMES, large
from tests.support.results import mixed_sample
from tornado_resource.reports.baseline import Baseline
from tornado_resource.reports.html import html
from tornado_resource.reports.trends import PastRun, Trend, Trends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from tornado_resource.reports.model import Report

CONTRAST = """
() => {
  const luminance = color => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const ground = element => {
    for (let node = element; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (!color.endsWith(', 0)') && color !== 'transparent') return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const ratio = element => {
    const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  };
  const names = 'h1, h2, h3, p, dt, dd, td, th, li, code, .badge, .key, .marks > *, summary';
  const chosen = document.querySelectorAll(names);
  return Math.min(...[...chosen].map(ratio));
}
"""


@pytest.fixture
def opened(tab: Page, tmp_path: Path) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Open a page from a file; give it, and all that it complained of or asked for."""
    file, troubles = tmp_path / "report.html", list[str]()
    listeners: dict[Any, Callable[[Any], None]] = {
        "console": lambda message: troubles.append(message.text),
        "pageerror": lambda error: troubles.append(str(error)),
        "request": lambda request: troubles.append(request.url) if request.url != file.as_uri() else None,
    }

    def open_page(content: str, width: int = 1280, scheme: Any = "light") -> tuple[Page, list[str]]:
        file.write_text(content, encoding="utf-8", errors="replace")
        tab.set_viewport_size({"width": width, "height": 900})
        tab.emulate_media(color_scheme=scheme)
        for event, listener in listeners.items():
            tab.on(event, listener)
        tab.goto(file.as_uri())
        return tab, troubles

    yield open_page
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    tab.goto("about:blank")


@pytest.mark.parametrize(
    ("sessions", "width", "scheme"),
    [(1, 390, "light"), (12, 390, "dark"), (12, 1280, "light"), (200, 1280, "dark")],
)
def test_the_page_opens_without_errors_requests_or_overflow(
    opened: Callable[..., tuple[Page, list[str]]], sessions: int, width: int, scheme: str
) -> None:
    page, troubles = opened(html(large(sessions)), width, scheme)
    assert troubles == []
    assert page.locator("section").count() == sessions
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(CONTRAST) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_check_runs_are_readable_beside_sessions(
    opened: Callable[..., tuple[Page, list[str]]], width: int, scheme: str
) -> None:
    page, troubles = opened(html(mixed_sample()), width, scheme)
    assert troubles == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(CONTRAST) >= 4.5
    [rate] = page.locator("[data-name='support'] li.failed").all()
    bar, full = rate.locator("rect.failed").bounding_box(), rate.locator("rect.track").bounding_box()
    assert bar is not None
    assert full is not None
    assert bar["width"] / full["width"] == pytest.approx(2 / 3, abs=0.01)


def surrounded() -> Report:
    """A report beside another stack and the last updates: long names, each change, runs with and without a link."""
    report = mixed_sample()
    before = (large(1).results[0], *report.results[1:3])
    named = [replace(each, gated=replace(each.gated, name=report.results[0].gated.name)) for each in before[:1]]
    url = "https://github.com/acme/agents/actions/runs/"
    runs = tuple(
        PastRun(
            *(f"s-{day}", "failed", 1, 3, None, None, None, 7),
            run_url=f"{url}{day}" if day else None,
            tested="sha256v2:0",
            scenarios=tuple({"id": each, "name": name, "passed": day % 3 > 0} for each, name in NAMES.items()),
            first_failed_ids=["sc-refund"] if day % 4 else None,
        )
        for day in range(25)
    )
    trends = Trends(25, (Trend("appointment-booking-in-the-afternoon", runs),))
    return replace(report, baseline=Baseline("acme/voice/main", (*named, *before[1:])), trends=trends)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_another_stack_and_the_last_updates_are_readable(
    opened: Callable[..., tuple[Page, list[str]]], width: int, scheme: str
) -> None:
    page, troubles = opened(html(surrounded()), width, scheme)
    assert troubles == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(CONTRAST) >= 4.5
    assert {"passed", "failed", "incomplete"} == {
        mark.get_attribute("class") for mark in page.locator(".marks > *:not(.unit)").all()
    }


def test_charts_match_the_numbers(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    report = large(12)
    page, _ = opened(html(report))
    read = page.evaluate("""
      () => Object.fromEntries([...document.querySelectorAll('section')].map(section => [
        section.querySelector('h2').textContent,
        [...section.querySelectorAll('svg g')].map(bar => {
          const height = kind => bar.querySelector('rect.' + kind)?.getBBox().height ?? 0;
          const whole = height('passed') + height('failed');
          const scenarios = +bar.dataset.passed + +bar.dataset.failed;
          return [+bar.dataset.iteration, Math.round(height('passed') / whole * scenarios), +bar.dataset.failed];
        })]))""")
    for result in report.results:
        rounds = result.status.iterations if result.status else ()
        expected = [[entry.number, len(entry.passed_ids), len(entry.failed_ids)] for entry in rounds]
        assert read[result.gated.name] == expected


def test_the_page_works_with_a_keyboard_alone(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = opened(html(large(2)))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdicts"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.locator("section summary").first.focus()
    was_open = page.locator("section details").first.get_attribute("open")
    page.keyboard.press("Enter")
    assert page.locator("section details").first.get_attribute("open") != was_open


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_runs_nothing(opened: Callable[..., tuple[Page, list[str]]], text: str) -> None:
    page, troubles = opened(hostile_page(text))
    assert troubles == []
    assert page.locator("img, iframe, object").count() == 0
    assert page.locator("script").count() == 1


def names_of(page: Page) -> list[str]:
    """The sessions that the overview shows, in its order."""
    return page.locator("nav tbody tr:visible th").all_inner_texts()


def test_the_overview_is_searched_filtered_and_sorted(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    page, troubles = opened(html(large(60)))
    everything = names_of(page)
    assert len(everything) == 60
    page.get_by_label("Show").select_option("failed")
    failed = names_of(page)
    assert 0 < len(failed) < 60
    assert set(page.locator("section:visible").evaluate_all("all => all.map(each => each.dataset.outcome)")) == {
        "failed"
    }
    assert page.locator("output").inner_text() == f"{len(failed)} of 60 shown"
    page.get_by_label("Search").fill(failed[-1])
    assert names_of(page) == [failed[-1]]
    page.get_by_label("Search").fill("no such session")
    assert names_of(page) == []
    page.get_by_label("Search").fill("")
    page.get_by_label("Show").select_option("")
    assert names_of(page) == everything

    page.locator("thead button", has_text="Session").click()
    assert names_of(page)[0] == min(everything, key=natural)
    page.locator("thead button", has_text="Session").click()
    assert names_of(page)[-1] == min(everything, key=natural)
    page.locator("thead button", has_text="Time").click()
    times = page.locator("nav tbody td[data-sort]").evaluate_all("all => all.map(each => +each.dataset.sort)")
    assert times == sorted(times)
    assert page.locator("th[aria-sort=ascending]").inner_text() == "Time"
    assert troubles == []


def natural(name: str) -> tuple[str, int]:
    word, _, number = name.rpartition("-")
    return (word, int(number)) if number.isdecimal() else (name, 0)


def test_a_link_opens_the_card_of_its_session(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    page, troubles = opened(html(large(60)))
    closed = page.locator("section:has(details:not([open]))").last
    name = str(closed.get_attribute("data-name"))
    page.locator(f"nav a[href='#{name}']").click()
    assert page.locator(f"section[data-name='{name}'] > details").get_attribute("open") is not None
    assert page.locator(f"[id='{name}']").is_visible()

    page.goto(page.url.partition("#")[0] + "#%")
    page.goto(page.url.partition("#")[0] + f"#{name}")
    page.reload()
    assert page.locator(f"[id='{name}']").is_visible()
    assert troubles == []


def test_all_cards_are_unfolded_and_folded_at_once(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = opened(html(large(60)))
    page.get_by_role("button", name="Expand all").click()
    assert page.locator("section.session > details:not([open])").count() == 0
    page.get_by_role("button", name="Collapse all").click()
    assert page.locator("section.session > details[open]").count() == 0
    assert page.evaluate("document.documentElement.scrollHeight") < 8000


def test_an_id_is_copied(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = opened(html(large(1)))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    row = page.locator("dd:has(code)").first
    row.get_by_role("button", name="copy").click()
    row.get_by_role("button", name="copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == row.locator("code").inner_text()


def test_everything_can_be_read_without_the_script(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(html(large(60)), encoding="utf-8")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert page.locator("#controls").is_hidden()
    assert page.get_by_role("button").count() == 0
    assert page.locator("nav tbody tr").count() == page.locator("section.session").count() == 60
    context.close()


def test_only_the_printed_page_has_every_card_open(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    page, troubles = opened(html(large(60)))
    folded = page.locator("section.session > details:not([open])")
    before = folded.count()
    page.evaluate("""() => addEventListener("beforeprint", () => {
      window.printed = document.querySelectorAll("section.session > details:not([open])").length;
    })""")
    assert len(page.pdf()) > 10_000
    assert page.evaluate("window.printed") == 0
    assert folded.count() == before > 0
    assert troubles == []


def test_charts_have_text_for_screen_readers(opened: Callable[..., tuple[Page, list[str]]]) -> None:
    page, _ = opened(html(large(1)))
    assert page.get_by_role("img").get_attribute("aria-labelledby") is not None
    assert "Iteration 1: 3 passed, 5 failed." in str(page.locator("svg title").text_content())
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("main").count() == 1
