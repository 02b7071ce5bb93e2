"""The console in a real browser, against a Safelight server of its own on a free port.

Signs in, runs services on photos, paints a mask, reads an error, rotates a key, stops a task, refuses a model and
adds a network; at the end nothing may have been written to the browser's console, where breaches of the
pages' policy show, too. No page may be wider than a narrow window, or heavier than 150 kB without its photos. Prints a
line for each story and `N passed, N failed` at the end; each story also runs alone. With --axe FILE, the
script of the npm package axe-core, no page may have a serious finding. With --screenshots FOLDER it keeps
pictures of every page at several widths, in light and dark.
"""

import argparse
import functools
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

import api
import harness

PHOTO = ROOT / "photos/astronaut.png"
# Longest wait for what must happen, in seconds.
PATIENCE = 300
# Bytes of a page and of what it loads, as the browser unpacks them.
WEIGHT = 150_000
# Where a test cannot go: a webhook waits there, and its row can be looked at.
NOWHERE = "http://127.0.0.1:9/a/path/that/is/long/enough/to/be/wrapped/in/a/narrow/window"
CUTOUT_PAGE = "/console/playground/universal-background-removal"
PAGES = ["/console/playground", CUTOUT_PAGE, "/console/usage", "/console/accounts",
         "/console/applications/1", "/console/tasks", "/console/webhooks", "/console/uploads",
         "/console/server", "/console/models", "/console/engines", "/console/configuration",
         "/console/audit", "/docs", "/docs/image-erase", "/docs/errors"]


def field(number, value):
    """A field of a protocol buffer: a whole number, a text or bytes."""
    def whole(number):
        return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + whole(number >> 7)

    if isinstance(value, int):
        return whole(number << 3) + whole(value)
    value = value.encode() if isinstance(value, str) else value
    return whole(number << 3 | 2) + whole(len(value)) + value


def port(number, name, *sides):
    """An input or an output of a graph."""
    shape = b"".join(field(1, field(1, side)) for side in sides)
    return field(number, field(1, name) + field(2, field(1, field(1, 1) + field(2, shape))))


# An ONNX graph of the signature of isnet-general-use: how bright a pixel is.
GRAPH = field(1, 8) + field(7, field(1, field(1, "image") + field(2, "mask") + field(4, "ReduceMean") + field(
    5, field(1, "axes") + field(8, 1) + field(20, 7))) + field(2, "small") + port(11, "image", 1, 3, 1024, 1024)
    + port(12, "mask", 1, 1, 1024, 1024)) + field(8, field(2, 13))


def browser():
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser")
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                 "--no-proxy-server", "--disable-background-networking", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


