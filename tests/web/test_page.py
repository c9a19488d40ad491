"""
The page for people: what is in it, and how a real browser shows it.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate.health import Finding, HealthReport, MigrationHealth, TableHealth
from st44_migrate.model import Severity, State
from st44_migrate.web import Site
from st44_migrate.web.page import page
from st44_migrate.web.wsgi import HealthWSGI
from web.browser import Page, browsing, chromium
from web.reports import FILES, NOW, OBSERVATIONS, TABLES, Fixed, report


class Text(HTMLParser):
    """
    The texts of a page in order, and its elements; refuses what is not closed.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html.replace("<wbr>", ""))
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style" and data.strip():
            self.texts.append(data.strip())


def texts(name: str, **changes: Any) -> list[str]:
    return Text(page(replace(report(name), **changes))).texts


def test_a_healthy_page_says_so_and_no_more() -> None:
    """The status, the sentence, the tables, every migration from the newest to the oldest."""
    said = texts("healthy")
    assert said[:3] == ["Database: healthy", "Healthy", "Every migration is applied, 8 of 8."]
    assert "What to do" not in said
    timeline = said[said.index("Migrations") :]
    assert [text for text in timeline if text in FILES] == [*FILES][::-1]
    assert [text for text in said if text in TABLES] == list(TABLES)
    assert "1.2 s" in said
    assert "14 December 2025" in said


def test_a_page_says_what_to_do() -> None:
    """Each finding with its remedy, commands set apart."""
    said = texts("behind")
    at = said.index("What to do")
    assert said[at + 1].startswith("Expected 8 migrations, only 2 applied")
    assert said[at + 2 : at + 5] == ["Apply them:", "st44-migrate up", "."]
    assert said[2] == "2 of 8 migrations applied."
    assert said.count("is missing") == len(TABLES) - 1


def test_every_state_can_be_shown() -> None:
    """Whatever state a migration is in, the page says so."""
    rows = tuple(MigrationHealth(str(n), state.name, state) for n, state in enumerate(State))
    said = texts("failed", migrations=rows)
    assert {state.value for state in State} <= set(said)


def test_what_is_to_come_stands_above_what_was() -> None:
    """The next file to run stands next to the last that ran; each with its state."""
    said = texts("failed")
    at = said.index("To come")
    rows = said[at + 1 : at + 1 + 3 * 6]
    assert rows[:3] == ["016", "create_task_completions_table", "pending"]
    assert rows[-3:] == ["011", "create_households_table", "failed"]
    assert {"edited", "recorded elsewhere"} <= set(said)


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_look(state: State) -> None:
    """Whatever `status` may show, the page can."""
    whole = report("healthy")
    last = replace(whole.migrations[-1], state=state)
    said = texts("healthy", migrations=(*whole.migrations[:-1], last))
    assert state.value in said


def test_out_of_reach_there_is_nothing_to_say() -> None:
    """No table and no migration that nobody has looked at."""
    said = texts("unreachable")
    assert said[1:3] == ["Unhealthy", "Nothing can be said about migrations and tables."]
    assert not {"Migrations", "Tables", "To come"} & set(said)
    assert "Connection timeout." in said


def test_a_page_in_motion_loads_itself_again() -> None:
    """While migrations are applied, and at no other time."""
    for name in OBSERVATIONS:
        again = [a for tag, a in Text(page(report(name))).elements if a.get("http-equiv")]
        assert [a["content"] for a in again] == (["5"] if name == "migrating" else [])


def test_a_long_history_is_folded() -> None:
    """The latest forty are shown; the rest is one click away, and needs no script."""
    many = tuple(
        MigrationHealth(f"{n:04}", f"step_{n}", State.APPLIED, NOW - timedelta(days=300 - n), n)
        for n in range(300)
    )
    html = page(replace(report("healthy"), migrations=many))
    shown, _, folded = html.partition("<details>")
    assert "260 earlier migrations" in folded
    assert shown.count("step_") == 40
    assert folded.count("step_") == 260


def test_nothing_comes_from_elsewhere() -> None:
    """No script, no address, no style in an attribute: the policy would not allow it."""
    for name in OBSERVATIONS:
        html = page(report(name))
        elements = Text(html).elements
        assert not {"script", "img", "iframe", "form", "a"} & {tag for tag, _ in elements}
        assert not [a for _, a in elements if any(k.startswith("on") or k == "style" for k in a)]
        assert not re.search(r"(?:https?:)?//(?!www\.w3\.org)", html.replace("%3A//www.w3", ""))
        assert "url(" not in html
        assert "@import" not in html


