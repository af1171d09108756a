"""A real browser without a window: Debian's chromium, driven by selenium.

Where it is not installed the tests that need it are skipped; `.ci/run` installs it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.selenium import Axe
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.conftest import wait_until

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root in containers; the page is our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser, or a skipped test where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed (Debian: chromium-driver)")
    options = ChromeOptions()
    options.binary_location = program
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = Chrome(options=options, service=Service(driver))
    try:
        yield Browser(opened)
    finally:
        opened.quit()


class Browser:
    """What a reader does with the report, and what the browser has to say of it."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def show(self, path: Path, *, width: int, scheme: str = "light", medium: str = "") -> None:
        """Open a file and wait until its charts are drawn.

        Args:
            path: The report.
            width: Of the window, in pixels.
            scheme: `light` or `dark`, as the reader has set it.
            medium: `print`, or nothing for a screen.
        """
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        preference = {"name": "prefers-color-scheme", "value": scheme}
        media = {"media": medium, "features": [preference]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.get(path.as_uri())
        wait_until(
            lambda: self.run("return document.documentElement.dataset.drawn !== undefined"),
            "the charts are drawn",
        )

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns; the policy of the page does not hold for it."""
        return self.driver.execute_script(script, *arguments)

    def press(self, key: str) -> None:
        """Press a key, such as `TAB` or `ARROW_UP`, where the focus is."""
        ActionChains(self.driver).send_keys(getattr(Keys, key)).perform()

    def choose(self, control: str, text: str) -> None:
        """Choose what has this text in a list of the page, which is named by its id."""
        Select(self.driver.find_element("id", control)).select_by_visible_text(text)

    def complaints(self) -> list[str]:
        """What an accessibility checker finds that is serious or worse."""
        # Marks of a chart are not for a screen reader; to look at each takes most of the time.
        found = Axe().run(
            self.driver, context={"exclude": [["svg"]]}, options={"resultTypes": ["violations"]}
        )["violations"]
        return [
            f"{one['id']}: {node['html'][:120]}"
            for one in found
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]

    def said(self) -> list[str]:
        """What stands in the console since last asked."""
        return [entry["message"] for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """What the page has asked for since last asked, itself included."""
        messages = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return entries
