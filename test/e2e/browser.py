"""Chromium, and what the tests of the report's page ask of it. The fixtures that hand it out stand
in conftest.py."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from profiling import FIL_PROFILE
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

# Writes made-up recordings' reports; report_fixtures.hpp makes them up.
MAKE_REPORT = os.environ.get(
    "FIL_MAKE_REPORT", FIL_PROFILE.parent.parent / "test" / "report" / "make_report"
)
FIXTURES = (
    "pandas large recursion chain cycle hostile processes measures native threads empty".split()
)


def stands_for(text: str, function: str, line: int) -> bool:
    first = text.split("\n")[0]
    return first.startswith(function + " ") and first.endswith(f":{line}")


class Browser:
    """Chromium, and what tests ask of it."""

    def __init__(self, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (
            "--headless=new --no-sandbox --disable-gpu --no-first-run "
            "--disable-background-networking --disable-component-update --disable-sync "
            "--disable-dev-shm-usage --hide-scrollbars"
        ).split():
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"))
        )
        self.driver.set_page_load_timeout(120)
        self.driver.set_script_timeout(60)

    def look(
        self, width: int = 1280, height: int = 900, dark: bool = False, media: str = ""
    ) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": [scheme]}
        )

    def open(self, file: Path, fragment: str = "") -> None:
        self.driver.get("about:blank")  # so that a new fragment alone loads the page anew
        self.driver.get_log("browser")
        self.driver.get(file.as_uri() + fragment)
        self.settle()

    def settle(self) -> None:
        """Waits until what was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))"
        )

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.one(selector).text.replace("\u00a0", " ")

    def boxes(self) -> list[str]:
        """The texts of the graph's boxes, row by row."""
        return self.run("return [...document.querySelectorAll('.box')].map((b) => b.textContent)")

    def box(self, function: str, line: int) -> WebElement:
        """The first box of a function at a line; the path between them depends on the room."""
        return next(box for box in self.all(".box") if stands_for(box.text, function, line))

    def click(self, element: WebElement) -> None:
        element.click()
        self.settle()

    def back(self) -> None:
        self.driver.back()
        self.settle()

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()
        self.settle()

    def fragment(self) -> str:
        return self.run("return location.hash")

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]