marked = st.text(max_size=20).map(lambda text: f"{text}<script>'\"&\x00{text}")


@pytest.mark.property
@given(marked)
def test_every_text_is_escaped(text: str) -> None:
    """Whatever a name, a table or a sentence holds is shown as it is, and does nothing."""
    odd: HealthReport = replace(
        report("behind"),
        migrations=(MigrationHealth(text, text, State.PENDING),),
        tables=(TableHealth(text, False), TableHealth(text, True)),
        findings=(Finding(text, Severity.ERROR, text, text),),
        applied=(text,),
    )
    found = Text(page(odd))
    assert "script" not in {tag for tag, _ in found.elements}


# --- in a real browser --------------------------------------------------------

SIZES = {"phone": (360, 740), "desktop": (1280, 900)}
SHOWN = ("healthy", "failed", "unreachable", "migrating")

# What a person sees: the contrast of each text with what is behind it, its size,
# and whether anything is wider than the window.
LOOK = """
(() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || element.closest('.hidden')) continue;
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    const [a, b] = [light(rgb(style.color)), light(behind(element))].sort((x, y) => y - x);
    texts.push({text, contrast: (a + 0.05) / (b + 0.05), size: parseFloat(style.fontSize),
                right: box.right, left: box.left});
  }
  return {texts, width: innerWidth, scroll: document.documentElement.scrollWidth,
          ground: light(behind(document.body)), height: document.documentElement.scrollHeight};
})()
"""


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """
    Serve each kind of report below a path of its name.
    """

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None: ...

    app = None
    for name in OBSERVATIONS:
        app = HealthWSGI(Fixed(name), Site(prefix=f"/{name.replace(' ', '-')}"), fallback=app)
    assert app is not None
    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    binary = chromium()
    if binary is None:
        pytest.skip("no Chromium is at hand: how the page looks is not tested")
    with browsing(binary) as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SHOWN)
def test_a_browser_shows_it(
    name: str, size: str, scheme: str, served: str, browser: Page, tmp_path: Path
) -> None:
    """
    A browser gets the page, finds it readable and in its own colours, and asks
    for nothing else.  The picture is kept where ST44_SCREENSHOTS says.
    """
    width, height = SIZES[size]
    url = f"{served}/{name}/database"
    browser.open(url, width=width, height=height, scheme=scheme)
    seen = browser.evaluate(LOOK)
    folder = Path(os.environ.get("ST44_SCREENSHOTS", tmp_path))
    (folder / f"{name}-{size}-{scheme}.png").write_bytes(browser.screenshot())

    assert [address for address in browser.requested if not address.startswith("data:")] == [url]
    # A status of 503 is an error to the console, and all that it may complain about.
    assert [text for text in browser.said if "503" not in text] == []
    assert (
        browser.evaluate("document.querySelector('h1').textContent").lower() == report(name).status
    )
    assert seen["scroll"] <= seen["width"] == width
    assert (seen["ground"] < 0.1) == (scheme == "dark")
    for text in seen["texts"]:
        assert text["contrast"] >= 4.5, text
        assert text["size"] >= 12, text
        assert 0 <= text["left"] <= text["right"] <= width, text
    shown = json.dumps([text["text"] for text in seen["texts"]])
    for label in FILES if name != "unreachable" else ():
        assert label in shown


def test_without_details_a_browser_shows_the_status(browser: Page) -> None:
    """And it still is a page."""
    app = HealthWSGI(Fixed("failed"), Site(show_details="never"))
    server = make_server("127.0.0.1", 0, app)
    serving = threading.Thread(target=server.handle_request)
    serving.start()
    browser.open(
        f"http://127.0.0.1:{server.server_port}/health/database",
        width=360,
        height=740,
        scheme="light",
    )
    serving.join()
    server.server_close()
    assert browser.evaluate("document.body.innerText") == "Degraded"


def test_a_browser_unfolds_the_past(browser: Page, tmp_path: Path) -> None:
    """The older part of a long history is there after a click."""
    many = tuple(
        MigrationHealth(f"{n:04}", f"step_{n}", State.APPLIED, NOW - timedelta(days=60 - n), n)
        for n in range(60)
    )
    file = tmp_path / "page.html"
    file.write_text(page(replace(report("healthy"), migrations=many)), "utf-8")
    browser.open(file.as_uri(), width=360, height=740, scheme="dark")
    visible = "[...document.querySelectorAll('.name')].filter(e => e.checkVisibility()).length"
    assert browser.evaluate(visible) == 40
    browser.evaluate("document.querySelector('summary').click()")
    assert browser.evaluate(visible) == 60
