"""The vendor's Python SDK, unmodified, against a Safelight server of its own on a free port.

Prints a line for each story and `N passed, N failed` at the end; exits non-zero on a failure.
"""

import asyncio
import base64
import inspect
import io
import re
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import httpx
from ailabtools import AILabApiError, AILabClient
from PIL import Image, ImageStat

import api
import harness

PHOTO = ROOT / "photos/astronaut.png"
START_CREDITS = 1_000
# Longest wait for an answer in seconds: a slow machine makes the stories slow, never wrong.
PATIENCE = 600


class Story:
    """What a story has at hand: the server, and clients of the SDK."""

    def __init__(self, server):
        self.server = server
        self.url = f"http://127.0.0.1:{server.port}"
        self.client = AILabClient(server.key, base_url=self.url, timeout=PATIENCE)

    async def balance(self):
        """Credits left in the common pool."""
        answer = await self.client.common.commonQueryCredits({})
        return next(pool["balance"] for pool in answer["data"] if pool["unique_sign"] == "common")

    async def download(self, url):
        """Fetches a result as anybody can, without key; answers the picture."""
        assert url.startswith(self.url), f"{url} is not under {self.url}"
        async with httpx.AsyncClient(timeout=PATIENCE) as anybody:
            answer = await anybody.get(url)
        assert answer.status_code == 200, f"{url} answers {answer.status_code}"
        assert answer.headers["content-type"] == "image/png", answer.headers["content-type"]
        picture = Image.open(io.BytesIO(answer.content))
        picture.load()
        assert picture.format == "PNG", picture.format
        return picture

    async def refused(self, call, status, code):
        """Expects a call to fail with this status and code, in every form that clients read."""
        try:
            answer = await call
        except AILabApiError as error:
            assert (error.detail.status_code, error.detail.code) == (status, code), error.detail
            assert str(error) == error.detail.message and len(str(error)) > 10, str(error)
            assert error.detail.code_message and error.request_id and error.log_id, error.raw
            assert error.raw["error_code"] == status, error.raw
            assert error.raw["error_code_str"] and error.raw["error_msg"], error.raw
            return error
        raise AssertionError(f"expected {code}, got {answer}")


def encoded(picture, kind):
    """A picture as a file of that kind."""
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def plain(width, height, kind="PNG"):
    """A picture of one colour."""
    return encoded(Image.new("RGB", (width, height), (90, 120, 150)), kind)


