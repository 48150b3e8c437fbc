"""A real browser, and the few things that a person does with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.common.exceptions import (
    ElementClickInterceptedException,
    JavascriptException,
    StaleElementReferenceException,
)
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expect
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 60  # seconds
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--window-size=1280,900",
)


class Browser:
    """Chromium without a screen. It gathers what it has to complain about."""

    def __init__(self, base: str) -> None:
        options = ChromeOptions()
        options.binary_location = found("chromium", "chromium-browser")
        for argument in ARGUMENTS:
            options.add_argument(argument)
        # The certificate of a test is signed by nobody.
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.base = base
        self.driver = Chrome(options=options, service=Service(found("chromedriver")))
        # A page that is just being left, or drawn anew, answers neither.
        passing = (
            ElementClickInterceptedException,
            JavascriptException,
            StaleElementReferenceException,
        )
        self.wait = WebDriverWait(self.driver, PATIENCE, ignored_exceptions=passing)
        self.complaints: list[str] = []

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)
        self.listen()

    def listen(self) -> None:
        """Gather what the browser complained about since the last time."""
        self.complaints += [
            f"{self.driver.current_url}: {entry['message']}"
            for entry in self.driver.get_log("browser")
        ]

    def find(self, css: str) -> Any:
        return self.wait.until(expect.element_to_be_clickable((By.CSS_SELECTOR, css)))

    def press(self, css: str) -> None:
        """Press what is there, or will be, on this page."""
        self._do(css, lambda there: there.click())

    def _do(self, css: str, act: Callable[[Any], Any]) -> None:
        """Do it with what is there, or will be; again if that was just drawn anew."""
        clickable = expect.element_to_be_clickable((By.CSS_SELECTOR, css))

        def try_to(page: Any) -> bool:
            if there := clickable(page):
                act(there)
            return bool(there)

        self.wait.until(try_to)

    def click(self, css: str) -> None:
        """Click what leads to another page, and wait until it is there."""
        self.driver.execute_script("window.isLeft = false")
        self.press(css)
        self.wait.until(
            lambda page: page.execute_script("return window.isLeft ?? true")
        )
        self.find("body")
        self.listen()

    def type(self, css: str, text: str) -> None:
        def fill(field: Any) -> None:
            field.clear()
            field.send_keys(text)

        self._do(css, fill)

    @property
    def text(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def sign_in(self, username: str, password: str) -> None:
        self.open("/admin/")
        self.type("#id_username", username)
        self.type("#id_password", password)
        self.click("#login-form button")

    def choose(self, field: str, term: str) -> None:
        """Find a choice by typing, and take it."""
        self.press(f".field-{field} .select2-selection")
        self.type(".select2-container--open .select2-search__field", term)
        option = (By.CSS_SELECTOR, ".select2-results__option--highlighted")

        def take(page: Any) -> bool:
            found = page.find_element(*option)
            if is_it := term in found.text:
                found.click()
            return is_it

        self.wait.until(take)

    def look_as(self, *, width: int, dark: bool) -> None:
        """Take the width of a screen, and prefer light or dark pages."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        run = self.driver.execute_cdp_cmd
        run("Emulation.setEmulatedMedia", {"features": [scheme]})
        size = {"width": width, "height": 844, "deviceScaleFactor": 1}
        run("Emulation.setDeviceMetricsOverride", size | {"mobile": width < 600})

    def overflows(self) -> bool:
        """Return whether the page, or the table on it, is wider than its place."""
        # Not than the window: a phone zooms out until it shows a page that is too wide.
        return bool(
            self.driver.execute_script(
                "return [...document.querySelectorAll('html, .results')]"
                ".some((part) => part.scrollWidth > part.clientWidth)"
            )
        )

    def shoot(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(file))

    def quit(self) -> None:
        self.driver.quit()


def found(*names: str) -> str:
    """Return the first of these programs; a missing browser is a failure."""
    paths = [path for name in names if (path := shutil.which(name))]
    assert paths, f"None of these is installed: {names}."
    return paths[0]
