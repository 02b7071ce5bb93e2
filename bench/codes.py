"""Every error code of the contract, and a request over HTTP that provokes it, in both editions.

Each request runs against a server of its own edition on loopback; the row is good where the answer
carries the code with the status of the table of codes, in an envelope that says it failed. Codes
without a request here are listed with what they wait for. Exits with 1 where a row is wrong, or fewer
than --least codes have their request.
"""

import json
import socket
import sys
import time

from PIL import Image, ImageFilter

import api
import code_engines
import code_library
import code_liveness
import code_reading
import harness
import photos
from code_requests import (ADVANCED, ANALYZER, BEAUTY, COLOR, DEFOGGING, LIPS, OBJECTS, SKIN, SMOOTH, STANDS_FOR, STYLE,
                           TASKS, Remote, World, blocked, busy, ended, patched, wait_for)

# One worker each, no task queue beyond a few, and short patience; the server may fetch from itself.
SETTINGS = ["limits.workers=2", "tasks.workers=1", "limits.stall_timeout_seconds=2",
            "fetch.timeout_seconds=2", "shutdown_grace_seconds=0"]
# Less memory than a large picture needs, no queue, and a second of work for each request.
TIGHT = [*SETTINGS, "limits.memory_budget=1750000000", "limits.workers=1", "limits.queue=0",
         "limits.work_timeout_seconds=1", "limits.queue_wait_seconds=1"]


def begun(length, body):
    """A request whose head announces a body of so many bytes, of which only these are sent."""
    def ask(world):
        with socket.create_connection(("127.0.0.1", world.server.port), timeout=30) as stream:
            stream.sendall(f"POST {api.CONTRAST} HTTP/1.1\r\nhost: localhost\r\n{api.KEY_HEADER}: "
                           f"{world.server.key}\r\ncontent-type: multipart/form-data; boundary=x\r\n"
                           f"content-length: {length}\r\n\r\n{body}".encode())
            return raw(stream)
    return ask


def raw(stream):
    """Reads an answer from a socket."""
    received = b""
    while b"\r\n\r\n" not in received or not received.rstrip().endswith(b"}"):
        part = stream.recv(65_536)
        if not part:
            break
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return api.Answer(int(head.split(b" ", 2)[1]), {}, body, 0)


def as_user(verb):
    """A call with the key of an application whose user was locked or removed."""
    def ask(world):
        name, client = world.application()
        world.server.cli("user", verb, f"user-{name}")
        return client.get(api.CREDITS)
    return ask


def conflict(world):
    """The same idempotency key while its first request is at work: sent a little later each time, until it
    comes between the beginning and the end of the first."""
    form = api.form(photos.photo("astronaut.png", 4_000_000))
    for attempt in range(40):
        headers = {"Idempotency-Key": f"key-{time.monotonic_ns()}", "Content-Type": form.content_type}
        first = world.server.client()
        first.connection.connect()
        first.connection.request("POST", api.CUTOUT, form.body, {**headers, api.KEY_HEADER: world.server.key})
        time.sleep(0.02 * attempt)
        answer = world.client.request("POST", api.CUTOUT, form.body, headers)
        first.connection.getresponse().read()
        if answer.code:
            break
    return answer


def in_use(world):
    """Deletes an upload that a waiting task uses."""
    upload = world.post(f"{TASKS}/upload-file", file=world.cup).json["data"]["file_id"]
    def ask():
        world.post(api.HD_CUTOUT, image_file_id=upload)
        return world.post(f"{TASKS}/delete-file", file_id=upload)
    return busy(world, ask)


def in_transit(world):
    """Uses a file that is still fetched."""
    made = world.post(f"{TASKS}/upload-file", file_url=world.remote.url("/trickle"), wait="false")
    return world.post(api.CONTRAST, image_file_id=made.json["data"]["file_id"])


def revoked(world):
    """Polls a task that was revoked while it waited."""
    def ask():
        task = world.task(world.cup)
        world.post(f"{TASKS}/revoke-async-task", task_id=task)
        return world.client.get(f"{api.TASK}?task_id={task}")
    return busy(world, ask)


def stopped(world):
    """Polls a task that was stopped at work."""
    task = world.task()
    wait_for(world, task, "processing")
    world.post(f"{TASKS}/stop-async-task", task_id=task)
    return ended(world, task)


def done(world):
    """Revokes a task that is done."""
    task = world.task(world.cup)
    ended(world, task)
    return world.post(f"{TASKS}/revoke-async-task", task_id=task)


