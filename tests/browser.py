"""A real browser, and what users do with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

TIMEOUT = 60  # seconds
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--window-size=1280,900",
)

TOO_SMALL = """
const fields = "select, textarea, "
    + "input:not([type=checkbox], [type=radio], [type=submit])";
const controls = `a, button, summary, input, ${fields}`;
function isTooSmall(part) {
    const {width, height} = part.getBoundingClientRect();
    const isHidden = Math.min(width, height) <= 1;
    if (isHidden || part.closest("p.note, .empty, .select2-search")) {
        return false;
    }
    const size = parseFloat(getComputedStyle(part).fontSize);
    return (part.matches(fields) && size < 16) || Math.min(width, height) < 24;
}
return [...document.querySelectorAll(controls)].filter(isTooSmall)
    .map((part) => part.outerHTML.slice(0, 160));
"""


class Browser:
    """Headless Chromium, which collects the messages of its console."""

    def __init__(self, base: str) -> None:
        options = ChromeOptions()
        options.binary_location = found("chromium", "chromium-browser")
        for argument in ARGUMENTS:
            options.add_argument(argument)
        # The certificates of tests are self-signed.
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.base = base
        self.driver = Chrome(options=options, service=Service(found("chromedriver")))
        # Raised while a page is being left or rendered again.
        transient = (
            ElementClickInterceptedException,
            JavascriptException,
            StaleElementReferenceException,
        )
        self.wait = WebDriverWait(self.driver, TIMEOUT, ignored_exceptions=transient)
        self.complaints: list[str] = []

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)
        self.listen()

    def listen(self) -> None:
        """Collect the console messages since the last call."""
        self.complaints += [
            f"{self.driver.current_url}: {entry['message']}"
            for entry in self.driver.get_log("browser")
        ]

    def find(self, css: str) -> Any:
        return self.wait.until(expect.element_to_be_clickable((By.CSS_SELECTOR, css)))

    def press(self, css: str) -> None:
        """Wait for an element and click it; stay on this page."""
        self._act_on(css, lambda element: element.click())

    def _act_on(self, css: str, act: Callable[[Any], Any]) -> None:
        """Wait for an element and act on it; retry if it is rendered again."""
        clickable = expect.element_to_be_clickable((By.CSS_SELECTOR, css))

        def try_to_act(page: Any) -> bool:
            if element := clickable(page):
                act(element)
            return bool(element)

        self.wait.until(try_to_act)

    def click(self, css: str) -> None:
        """Click an element that leads to another page, and wait for that page."""
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

        self._act_on(css, fill)

    def value(self, css: str) -> str:
        """Return what a field holds."""
        return str(self.find(css).get_property("value"))

    def wait_for(self, text: str) -> None:
        """Wait until the page shows a text."""
        self.wait.until(lambda _page: text in self.text)

    @property
    def text(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def sign_in(self, username: str, password: str) -> None:
        self.open("/admin/")
        self.type("#id_username", username)
        self.type("#id_password", password)
        self.click("#login-form button")

    def choose(self, field: str, term: str) -> None:
        """Search for a choice by typing, and select it."""
        self.press(f".field-{field} .select2-selection")
        self.type(".select2-container--open .select2-search__field", term)
        option = (By.CSS_SELECTOR, ".select2-results__option--highlighted")

        def select(page: Any) -> bool:
            found = page.find_element(*option)
            if matches := term in found.text:
                found.click()
            return matches

        self.wait.until(select)

    def look_as(self, *, width: int, dark: bool) -> None:
        """Emulate the width of a screen, and a preference for light or dark pages."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        run = self.driver.execute_cdp_cmd
        run("Emulation.setEmulatedMedia", {"features": [scheme]})
        size = {"width": width, "height": 844, "deviceScaleFactor": 1}
        run("Emulation.setDeviceMetricsOverride", size | {"mobile": width < 600})

    def overflows(self) -> bool:
        """Return whether the page, or its table, is wider than its container."""
        # Do not compare with the window: phones zoom out to fit a wide page.
        return bool(
            self.driver.execute_script(
                "return [...document.querySelectorAll('html, .results')]"
                ".some((part) => part.scrollWidth > part.clientWidth)"
            )
        )

    def too_small(self) -> list[str]:
        """Return the controls that a finger misses, and fields that make iOS zoom.

        24 CSS pixels is the limit of WCAG 2.2 (2.5.8), which exempts links in a text.
        """
        return list(self.driver.execute_script(TOO_SMALL))

    def middle(self, css: str) -> tuple[float, float]:
        """Return the middle of the first such element, in pixels."""
        x, y = self.driver.execute_script(
            "const {left, right, top, bottom} ="
            " document.querySelector(arguments[0]).getBoundingClientRect();"
            " return [(left + right) / 2, (top + bottom) / 2]",
            css,
        )
        return x, y

    def shoot(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(file))

    def quit(self) -> None:
        self.driver.quit()


@contextmanager
def opened_browsers(base: str) -> Iterator[Callable[[], Browser]]:
    """Yield a function that opens browsers; close them afterwards."""
    opened: list[Browser] = []

    def start() -> Browser:
        opened.append(Browser(base))
        return opened[-1]

    try:
        yield start
    finally:
        for browser in opened:
            browser.quit()


def found(*names: str) -> str:
    """Return the first of these programs; a missing browser is a failure."""
    paths = [path for name in names if (path := shutil.which(name))]
    assert paths, f"None of these is installed: {names}."
    return paths[0]