class Console:
    """The browser and the server."""

    def __init__(self, server, driver):
        self.server = server
        self.driver = driver
        self.base = f"http://127.0.0.1:{server.port}"
        self.operator = False

    def open(self, path):
        self.driver.get(f"{self.base}{path}")

    def sign_in(self):
        """Signs in as operator, by the link of the command line."""
        self.driver.get(self.server.cli("console", "--url", self.base)["link"])
        self.button("Sign in").click()
        self.text("h1", "Playground")
        self.operator = True

    def emulate(self, theme, width=1280):
        """Makes the system light or dark, and the window that wide."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": theme}]})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700})

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def until(self, condition):
        """Waits until `condition` answers something."""
        return WebDriverWait(self.driver, PATIENCE, ignored_exceptions=[Exception]).until(
            lambda _: condition())

    def shown(self, css):
        """Waits until an element is there and shown; answers it."""
        return self.until(lambda: (lambda one: one.is_displayed() and one)(self.find(css)))

    def text(self, css, words):
        """Waits until an element holds these words."""
        return self.until(lambda: words in self.find(css).text and self.find(css))

    def button(self, words, within="#main"):
        """The button with these words."""
        return next(one for one in self.find(within).find_elements(By.CSS_SELECTOR, "button, summary")
                    if one.text.strip() == words)

    def style(self, name):
        """A property of the comparison, as the script set it."""
        return self.driver.execute_script(
            "return document.getElementById('compare').style.getPropertyValue(arguments[0])", name)

    def asynchronously(self, script):
        """Runs a script that may wait, and answers what it returns."""
        return self.driver.execute_async_script(
            f"const done = arguments[0]; (async () => {{ {script} }})().then(done, (e) => done(String(e)))")

    def service(self, slug):
        """Opens a service in the playground, ready to run."""
        self.open(f"/console/playground/{slug}")
        self.until(lambda: self.find("#playground[data-ready]"))

    def choose(self, field, *photos):
        self.find(f"#file-{field}").send_keys("\n".join(str(photo) for photo in photos))

    def run(self, words):
        self.find("#run").click()
        return self.text("#status", words)

    def cut_out(self):
        """Opens the service that cuts out, runs it on a photo and waits for the comparison."""
        self.service("universal-background-removal")
        self.choose("image", PHOTO)
        self.run("Done in")
        self.shown("#compare .before")

    def fill(self):
        """A task with a webhook, a service that is off: no table is empty that would be long."""
        client = self.server.client()
        self.server.cli("webhook", "secret", "default")
        answer = client.post(api.HD_CUTOUT, api.form(PHOTO.read_bytes(), callback_url=NOWHERE))
        assert answer.succeeded, answer.body
        self.open("/console/webhooks")
        self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "tbody tr") or self.driver.refresh())

    def confirm(self, words):
        """Presses a button that asks once more."""
        self.button(f"{words}…").click()
        self.until(lambda: self.button(words).is_displayed())
        self.button(words).click()


def the_link_of_the_command_line_signs_in(console):
    console.sign_in()
    assert "operator" in console.find(".wide .who").text
    console.find("#search").send_keys("contrast")
    cards = console.driver.find_elements(By.CSS_SELECTOR, "#services li")
    shown = [card.text for card in cards if card.is_displayed()]
    assert len(shown) == 1 and "Contrast" in shown[0], shown


def a_photo_is_cut_out_and_compared(console):
    console.cut_out()
    assert console.find("#after").get_property("naturalWidth") == 512
    divider = console.find("#divider")
    before = console.style("--split")
    divider.send_keys(Keys.ARROW_RIGHT * 20)
    after = console.style("--split")
    assert before != after, (before, after)
    console.find("[data-zoom=in]").click()
    assert console.style("--zoom") == "1.5"
    console.find("[data-zoom=fit]").click()
    assert "/results/" in console.find("#download").get_attribute("href")
    assert '"error_code": 0' in console.find("#json").get_property("textContent")
    assert "encode" in console.find("#stages").get_property("textContent")
    for language, word in [("python", "httpx.post"), ("node", "new FormData"), ("go", "package main"),
                           ("sdk", "cutout.cutoutUniversalBackgroundRemoval")]:
        console.find(f"#tab-{language}").click()
        code = console.find("#snippet").text
        assert word in code and "astronaut.png" in code, code


def several_photos_become_a_strip(console):
    console.service("image-contrast-enhancement")
    console.choose("image", PHOTO, ROOT / "photos/coffee.png")
    console.run("2 of 2 photos done")
    assert len(console.driver.find_elements(By.CSS_SELECTOR, "#strip img")) == 2
    # The archive is read back by the browser's own code: names and sizes at its end.
    count = console.asynchronously("""
        const {zip} = await import(document.querySelector('[data-module=zip]').src);
        const blob = await zip([{name: 'a.txt', blob: new Blob(['hello'])}, {name: 'a.txt', blob: new Blob(['you'])}]);
        const view = new DataView(await blob.arrayBuffer());
        return [view.getUint32(0, true), view.getUint16(blob.size - 12, true), blob.size];""")
    assert count == [0x04034B50, 2, 2 * (30 + 46) + 4 * 6 + 8 + 22], count


def a_mask_is_painted(console):
    console.service("image-erase")
    console.choose("image", PHOTO)
    console.until(lambda: console.find("[data-paint]").is_enabled())
    console.find("[data-paint]").click()
    canvas = console.shown("dialog canvas")
    ActionChains(console.driver).move_to_element_with_offset(canvas, 60, 60).click_and_hold() \
        .move_by_offset(60, 30).release().perform()
    canvas.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.SPACE)
    console.find("dialog .primary").click()
    console.until(lambda: console.driver.find_elements(By.CSS_SELECTOR, "[data-file=user_mask] .thumb img"))
    # White somewhere, black somewhere, as large as the photo.
    levels = console.asynchronously("""
        const image = document.querySelector('[data-file=user_mask] .thumb img');
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
        const view = canvas.getContext('2d');
        view.drawImage(image, 0, 0);
        const {data} = view.getImageData(0, 0, canvas.width, canvas.height);
        let white = 0;
        for (let at = 0; at < data.length; at += 4) white += data[at] > 200;
        return [canvas.width, canvas.height, white];""")
    assert levels[:2] == [512, 512] and 500 < levels[2] < 100_000, levels
    console.run("Done in")
    console.shown("#compare .before")


def an_error_says_what_to_do(console):
    console.service("face-analyzer")
    console.choose("image", ROOT / "photos/text.png")
    console.run("Refused after")
    console.text("#error", "Remedy.")
    assert re.search(r"^[A-Z_]{8,}$", console.find("#error h2").text, re.M)


def a_key_is_rotated(console):
    console.open("/console/accounts")
    console.find("tbody th a").click()
    console.text("h2", "Keys")
    console.confirm("Rotate")
    key = console.shown("#secret").text
    assert key.startswith("sl_") and key != console.server.key, key
    console.server.key = key
    console.until(lambda: console.driver.switch_to.active_element == console.find("#notice .notice"))
    assert console.server.client().get("/api/common/query-credits").status == 200


def a_task_is_stopped(console):
    # One worker: while it has a task, the others wait.
    client = console.server.client()
    for _ in range(8):
        answer = client.post(api.HD_CUTOUT, api.form(PHOTO.read_bytes()))
        assert answer.succeeded, answer.body
    console.open("/console/tasks")
    words = console.until(lambda: next(
        one for one in console.find("#main").find_elements(By.CSS_SELECTOR, "td button")
        if one.text in ("Stop", "Revoke")))
    words.click()
    console.text("#notice", "is ")
    assert re.search("is (stopped|revoked)", console.find("#notice").text), console.find("#notice").text


def a_model_is_refused_and_a_network_added(console):
    console.open("/console/models")
    card = console.find("#u2net")
    card.find_element(By.CSS_SELECTOR, ".confirm > summary").click()
    card.find_element(By.CSS_SELECTOR, ".confirm button").click()
    console.text("#notice", "From the next start on u2net is refused")
    console.text("#u2net h2", "refused from the next start")
    console.button("Allow again").click()
    console.text("#notice", "no longer refused")

    def add(content, words):
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            file.write(content)
            file.flush()
            Select(console.find("#add-network")).select_by_value("isnet-general-use")
            console.find("#add-file").send_keys(file.name)
            console.find("#add button").click()
            console.text("#notice", words)

    add(b"no graph", "is not a graph that can be run here")
    add(GRAPH, "none of the published files")
    use = next(one for one in console.find("#main").find_elements(By.CSS_SELECTOR, "form")
               if one.get_attribute("action").endswith("/use"))
    Select(use.find_element(By.TAG_NAME, "select")).select_by_value("isnet-general-use")
    use.find_element(By.TAG_NAME, "button").click()
    console.text("#notice", "From the next start on cutout is done by isnet-general-use")


def no_page_is_wider_than_its_window(console):
    console.fill()
    found = []
    for width in (390, 360):
        console.emulate("light", width)
        for page in PAGES:
            console.cut_out() if page == CUTOUT_PAGE else console.open(page)
            # What is closed is looked at, too.
            wide = console.driver.execute_script("""
                for (const one of document.querySelectorAll('main details.more')) one.open = true;
                return [document.documentElement, ...document.querySelectorAll('.scroll')]
                    .map((one) => one.scrollWidth - one.clientWidth).filter((more) => more > 0);""")
            found += [f"{page} at {width} px: {more} px too wide" for more in wide]
    console.emulate("light")
    assert not found, "\n".join(found)


def no_page_is_heavy(console):
    found = []
    for page in PAGES:
        console.open(page)
        weight = console.driver.execute_script("""
            return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
                .reduce((sum, one) => sum + one.decodedBodySize, 0);""")
        assert weight > 5_000, (page, weight)
        if weight > WEIGHT:
            found.append(f"{page}: {weight} bytes")
    assert not found, "\n".join(found)


def an_owner_sees_its_own(console):
    console.open("/console/playground")
    console.operator = False
    console.button("Sign out", ".wide").click()
    console.text("h1", "Sign in")
    console.find("#key").send_keys(console.server.key, Keys.ENTER)
    console.text("h1", "Playground")
    links = [link.text for link in console.driver.find_elements(By.CSS_SELECTOR, ".wide nav a")]
    assert "Application" in links and "Configuration" not in links, links


def nothing_was_written_to_the_console(console):
    # That the API refused something is what a story asked for.
    noise = [line for line in console.driver.get_log("browser") if line["source"] != "network"]
    assert not noise, noise


STORIES = [the_link_of_the_command_line_signs_in, a_photo_is_cut_out_and_compared,
           several_photos_become_a_strip, a_mask_is_painted, an_error_says_what_to_do, a_task_is_stopped,
           a_key_is_rotated, a_model_is_refused_and_a_network_added,
           no_page_is_wider_than_its_window, no_page_is_heavy,
           nothing_was_written_to_the_console, an_owner_sees_its_own]


def no_page_has_a_serious_finding(console, axe):
    """Runs axe-core on every page, wide and narrow, in light and dark."""
    console.fill()
    found = []
    for width, theme in [(1280, "light"), (1280, "dark"), (390, "light")]:
        console.emulate(theme, width)
        for page in PAGES:
            console.cut_out() if page == CUTOUT_PAGE else console.open(page)
            console.driver.execute_script(axe.read_text())
            violations = console.asynchronously("""
                return (await axe.run()).violations.filter((one) => ['serious', 'critical'].includes(one.impact))
                    .map((one) => [one.id, one.nodes.length, one.nodes[0].html.slice(0, 200), one.nodes[0].failureSummary]);""")
            found += [f"{page} ({theme}, {width} px): {one}" for one in violations]
    console.emulate("light")
    assert not found, "\n".join(found)


def photograph(console, folder):
    """Keeps a picture of every page."""
    folder.mkdir(parents=True, exist_ok=True)
    console.fill()
    for width, theme in [(1280, "light"), (1280, "dark"), (390, "light"), (360, "dark")]:
        console.emulate(theme, width)
        for page in PAGES:
            console.cut_out() if page == CUTOUT_PAGE else console.open(page)
            # Pictures fade in and plots are drawn.
            console.asynchronously("await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));")
            name = f"{page.strip('/').removeprefix('console/').replace('/', '-')}-{width}-{theme}.png"
            (folder / name).write_bytes(console.driver.get_screenshot_as_png())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=str(ROOT / "target/debug/safelight"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--axe", type=Path, metavar="FILE")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER")
    parser.add_argument("stories", nargs="*", metavar="STORY",
                        help=f"which stories; all without: {', '.join(one.__name__ for one in STORIES)}")
    options = parser.parse_args()
    unknown = set(options.stories) - {one.__name__ for one in STORIES}
    if unknown:
        parser.error(f"no such story: {', '.join(sorted(unknown))}")
    chosen = [one for one in STORIES if not options.stories or one.__name__ in options.stories]
    if options.axe:
        chosen.append(functools.partial(no_page_has_a_serious_finding, axe=options.axe))
    passed = failed = 0
    settings = ["limits.queue_wait_seconds=300", "limits.work_timeout_seconds=300", "tasks.workers=1",
                'fetch.allow=["127.0.0.1:9"]']
    with harness.Server(options.binary, [*settings, *options.set], credits=10_000) as server:
        driver = browser()
        try:
            console = Console(server, driver)
            for story in chosen:
                began = time.monotonic()
                name = getattr(story, "func", story).__name__
                try:
                    if not console.operator and story is not the_link_of_the_command_line_signs_in:
                        console.sign_in()
                    story(console)
                    passed += 1
                    print(f"ok   {name} ({time.monotonic() - began:.1f} s)", flush=True)
                except Exception as error:
                    failed += 1
                    print(f"FAIL {name}: {type(error).__name__} {error}", flush=True)
                    print(driver.current_url, driver.find_element(By.TAG_NAME, "body").text[:1500])
            if options.screenshots:
                if not console.operator:
                    console.sign_in()
                photograph(console, options.screenshots)
        finally:
            driver.quit()
        if failed:
            print(f"the server's last lines:\n{server.tail()}")
    print(f"{passed} passed, {failed} failed")
    raise SystemExit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
