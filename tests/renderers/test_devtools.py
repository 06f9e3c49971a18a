from __future__ import annotations

import time

import pytest

from renderers import RenderError, find_browser
from renderers.devtools import DevTools


@pytest.fixture
def tools():
    events = []
    running = DevTools(
        find_browser(),
        ["--disable-gpu"],
        lambda name, _: events.append(name),
        until=time.monotonic() + 60,
    )
    yield running, events
    running.close()


def soon():
    return time.monotonic() + 10


def test_answers_may_be_waited_for_in_any_order(tools):
    running, events = tools
    targets = running.ask("Target.getTargets")
    running.send("Target.setDiscoverTargets", {"discover": True})
    made = running.ask("Target.createTarget", {"url": "about:blank"})
    version = running.call("Browser.getVersion", until=soon())
    assert "Chrome" in version["product"]
    assert running.answer(made, until=soon())["targetId"]
    assert "Target.targetCreated" in events
    assert "targetInfos" in running.answer(targets, until=soon())


def test_a_command_that_fails_is_named(tools):
    running, _ = tools
    wrong = running.ask("Target.closeTarget", {"targetId": "none"})
    running.call("Browser.getVersion", until=soon())
    with pytest.raises(RenderError, match=r"Target\.closeTarget: "):
        running.answer(wrong, until=soon())


def test_commands_to_a_dead_browser_fail_at_once(tools):
    running, _ = tools
    running.call("Browser.getVersion", until=soon())
    running.send("Browser.crash")
    begun = time.monotonic()
    with pytest.raises(RenderError, match="died"):
        running.call("Browser.getVersion", until=soon())
    with pytest.raises(RenderError, match="died"):
        running.call("Browser.getVersion", until=soon())
    assert time.monotonic() - begun < 5