def too_often(world):
    """More requests per second than the application may send."""
    _, client = world.application("--requests-per-second", "1")
    answers = [client.post(api.CONTRAST, api.form(a="b")) for _ in range(9)]
    return next((each for each in answers if each.status == 429 or "LIMIT" in each.code), answers[-1])


def crowded(world):
    """More requests than the one worker of a server without a queue takes."""
    form = api.form(photos.photo("astronaut.png", 2_000_000))
    wanted, answers = "AI_SERVICE_FLOW_RESTRICTION", []
    harness.load(6, 4, lambda *_: answers.append(world.server.client().post(api.CUTOUT, form)))
    refused = [answer for answer in answers if answer.code == wanted]
    return refused[0] if refused else answers[-1]


def blurred(world):
    """The portrait out of focus."""
    return world.portrait.filter(ImageFilter.GaussianBlur(9))


def behind_hair(world):
    """The portrait with its own hair over the forehead, an eye and a cheek."""
    picture, side = world.portrait.copy(), world.portrait.width
    hair = picture.crop([round(each * side) for each in (.36, .10, .62, .22)])
    for left, top, right, bottom in ((.34, .22, .70, .37), (.53, .30, .70, .62)):
        left, top, right, bottom = (round(each * side) for each in (left, top, right, bottom))
        picture.paste(hair.resize((right - left, bottom - top)), (left, top))
    return picture


def canvas(world, side, whole=900):
    """The portrait as a small part of a gray canvas."""
    picture = Image.new("RGB", (whole, whole), (128, 128, 128))
    picture.paste(world.portrait.resize((side, side)), (40, 40))
    return picture


FUSION = "/api/portrait/effects/face-fusion"
WAIST = "/api/portrait/editing/ai-waist-slimming"
BALD = "/api/portrait/editing/ai-bald"
GRAY = Image.new("L", (300, 300), 90)
LOCAL = "http://192.0.2.1/photo.jpg"

