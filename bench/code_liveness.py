"""The requests that provoke the error codes of liveness.

Videos come from the service live-photo; what their index says is changed where a request needs that, as
limits are judged by the index.
"""

import base64
import io
import struct

from PIL import Image, PngImagePlugin

from code_library import RECOGNITION, call, portrait

LIVENESS = "/api/portrait/liveness"
LIVE_PHOTO = "/api/portrait/effects/live-photo"
videos = {}


def video(world):
    """Three seconds of the portrait, which hardly turns."""
    if "live" not in videos:
        answer = world.post(LIVE_PHOTO, image_target=base64.b64decode(portrait()))
        if not answer.succeeded:
            raise SystemExit(f"there is no video: {answer.body}")
        videos["live"] = base64.b64decode(answer.json["data"]["video"])
    return videos["live"]


def changed(file, box, at, number):
    """A file with a number of 32 bits in the first box of a kind replaced."""
    place = file.index(box) + 4 + at
    return file[:place] + struct.pack(">I", number) + file[place + 4:]


def lasting(file, seconds, frames=None):
    """The file whose frames, or only so many of them, last so long."""
    number = lambda box, at: struct.unpack_from(">I", file, file.index(box) + 4 + at)[0]
    step = -(-round(number(b"mdhd", 12) * seconds) // (frames or number(b"stts", 8)))
    file = changed(file, b"stts", 12, step)
    return file if frames is None else changed(file, b"stsz", 8, frames)


def session(world, code=None):
    """A session, for this code where one is given."""
    for _ in range(200):
        begun = world.post(f"{LIVENESS}/action-session", min_code_length=1, max_code_length=1)
        if code in (None, begun.json["data"]["code"]):
            return begun.json["data"]["session_id"]
    raise SystemExit(f"no session asks for {code}")


def verify(change=lambda file: file, code=None, **fields):
    """A video for a fresh session."""
    return lambda world: world.post(f"{LIVENESS}/action-verify", session_id=session(world, code),
                                    video=change(video(world)), **fields)


def used(world):
    """A session that was used before."""
    name = session(world)
    for _ in range(2):
        answer = world.post(f"{LIVENESS}/action-verify", session_id=name, video=b"no video")
    return answer


def declared():
    """The portrait with the parameters of a generator, in Base64."""
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "a portrait\nSteps: 20, Sampler: Euler a, CFG scale: 7")
    out = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(portrait()))).save(out, "PNG", pnginfo=text)
    return base64.b64encode(out.getvalue()).decode()


def printed():
    """The portrait as on a sheet of paper that somebody holds: flat, dotted, with white edges."""
    face = Image.open(io.BytesIO(base64.b64decode(portrait()))).convert("RGB").resize((220, 220))
    sheet = Image.new("RGB", (400, 400), (110, 96, 84))
    sheet.paste((244, 242, 236), (60, 50, 340, 350))
    dots = face.point(lambda value: 60 + value * 150 // 255)
    for y in range(0, 220, 2):
        for x in range(y // 2 % 2, 220, 2):
            dots.putpixel((x, y), tuple(min(255, value + 30) for value in dots.getpixel((x, y))))
    sheet.paste(dots, (90, 90))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def silent(**fields):
    """Pictures to judge."""
    return lambda world: call(world, LIVENESS, "silent-liveness-detection", **fields)


CASES = [
    ("ERROR_MISSING_TASKS_PARAMETER", "silent-liveness-detection without tasks", silent()),
    ("ERROR_LIVENESS_DETECTION_FAILED", "silent-liveness-detection of an imitated print",
     silent(tasks_base64=[printed()], liveness_control="HIGH")),
    ("ERROR_SYNTHESIS_DETECTION_FAILED", "face-compare of what a generator made",
     lambda world: call(world, RECOGNITION, "face-compare", spoofing_control="NORMAL",
                        images_base64=[portrait(), declared()])),
    ("ERROR_RESOURCE_RECLAIMED", "action-verify of a session that was used", used),
    ("ERROR_VIDEO_DURATION_EXCEEDED", "action-verify of 11 seconds",
     verify(lambda file: lasting(file, 11))),
    ("ERROR_INVALID_FILE", "action-verify of half a second", verify(lambda file: lasting(file, 0.5))),
    ("FILE_CONTENT_NON_COMPLIANCE", "action-verify of two frames a second",
     verify(lambda file: lasting(file, 3, frames=6))),
    ("ERROR_ACTION_VERIFICATION_FAILED", "action-verify for both sides of a head that hardly turns",
     verify(code="7", liveness_control="NONE")),
]
