"""The page in a real browser, with the shipped model."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmhps.street_scenes import draw_scene

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SECONDS = 300  # on a machine with other work
NO_BROWSER = "needs chromium and chromedriver (apt install chromium chromium-driver)"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A served page, with an empty cache."""
    for name in ("gradio", "onnxruntime"):
        pytest.importorskip(name, reason="needs the extra web")
    cache = tmp_path_factory.mktemp("cache")
    log = cache / "log.txt"
    (kept := cache / "kept").mkdir()
    settings = dict(XDG_CACHE_HOME=str(cache), TMPDIR=str(kept), PYTHONUNBUFFERED="1")
    with log.open("w") as file:
        server = subprocess.Popen(
            [sys.executable, str(ROOT / "demo" / "app.py")],
            env=os.environ | settings,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(2 * SECONDS):
            found = re.search(r"http://\S+", log.read_text())
            if found or server.poll() is not None:
                break
            time.sleep(1)
        assert found, log.read_text()
        assert found[0].startswith("http://127.0.0.1:")
        yield found[0]
    finally:
        server.terminate()
        server.wait(60)
    assert not list(kept.glob("mmhps-web-*"))


@pytest.fixture
def browser(address):
    """The page in headless Chromium."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs pip install selenium")
    programs = shutil.which("chromium"), shutil.which("chromedriver")
    if not all(programs):
        pytest.skip(NO_BROWSER)
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    driver.set_page_load_timeout(SECONDS)
    driver.set_script_timeout(SECONDS)
    driver.get(address)
    yield driver
    driver.quit()


def wait(browser, done):
    """Wait until a function of the page returns something true; its parts may be redrawn."""
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.support.ui import WebDriverWait

    waiting = WebDriverWait(browser, SECONDS, 0.5, ignored_exceptions=(WebDriverException,))
    return waiting.until(lambda _: done())


def find(browser, selector):
    return browser.find_element("css selector", selector)


def upload(browser, path):
    wait(browser, lambda: find(browser, "#photo input[type=file]").send_keys(str(path)) or True)


def text(browser, selector):
    return wait(browser, lambda: find(browser, selector).text.strip())


def chosen_in_the_middle(browser):
    """Click the middle of the picture: is a segment described?"""
    find(browser, "#picture img").click()
    time.sleep(2)
    return re.match(r"[a-z ]+ · (score \d|stuff)", find(browser, "#chosen").text)


def drawn_size(browser):
    """Width and height of the picture that is shown, when it is."""
    size = "const i = document.querySelector('#picture img'); "
    size += "return [i.naturalWidth, i.naturalHeight]"
    return wait(browser, lambda: [s for s in [browser.execute_script(size)] if all(s)])[0]


def test_a_street(browser, tmp_path):
    image = draw_scene(0, "val", 20, (256, 128))[0]
    Image.fromarray(image).save(tmp_path / "street.png")
    upload(browser, tmp_path / "street.png")
    assert re.match(r"\d+ instances? and \d+ of stuff are shown", text(browser, "#summary"))
    assert drawn_size(browser) == [256, 128]
    wait(browser, lambda: chosen_in_the_middle(browser))
    number = wait(browser, lambda: find(browser, "#score input[type=number]"))
    number.clear()
    number.send_keys("1\n")
    wait(browser, lambda: "Hidden: " in find(browser, "#summary").text)
    assert "0 instances and" in text(browser, "#summary")


def test_a_phone_picture_and_a_narrow_screen(browser, tmp_path):
    exif = Image.Exif()
    exif[0x112] = 6
    lying = np.rot90(draw_scene(0, "val", 20, (256, 128))[0])
    Image.fromarray(lying).save(tmp_path / "phone.jpg", exif=exif)
    metrics = dict(width=390, height=844, deviceScaleFactor=1, mobile=True)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    upload(browser, tmp_path / "phone.jpg")
    assert drawn_size(browser) == [256, 128]
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    "name, words",
    [("notes.txt", "Invalid file type: notes.txt"), ("notes.jpg", "notes.jpg cannot be read as a")],
)
def test_no_picture(browser, name, words, tmp_path):
    (tmp_path / name).write_text("not a picture")
    upload(browser, tmp_path / name)
    assert words in text(browser, ".toast-body")
