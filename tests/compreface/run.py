"""CompreFace's Python SDK, unmodified, against a Safelight server of its own on a free port.

Prints a line for each story and `N passed, N failed` at the end; exits non-zero on a failure.
"""

import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import harness
from compreface import CompreFace
from PIL import Image, ImageOps

# Longest wait for an answer in seconds: a slow machine makes the stories slow, never wrong.
PATIENCE = 600


def encoded(picture):
    """A picture as bytes of a JPEG."""
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=95)
    return out.getvalue()


class Story:
    """What a story has at hand: the SDK's services, and photos."""

    def __init__(self, server):
        self.server = server
        client = CompreFace("http://127.0.0.1", str(server.port))
        self.recognition = client.init_face_recognition(server.key)
        self.detection = client.init_face_detection(server.key)
        self.verification = client.init_face_verification(server.key)
        self.stranger = CompreFace("http://127.0.0.1", str(server.port)).init_face_recognition("other")
        self.faces = self.recognition.get_face_collection()
        self.subjects = self.recognition.get_subjects()
        ada = Image.open(ROOT / "photos/astronaut.png").convert("RGB").crop((90, 0, 360, 270))
        grace = Image.open(ROOT / "photos/grace_hopper.jpg").convert("RGB")
        self.ada, self.mirrored = encoded(ada), encoded(ImageOps.mirror(ada))
        self.grace = encoded(grace.crop((0, 0, grace.width, grace.width)))
        self.cup = encoded(Image.open(ROOT / "photos/coffee.png"))


def subjects_are_managed(story):
    """Add, list, rename, join, delete, delete all."""
    assert story.subjects.list() == {"subjects": []}
    assert story.subjects.add("Ann Smith") == {"subject": "Ann Smith"}
    assert story.subjects.add("Bob") == {"subject": "Bob"}
    assert story.subjects.add("Bob")["code"] == 43
    assert story.subjects.list() == {"subjects": ["Ann Smith", "Bob"]}
    assert story.subjects.update("Ann Smith", "Anne") == {"updated": True}
    assert story.subjects.update("Nobody", "Eve")["code"] == 42
    assert story.subjects.update("Bob", "Anne") == {"updated": True}
    assert story.subjects.list() == {"subjects": ["Anne"]}
    assert story.subjects.delete("Anne") == {"subject": "Anne"}
    assert story.subjects.delete("Anne")["code"] == 42
    story.subjects.add("Cyd")
    assert story.subjects.delete_all() == {"deleted": 1}


def faces_are_added_listed_and_deleted(story):
    """From a file, from bytes; listed; deleted by identifier and by subject."""
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(story.ada)
        file.flush()
        added = story.faces.add(file.name, "Ada", {"det_prob_threshold": 0.8})
    assert added["subject"] == "Ada" and len(added["image_id"]) == 36, added
    other = story.faces.add(story.mirrored, "Ada")
    assert other["image_id"] != added["image_id"], other
    listed = story.faces.list()
    assert {face["subject"] for face in listed["faces"]} == {"Ada"} and len(listed["faces"]) == 2, listed
    assert story.faces.delete(added["image_id"]) == added
    assert story.faces.delete(added["image_id"])["code"] == 44
    assert story.faces.delete_all("Ada") == {"deleted": 1}
    assert story.faces.list()["faces"] == []
    story.subjects.delete_all()


def people_are_recognised(story):
    """The right subject first, with everything that plugins tell."""
    added = story.faces.add(story.ada, "Ada")
    story.faces.add(story.grace, "Grace")
    found = story.recognition.recognize(image_path=story.mirrored, options={
        "limit": 0, "det_prob_threshold": 0.8, "prediction_count": 2,
        "face_plugins": "calculator,age,gender,landmarks,mask", "status": True,
    })
    (face,) = found["result"]
    names = [subject["subject"] for subject in face["subjects"]]
    assert names == ["Ada", "Grace"], face["subjects"]
    assert face["subjects"][0]["similarity"] > 0.9 > 0.3 > face["subjects"][1]["similarity"], face
    assert len(face["embedding"]) == 128 and len(face["landmarks"]) == 5, face
    assert face["gender"]["value"] == "female" and face["age"]["low"] < face["age"]["high"], face
    assert found["plugins_versions"]["detector"], found
    verified = story.faces.verify(story.mirrored, added["image_id"], {"limit": 1})
    assert verified["result"][0]["similarity"] > 0.9, verified
    assert verified["result"][0]["subject"] == "Ada", verified
    story.subjects.delete_all()


def faces_are_detected_and_compared(story):
    """The services without a collection."""
    (face,) = story.detection.detect(story.grace, {"face_plugins": "age,gender"})["result"]
    box = face["box"]
    assert box["x_min"] < box["x_max"] and box["y_min"] < box["y_max"] and box["probability"] > 0.8
    same = story.verification.verify(story.ada, story.mirrored, {"limit": 1})["result"][0]
    other = story.verification.verify(story.ada, story.grace)["result"][0]
    assert same["face_matches"][0]["similarity"] > 0.9, same
    assert other["face_matches"][0]["similarity"] < 0.3, other


def pictures_come_from_folders(story):
    """A folder for each person, brought in by the command line beside the running server."""
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in (("Ada L", story.ada), ("Grace", story.grace), ("Cup", story.cup)):
            person = Path(folder) / name
            person.mkdir()
            (person / "one.jpg").write_bytes(picture)
        command = [story.server.binary, "library", "import", "default", folder, "--group", "compreface",
                   *story.server.flags(), "--json"]
        for faces, skipped in ((2, 0), (0, 2)):
            done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            assert done.returncode == 1, "one picture shows nobody"
            come = json.loads(done.stdout)
            assert (come["faces"], come["skipped"]) == (faces, skipped), come
            assert [each["code"] for each in come["failed"]] == ["ERROR_NO_FACE_IN_FILE"], come
    assert story.subjects.list() == {"subjects": ["Ada L", "Grace"]}
    (face,) = story.recognition.recognize(story.mirrored)["result"]
    assert face["subjects"][0]["subject"] == "Ada L", face
    story.subjects.delete_all()


def failures_have_their_numbers(story):
    """What clients read of failures: `code` and `message`."""
    for answer, code in [
        (story.stranger.get_subjects().list(), 10),
        (story.detection.detect(story.cup), 28),
        (story.detection.detect(b"no picture"), 21),
        (story.recognition.recognize(story.ada, {"prediction_count": 0}), 12),
    ]:
        assert answer["code"] == code and answer["message"], (code, answer)


STORIES = [
    subjects_are_managed, faces_are_added_listed_and_deleted, people_are_recognised,
    faces_are_detected_and_compared, pictures_come_from_folders, failures_have_their_numbers,
]


def main():
    """Starts the server, tells the stories, counts."""
    parser = harness.arguments(__doc__)
    options = parser.parse_args()
    patient = [f"limits.{key}_seconds={PATIENCE}" for key in ("queue_wait", "work_timeout")]
    server = harness.Server(options.binary, [*patient, "compat.compreface=true", *options.set])
    passed = failed = 0
    with server:
        story = Story(server)
        for told in STORIES:
            title, begin = told.__name__.replace("_", " "), time.perf_counter()
            try:
                told(story)
            except Exception as error:
                failed += 1
                print(f"FAILED {title}: {type(error).__name__}: {error}", flush=True)
            else:
                passed += 1
                print(f"ok     {title} ({time.perf_counter() - begin:.2f} s)", flush=True)
        if failed:
            print(f"the server's last lines:\n{server.tail()}")
    print(f"{passed} passed, {failed} failed")
    raise SystemExit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