# Code, words for the request, function of the world.
CASES = [
    ("ERROR_PARAMETERS", "Content-Type: text/plain",
     lambda w: w.client.request("POST", api.CONTRAST, b"x", {"Content-Type": "text/plain"})),
    ("MISSING_PARAMETERS", "a service without its picture", lambda w: w.post(api.CONTRAST, a="b")),
    ("ERROR_INVALID_PARAMETER", "image and image_url together",
     lambda w: w.post(api.CONTRAST, image=w.cup, image_url=w.remote.url("/photo"))),
    ("ERROR_INVALID_URL", "image_url=ftp://…", lambda w: w.post(api.CONTRAST, image_url="ftp://a/b")),
    ("PARAMETERS_CANNOT_EMPTY", "a picture of 0 bytes", lambda w: w.post(api.CONTRAST, image=b"")),
    ("ERROR_INVALID_RESPONSE_FORMAT", "Accept: text/xml",
     lambda w: w.client.request("GET", api.CREDITS, headers={"Accept": "text/xml"})),
    ("ERROR_UNSUPPORTED_RESPONSE_FORMAT", "format=xml on the query string",
     lambda w: w.client.get(f"{api.CREDITS}?format=xml")),
    ("ERROR_BATCH_TASK_LIMIT_EXCEEDED", "submit-batch-tasks with 11 items",
     lambda w: w.client.request("POST", f"{TASKS}/submit-batch-tasks",
                                json.dumps({"items": [{"path": api.HD_CUTOUT}] * 11}),
                                {"Content-Type": "application/json"})),
    ("ERROR_RESOURCE_IN_TRANSIT", "a file_id that is still fetched", in_transit),
    ("ERROR_FILE_DOWNLOAD_FAILED", "image_url that answers 404",
     lambda w: w.post(api.CONTRAST, image_url=w.remote.url("/missing"))),
    ("ERROR_FILE_DOWNLOAD_TIMEOUT", "image_url that never answers",
     lambda w: w.post(api.CONTRAST, image_url=w.remote.url("/silent"))),
    ("ERROR_FILE_UPLOAD_FAILED", "upload-file while the folder of files is a file",
     blocked("blobs", lambda w: w.post(f"{TASKS}/upload-file", file=w.cup))),
    ("FILE_DECODING_FAILURE", "a truncated JPEG", lambda w: w.post(api.CONTRAST, image=w.cup[:9000])),
    ("ERROR_DATA_TRANSFER_FAILED", "a body that stops half-way", begun(1000, "--x\r\n")),
    ("ERROR_TASK_REVOCATION_FAILED", "revoking a task that is done", done),
    ("ERROR_USER_NOT_EXISTS", "a key whose user was removed", as_user("remove")),
    ("ERROR_USER_LOCKED", "a key whose user is locked", as_user("lock")),
    ("ERROR_APPLICATIONS_NOT_EXISTS", "no key",
     lambda w: api.Client(w.server.port).get(api.CREDITS)),
    ("ERROR_AI_NOT_EXISTS", "an unknown path", lambda w: w.post("/api/image/none", image=w.cup)),
    ("ERROR_FILE_NOT_FOUND", "an unknown file_id",
     lambda w: w.post(api.CONTRAST, image_file_id="f_" + "0" * 32)),
    ("ERROR_RESOURCE_NOT_FOUND", "polling an unknown task",
     lambda w: w.client.get(f"{api.TASK}?task_id=none")),
    ("ERROR_ILLEGAL_OPERATION", "GET on a path of POST", lambda w: w.client.get(api.CONTRAST)),
    ("ERROR_RESOURCE_IN_USE", "delete-file of what a waiting task uses", in_use),
    ("ERROR_TASK_CONFLICT", "the same Idempotency-Key while the first is at work", conflict),
    ("ERROR_TASK_REVOKED", "polling a revoked task", revoked),
    ("ERROR_TASK_STOPPED_PROCESSING", "polling a stopped task", stopped),
    ("FILE_SIZE_EXCEEDS_LIMIT", "a picture over the field's limit",
     lambda w: w.post(api.CONTRAST, image=w.cup + bytes(12_000_000))),
    ("ERROR_CONTENT_TOO_LONG", "image_url of 3,000 characters",
     lambda w: w.post(api.CONTRAST, image_url=w.remote.url("/" + "a" * 3000))),
    ("ERROR_REQUEST_BODY_TOO_LARGE", "Content-Length of 99 MB", begun(99_000_000, "")),
    ("UNSUPPORTED_FILE_TYPES", "a GIF", lambda w: w.post(api.CONTRAST, image=b"GIF89a" + bytes(400))),
    ("ERROR_UNSUPPORTED_GRAYSCALE_IMAGE", "a gray picture for style migration",
     lambda w: w.post(STYLE, major=GRAY, style=GRAY)),
    ("UNSUPPORTED_PARAMETER_VALUES", "return_form=gif",
     lambda w: w.post(api.CUTOUT, image=w.cup, return_form="gif")),
    ("ERROR_INVALID_FACE_BOX_PARAMETER", "face_rect outside the picture",
     lambda w: w.post(LIPS, image=w.portrait, lip_color_infos=json.dumps([
         {"rgba": {"r": 200, "g": 0, "b": 0, "a": 60},
          "face_rect": {"x": 9000, "y": 0, "width": 100, "height": 100}}]))),
    *((code, f"face-beauty-advanced with {field}=101",
       lambda w, field=field: w.post(BEAUTY, image=w.portrait, **{field: 101}))
      for code, field in [("ERROR_INVALID_BIG_EYES_PARAMETER", "eye_enlarging"),
                          ("ERROR_INVALID_FACE_SLIMMING_PARAMETER", "face_lifting"),
                          ("ERROR_INVALID_SMOOTHING_PARAMETER", "smoothing"),
                          ("ERROR_INVALID_SKIN_WHITENING_PARAMETER", "whitening")]),
    ("ERROR_INVALID_PARAMETER_FORMAT", "file_id with a space",
     lambda w: w.post(f"{TASKS}/delete-file", file_id="a b")),
    ("ERROR_PARAMETER_CONVERSION_FAILED", "max_face_num=many",
     lambda w: w.post(ANALYZER, image=w.portrait, max_face_num="many")),
    ("FILE_RESOLUTION_EXCEEDS_LIMITS", "enlargement of 1,930 x 100 px",
     lambda w: w.post(api.ENLARGE, image=Image.new("RGB", (1930, 100)))),
    ("ERROR_LOW_RESOLUTION", "a picture of 16 x 16 px",
     lambda w: w.post(SMOOTH, image=Image.new("RGB", (16, 16)))),
    ("ERROR_NO_FACE_IN_FILE", "a cup", lambda w: w.post(ANALYZER, image=w.cup)),
    ("ERROR_FACE_SIZE_RATIO_NOT_MET", "skin analysis of a face in a corner",
     lambda w: w.post(SKIN, image=photos.jpeg(canvas(w, 700, 3600)))),
    ("ERROR_SMALL_FACE_SIZE", "a face of 40 px", lambda w: w.analysed(canvas(w, 80))),
    ("ERROR_POOR_FACE_QUALITY", "heavy JPEG",
     lambda w: w.analysed(photos.jpeg(w.portrait.resize((300, 300)), quality=9), "HIGH")),
    ("ERROR_BLURRY_FACE", "a blurred portrait", lambda w: w.analysed(blurred(w))),
    ("ERROR_POOR_FACE_LIGHTING", "a dark portrait",
     lambda w: w.analysed(w.portrait.point(lambda v: v // 9), "HIGH")),
    ("ERROR_INCOMPLETE_FACE", "a face cut by the edge",
     lambda w: w.analysed(w.portrait.crop((390, 0, 768, 768)), "HIGH")),
    ("ERROR_FACE_NOT_FACING_FORWARD", "a portrait turned by 50 degrees",
     lambda w: w.analysed(w.portrait.rotate(50, fillcolor=(90, 90, 90)), "HIGH")),
    ("ERROR_FACE_UNRECOGNIZABLE", "a portrait squeezed to less than half its width",
     lambda w: w.analysed(w.portrait.resize((345, 768)), "HIGH")),
    ("ERROR_CARTOON_FACE_NOT_SUPPORTED", "a drawn face",
     lambda w: w.post(ANALYZER, image=photos.photo("cartoon.png"))),
    ("ERROR_QUALITY_CONTROL_ERROR", "quality_control=BEST", lambda w: w.analysed(w.portrait, "BEST")),
    *((code, f"a patch over {what}", lambda w, at=at, size=size: w.analysed(patched(w, at, size)))
      for code, what, at, size in [
          ("ERROR_LEFT_EYE_OCCLUSION_TOO_HIGH", "the left eye", (.42, .385), .12),
          ("ERROR_RIGHT_EYE_OCCLUSION_TOO_HIGH", "the right eye", (.6, .39), .12),
          ("ERROR_LEFT_FACE_OCCLUSION_TOO_HIGH", "the left cheek", (.39, .51), .13),
          ("ERROR_RIGHT_FACE_OCCLUSION_TOO_HIGH", "the right cheek", (.62, .51), .13),
          ("ERROR_CHIN_OCCLUSION_TOO_HIGH", "the chin", (.5, .66), .17),
          ("ERROR_NOSE_OCCLUSION_TOO_HIGH", "the nose", (.5, .46), .1),
          ("ERROR_MOUTH_OCCLUSION_TOO_HIGH", "the mouth", (.5, .56), .13)]),
    ("ERROR_TEMPLATE_IMAGE_QUALITY_TOO_LOW", "face-fusion into a small face",
     lambda w: w.post(FUSION, image_target=w.portrait, image_template=canvas(w, 200))),
    ("ERROR_OBSTRUCTED_FACE", "face-fusion of a face behind a patch",
     lambda w: w.post(FUSION, image_target=patched(w, (.5, .56), .16), image_template=w.portrait)),
    ("ERROR_FACE_BLENDING_FAILED", "face-fusion of a face half behind hair",
     lambda w: w.post(FUSION, image_target=behind_hair(w), image_template=w.portrait)),
    ("ERROR_POSE_NOT_ENOUGH_KEYPOINTS", "ai-waist-slimming of a head",
     lambda w: ended(w, w.post(WAIST, image=w.portrait).json["task_id"])),
    ("PROCESSING_FAILURE", "ai-bald of hair that covers the forehead",
     lambda w: ended(w, w.post(BALD, image=w.portrait).json["task_id"])),
    ("ERROR_MISSING_OUTPUT_FORMAT", "colour enhancement without output_format",
     lambda w: w.post(COLOR, image=w.cup, mode="Rec709")),
    ("ERROR_NO_RECOGNITION_TARGET_DETECTED", "a portrait cut-out of a blank sheet",
     lambda w: w.post(api.PORTRAIT, image=Image.new("RGB", (400, 400), (250, 250, 250)))),
    ("ERROR_MASK_IMAGE_RESOLUTION_MISMATCH", "a mask of another size",
     lambda w: w.post(OBJECTS, image=w.portrait, mask=GRAY)),
    ("EXCEEDING_LIMITS", "nine requests at once at one per second", too_often),
    ("ERROR_NOT_ENOUGH_CREDITS", "empty pools",
     lambda w: w.application()[1].post(api.CUTOUT, api.form(w.cup))),
    ("FILE_SERVICE_ERROR", "a cut-out while the folder of files is a file",
     blocked("blobs", lambda w: w.post(api.CUTOUT, image=w.cup))),
]

# Codes that settings bring about which are off, or out of reach, by default.
STRICT = [*SETTINGS, "limits.max_answer_bytes=65536"]
STRICT_CASES = [
    ("ERROR_RESPONSE_BODY_TOO_LARGE", "an answer in Base64 above limits.max_answer_bytes",
     lambda w: w.post(DEFOGGING, image=w.cup)),
    ("ERROR_IMAGE_STORAGE_NOT_SUPPORTED", "face-add with store_image, which the operator does not allow",
     code_library.kept_nowhere),
]
MODERATED = [*SETTINGS, "moderation.inputs=block", "moderation.threshold=0.0"]
MODERATED_CASES = [
    ("ERROR_ILLEGAL_FILE", "any picture with moderation.inputs=block and threshold=0",
     lambda w: w.post(api.CONTRAST, image=w.cup)),
]

# Codes that a server with little room answers.
TIGHT_CASES = [
    ("ERROR_INSUFFICIENT_RESOURCES", "a picture that needs more than the memory budget",
     lambda w: w.post(SMOOTH, image=Image.new("RGB", (4900, 4900)))),
    ("AI_SERVICE_TIMEOUT", "a service that is slower than its deadline",
     lambda w: w.post(api.ENLARGE, image=w.portrait.resize((600, 600)), upscale_factor=4)),
    ("AI_SERVICE_FLOW_RESTRICTION", "more requests than a worker without a queue takes", crowded),
]


def rows(binary, edition, cases, settings, prepare=None):
    """Runs cases on a server of an edition: code wanted, words, code and status found."""
    remote, engine = Remote(), code_engines.Engine()
    settings = [*settings, f"fetch.ports=[80, 443, {remote.port}]",
                f'fetch.allow=["127.0.0.1:{remote.port}"]', f"contract.edition={edition}"]
    if cases and cases[0] in code_engines.CASES:
        settings += engine.settings()
    with harness.Server(binary, settings) as server:
        world = World(server, remote, engine)
        if prepare:
            prepare(world)
        for code, words, ask in cases:
            answer = ask(world)
            failed = answer.json.get("error_code") != 0
            yield code, words, answer.code, answer.status, failed
    remote.close()
    engine.close()


def main():
    """Runs the table in both editions and counts."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--least", type=int, default=60, help="codes that must have a request")
    parser.add_argument("--only", nargs="+", help="codes")
    options = parser.parse_args()
    found, wrong = {}, []
    for edition in ("2025", "2026"):
        listed = json.loads(harness.subprocess.run(
            [options.binary, "errors", "--json", "--edition", edition],
            capture_output=True, text=True, check=True).stdout)
        status = {each["code"]: each["status"] for each in listed}
        for cases, settings, prepare in (
                (CASES, SETTINGS, None), (STRICT_CASES, STRICT, None),
                (MODERATED_CASES, MODERATED, None), (TIGHT_CASES, TIGHT, None),
                (code_library.CASES, [*SETTINGS, *code_library.SETTINGS], code_library.prepare),
                (code_liveness.CASES, SETTINGS, None),
                (code_reading.CASES, SETTINGS, None), (code_engines.CASES, SETTINGS, None)):
            cases = [each for each in cases if not options.only or each[0] in options.only]
            if not cases:
                continue
            for code, words, got, http, failed in rows(options.binary, edition, cases,
                                                       [*settings, *options.set], prepare):
                wanted = code if edition == "2026" else STANDS_FOR.get(code, code)
                good = got == wanted and http == status.get(wanted) and failed
                found.setdefault(code, [words]).append(http if good else f"{got or 'success'} {http}")
                if not good:
                    wrong.append((edition, code, got, http))
    harness.table(("code", "request", "2025", "2026"),
                  [(code, *columns) for code, columns in found.items()])
    met = harness.verdict("codes", len(found) >= options.least, f"{len(found)} of {len(status)} have a request")
    met &= harness.verdict("answers", not wrong, f"{len(wrong)} wrong {wrong}")
    if not options.only:
        print("waiting:", ", ".join(sorted(set(status) - set(found))))
    sys.exit(not met)


if __name__ == "__main__":
    main()