def check_cutout(picture, size):
    """A cut-out of the astronaut: transparent in the corners, opaque in the face, soft between."""
    assert picture.mode == "RGBA" and picture.size == size, (picture.mode, picture.size)
    alpha = picture.getchannel("A")
    width, height = size
    assert alpha.getpixel((width // 2, 3 * height // 10)) > 250, "the subject is gone"
    covered = ImageStat.Stat(alpha).mean[0] / 255
    assert 0.3 < covered < 0.9, f"the subject covers {covered:.0%}"
    histogram = alpha.histogram()
    assert histogram[0] > 0.1 * width * height, "nothing is transparent"
    assert sum(histogram[16:240]) > 0, "the edge is hard"


async def cutout_of_a_file(story):
    """A file in, the URL of a transparent PNG of the same size out."""
    with PHOTO.open("rb") as file:
        answer = await story.client.background.remove({"image": file})
    assert answer["error_code"] == 0 and answer["error_detail"]["code"] == "", answer
    assert answer["request_id"] and answer["log_id"], answer
    check_cutout(await story.download(answer["data"]["image_url"]), Image.open(PHOTO).size)


async def cutout_of_bytes_in_every_form(story):
    """The `returnForm`s: matte, white background, crop."""
    content = encoded(Image.open(PHOTO).convert("RGB"), "JPEG")
    size = Image.open(PHOTO).size

    async def ask(form):
        answer = await story.client.cutout.cutoutUniversalBackgroundRemoval(
            {"image": content, "returnForm": form})
        return await story.download(answer["data"]["image_url"])

    mask = await ask("mask")
    assert (mask.mode, mask.size) == ("L", size), (mask.mode, mask.size)
    assert mask.getextrema() == (0, 255), mask.getextrema()
    white = await ask("whiteBK")
    assert (white.mode, white.size) == ("RGB", size), (white.mode, white.size)
    outside = mask.point(lambda alpha: 255 * (alpha == 0))
    assert ImageStat.Stat(white, outside).mean == [255, 255, 255], "the background is not white"
    crop = await ask("crop")
    assert crop.mode == "RGBA" and crop.size != size, (crop.mode, crop.size)
    assert crop.getchannel("A").getbbox() == (0, 0, *crop.size), "the crop has empty borders"


async def contrast_as_base64(story):
    """The picture itself in the answer, as bare Base64."""
    flat = Image.open(PHOTO).convert("RGB").point(lambda value: 90 + value // 4)
    answer = await story.client.image.imageContrastEnhancement({"image": encoded(flat, "JPEG")})
    picture = Image.open(io.BytesIO(base64.b64decode(answer["image"], validate=True)))
    assert picture.format == "JPEG" and picture.size == flat.size, picture
    spread = [ImageStat.Stat(each.convert("L")).stddev[0] for each in (flat, picture)]
    assert spread[1] > 1.2 * spread[0], f"contrast went from {spread[0]:.1f} to {spread[1]:.1f}"


async def task_to_its_end(story):
    """An asynchronous submit, and the SDK's own waiting for the end."""
    task = await story.client.cutout.cutoutHDUniversalBackgroundRemoval(
        {"image": PHOTO.read_bytes()})
    assert task["task_id"] and task["task_type"] == "async", task
    result = await story.client.wait_for_task(task["task_id"], interval=0.2, timeout=PATIENCE)
    assert result["task_status"] == 2 and result["data"]["task_status"] == 2, result
    check_cutout(await story.download(result["data"]["image_url"]), Image.open(PHOTO).size)
    again = await story.client.common.commonQueryAsyncTaskResult({"taskId": task["task_id"]})
    assert again["data"] == result["data"], "the answer changed"


async def credits_follow_success(story):
    """Each success costs its price, a failure and a poll cost nothing."""
    before = await story.balance()
    await cutout_of_a_file(story)
    assert await story.balance() == before - 1, "a cut-out costs 1"
    await picture_too_small(story)
    assert await story.balance() == before - 1, "a failure is free"
    await task_to_its_end(story)
    assert await story.balance() == before - 3, "an HD cut-out costs 2"


async def credits_as_documented(story):
    """`query-credits` answers an array of pools with every documented field."""
    answer = await story.client.common.commonQueryCredits({})
    fields = {"unique_sign": str, "name": str, "balance": (int, float), "total": (int, float),
              "last_recharge_balance": (int, float), "balance_warning": (int, float),
              "first_buy_time": int, "last_update_time": int}
    for pool in answer["data"]:
        for name, kind in fields.items():
            assert isinstance(pool[name], kind), f"{name} is {pool.get(name)!r}"
        assert abs(pool["last_update_time"] - time.time()) < 3600, "times are seconds"
    common = answer["data"][0]
    assert common["unique_sign"] == "common" and common["total"] == START_CREDITS, common


async def field_missing(story):
    """A form without the picture, once as text only, once with a file under another name."""
    # The SDK refuses to send this, so its own transport is asked.
    for body in ({"return_form": "mask"}, {"photo": PHOTO.read_bytes()}):
        call = story.client._requester.request("POST", api.CUTOUT, body=body, multipart=True)
        error = await story.refused(call, 400, "MISSING_PARAMETERS")
        assert "image" in str(error), str(error)


async def file_empty(story):
    """A picture of no bytes."""
    call = story.client.background.remove({"image": b""})
    await story.refused(call, 400, "PARAMETERS_CANNOT_EMPTY")


async def value_unknown(story):
    """A `returnForm` that there is not."""
    call = story.client.background.remove({"image": PHOTO.read_bytes(), "returnForm": "neon"})
    error = await story.refused(call, 422, "UNSUPPORTED_PARAMETER_VALUES")
    assert all(word in str(error) for word in ("return_form", "neon", "mask")), str(error)


async def key_wrong(story):
    """A key that nobody has."""
    stranger = AILabClient("nobody-s-key", base_url=story.url, timeout=PATIENCE)
    call = stranger.common.commonQueryCredits({})
    await story.refused(call, 401, "ERROR_APPLICATIONS_NOT_EXISTS")
    await stranger.aclose()


async def picture_too_small(story):
    """A picture below the least resolution."""
    call = story.client.background.remove({"image": plain(31, 40)})
    error = await story.refused(call, 422, "ERROR_LOW_RESOLUTION")
    assert "31" in str(error) and "32" in str(error), str(error)


async def picture_too_large(story):
    """A picture above the greatest resolution."""
    call = story.client.background.remove({"image": plain(2001, 100)})
    await story.refused(call, 422, "FILE_RESOLUTION_EXCEEDS_LIMITS")


async def file_too_large(story):
    """A file above the greatest size."""
    content = encoded(Image.effect_noise((1700, 1700), 90).convert("RGB"), "BMP")
    call = story.client.background.remove({"image": content})
    await story.refused(call, 413, "FILE_SIZE_EXCEEDS_LIMIT")


async def type_unsupported(story):
    """Files that are no picture, or of a format that the service does not take."""
    for content in (b"just some text, no picture", plain(100, 100, "GIF"), plain(100, 100, "TIFF")):
        call = story.client.background.remove({"image": content})
        await story.refused(call, 415, "UNSUPPORTED_FILE_TYPES")


async def file_truncated(story):
    """A picture that ends in its middle."""
    content = PHOTO.read_bytes()
    call = story.client.background.remove({"image": content[:len(content) // 2]})
    await story.refused(call, 400, "FILE_DECODING_FAILURE")


async def task_unknown(story):
    """A task that there never was."""
    call = story.client.common.commonQueryAsyncTaskResult({"taskId": "no-such-task"})
    await story.refused(call, 404, "ERROR_RESOURCE_NOT_FOUND")


async def task_of_a_bad_picture(story):
    """A task whose picture does not decode: it fails at submit, or as a poll that is no 200."""
    content = PHOTO.read_bytes()
    bad = {"image": content[:len(content) // 2]}

    async def submit_and_wait():
        task = await story.client.cutout.cutoutHDUniversalBackgroundRemoval(bad)
        return await story.client.wait_for_task(task["task_id"], interval=0.2, timeout=PATIENCE)

    before = await story.balance()
    await story.refused(submit_and_wait(), 400, "FILE_DECODING_FAILURE")
    assert await story.balance() == before, "a failed task is free"


async def path_unknown(story):
    """A service that there is not."""
    call = story.client._requester.request("GET", "/api/image/no-such-service")
    await story.refused(call, 404, "ERROR_AI_NOT_EXISTS")


async def console_names_methods(story):
    """The console's snippets name methods that there are, each for the path that it calls."""
    table = (ROOT / "crates/console/src/sdk.rs").read_text()
    rows = re.findall(r'\("(/api/[^"]+)", "(\w+)"\)', table)
    assert len(rows) > 80, len(rows)
    for path, name in rows:
        method = getattr(getattr(story.client, path.split("/")[2]), name)
        assert f"'{path}'" in inspect.getsource(method), (path, name)


# Credits as documented come first, while nothing else was bought.
STORIES = [
    credits_as_documented, cutout_of_a_file, cutout_of_bytes_in_every_form, contrast_as_base64,
    task_to_its_end, credits_follow_success, field_missing, file_empty, value_unknown, key_wrong,
    picture_too_small, picture_too_large, file_too_large, type_unsupported, file_truncated,
    task_unknown, task_of_a_bad_picture, path_unknown, console_names_methods,
]


async def tell(story, chosen):
    """Runs the stories in order; answers how many passed and failed."""
    passed = failed = 0
    for told in chosen:
        title = told.__name__.replace("_", " ")
        begin = time.perf_counter()
        try:
            await told(story)
        except Exception as error:
            failed += 1
            print(f"FAILED {title}: {type(error).__name__}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok     {title} ({time.perf_counter() - begin:.2f} s)", flush=True)
    await story.client.aclose()
    return passed, failed


def main():
    """Starts the server, tells the stories, counts."""
    parser = harness.arguments(__doc__)
    parser.add_argument("stories", nargs="*", help="names of stories; all where none is given")
    options = parser.parse_args()
    chosen = [told for told in STORIES if not options.stories or told.__name__ in options.stories]
    patient = [f"limits.{key}_seconds={PATIENCE}" for key in ("queue_wait", "work_timeout")]
    server = harness.Server(options.binary, [*patient, *options.set], credits=0)
    with server:
        passed, failed = asyncio.run(tell(Story(server), chosen))
        if failed:
            print(f"the server's last lines:\n{server.tail()}")
    print(f"{passed} passed, {failed} failed")
    raise SystemExit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
