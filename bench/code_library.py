"""The requests that provoke the error codes of face libraries and recognition."""

import base64
import contextlib
import io
import json
import sqlite3

from PIL import Image

import photos
from code_requests import blocked

LIBRARY = "/api/portrait/library"
RECOGNITION = "/api/portrait/recognition"
# At most these in a library, and no cleaning by itself. Whether a user is full counts before whether the face is there.
SETTINGS = ["library.max_groups=4", "library.max_faces_per_user=2", "library.sweep_seconds=3600",
            "library.store_images=true"]


def portrait(name="astronaut.png", box=(90, 0, 360, 270)):
    """A portrait of 320 x 320 px in Base64."""
    with Image.open(photos.ROOT / "photos" / name) as source:
        picture = source.convert("RGB").crop(box).resize((320, 320))
    return packed(picture)


def packed(picture):
    """A picture as a PNG in Base64."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def call(world, place, name, **fields):
    """Posts JSON to an endpoint."""
    return world.client.request("POST", f"{place}/{name}", json.dumps(fields),
                                {"Content-Type": "application/json"})


def prepare(world):
    """Groups `staff` (with a user and a face), `guests`, and `cards` of another scene."""
    made = [call(world, LIBRARY, "group-create", group_id="staff", group_name="Staff"),
            call(world, LIBRARY, "group-create", group_id="guests"),
            call(world, LIBRARY, "group-create", group_id="cards", scene_type="IDCARD"),
            call(world, LIBRARY, "group-create", group_id="old"),
            call(world, LIBRARY, "face-add", group_id="staff", user_id="ada", image_base64=portrait()),
            call(world, LIBRARY, "user-copy", src_group_id="staff", dst_group_id="guests",
                 user_id="ada")]
    wrong = [each.body for each in made if not each.succeeded]
    if wrong:
        raise SystemExit(f"the library cannot be prepared: {wrong}")
    return made[4].json["data"]["face_token"]


def library(name, **fields):
    """A request to the library."""
    return lambda world: call(world, LIBRARY, name, **fields)


def add(**fields):
    """A face for the group `staff`, changed by `fields`."""
    usual = {"group_id": "staff", "user_id": "grace"}
    return lambda world: call(world, LIBRARY, "face-add",
                              **{**usual, "image_base64": portrait(), **fields})


def one_too_many(world):
    """A third face of a user who may have two."""
    add(user_id="ada", image_base64=portrait("grace_hopper.jpg", (40, 20, 470, 450)))(world)
    return add(user_id="ada", image_base64=soft())(world)


def soft():
    """A portrait that was enlarged from 90 px, less fit than a sharp one."""
    with Image.open(photos.ROOT / "photos/astronaut.png") as source:
        small = source.convert("RGB").crop((90, 0, 360, 270)).resize((90, 90))
    return packed(small.resize((320, 320)))


def recognition(name, **fields):
    """A request to recognition."""
    return lambda world: call(world, RECOGNITION, name, **fields)


def search(**fields):
    """A search in the group `staff`, changed by `fields`."""
    usual = {"group_id_list": "staff", "limit": 3}
    return lambda world: call(world, RECOGNITION, "face-search",
                              **{**usual, "image_base64": portrait(), **fields})


def no_picture(world):
    """The picture of a face that was kept without one."""
    listed = call(world, LIBRARY, "face-list", group_id="staff", user_id="ada").json
    token = listed["data"]["face_list"][0]["face_token"]
    return call(world, LIBRARY, "face-image", group_id="staff", user_id="ada", face_token=token)


def kept_nowhere(world):
    """A face with its picture, where the library keeps none."""
    call(world, LIBRARY, "group-create", group_id="g")
    return call(world, LIBRARY, "face-add", group_id="g", user_id="ada", image_base64=portrait(), store_image=True)


def damaged(world):
    """The picture of a face, after its file was altered."""
    picture = portrait("grace_hopper.jpg", (45, 25, 465, 445))
    made = add(group_id="guests", user_id="kept", image_base64=picture, store_image=True)(world)
    for blob in (world.server.data / "blobs/faces").rglob("*"):
        if blob.is_file():
            blob.write_bytes(bytes(byte ^ 1 for byte in blob.read_bytes()))
    token = made.json["data"]["face_token"]
    return call(world, LIBRARY, "face-image", group_id="guests", user_id="kept", face_token=token)


def emptied(world):
    """All that is kept of a user whose sealed embedding was overwritten in the database."""
    with contextlib.closing(sqlite3.connect(world.server.data / "safelight.db", timeout=30)) as rows, rows:
        rows.execute("UPDATE faces SET sealed = zeroblob(length(sealed))")
    return call(world, LIBRARY, "user-export", user_id="ada")


def cleaned(world):
    """A group that is being deleted."""
    call(world, LIBRARY, "group-delete", group_id="old")
    return call(world, LIBRARY, "user-list", group_id="old")


def two_people():
    """Two portraits beside each other."""
    pair = Image.new("RGB", (640, 320))
    for left, (name, box) in ((0, ("astronaut.png", (90, 0, 360, 270))),
                              (320, ("grace_hopper.jpg", (40, 20, 470, 450)))):
        with Image.open(photos.ROOT / "photos" / name) as source:
            pair.paste(source.convert("RGB").crop(box).resize((320, 320)), (left, 0))
    return packed(pair)


MANY = [f"u{number}" for number in range(21)]

CASES = [
    ("ERROR_USER_GROUP_ALREADY_EXISTS", "group-create twice", library("group-create", group_id="staff")),
    ("ERROR_DUPLICATE_GROUP_NAME", "group-update to a name in use",
     library("group-update", group_id="guests", group_name="Staff")),
    ("ERROR_DATABASE_LIMIT_EXCEEDED", "group-create past max_groups",
     library("group-create", group_id="more")),
    ("ERROR_USER_GROUP_NOT_FOUND", "user-list of an unknown group", library("user-list", group_id="x")),
    ("ERROR_USER_NOT_FOUND", "user-get of an unknown user", library("user-get", user_id="x")),
    ("ERROR_USER_ALREADY_EXISTS", "user-create twice",
     library("user-create", group_id="staff", user_id="ada")),
    ("ERROR_TOO_MANY_APPS_IN_APP_LIST", "group-share with 11 applications",
     library("group-share", group_id="staff", app_list=MANY[:11])),
    ("ERROR_TOO_MANY_UIDS_IN_UID_LIST", "user-delete of 21 users",
     library("user-delete", user_id_list=MANY)),
    ("ERROR_DATA_ALREADY_EXISTS", "user-copy of a user that is there",
     library("user-copy", src_group_id="staff", dst_group_id="guests", user_id="ada")),
    ("ERROR_FACE_COPY_SCENE_MISMATCH", "user-copy to a group of another scene",
     library("user-copy", src_group_id="staff", dst_group_id="cards", user_id="ada")),
    ("ERROR_FACE_NOT_FOUND", "face-delete of an unknown token",
     library("face-delete", group_id="staff", user_id="ada", face_token="0" * 32)),
    ("ERROR_CONTENT_NOT_FOUND", "face-image of a face without one", no_picture),
    ("ERROR_TOO_MANY_FILES", "face-add of five pictures", add(image_base64=[portrait()] * 5)),
    ("ERROR_FACE_ALREADY_EXISTS", "face-add of the same picture", add(user_id="ada")),
    ("ERROR_FACE_TRACE_LIMIT_EXCEEDED", "face-add of one face too many", one_too_many),
    ("ERROR_SCENE_TYPE_MISMATCH", "face-add with another scene", add(scene_type="IDCARD")),
    ("ERROR_FACE_COUNT_INVALID", "face-add of two people with single_face",
     add(image_base64=two_people(), single_face=True)),
    ("ERROR_FACE_SIZE_NOT_MEET_REQUIREMENTS", "face-add with min_face_size=2000",
     add(min_face_size=2000)),
    ("ERROR_QUALITY_SCORE_NOT_MEET_REQUIREMENTS", "face-add of a soft portrait, quality_score_threshold=100",
     lambda world: add(quality_score_threshold=100, image_base64=soft())(world)),
    ("ERROR_LIVENESS_CONTROL_ERROR", "face-add with liveness_control=BEST",
     add(liveness_control="BEST")),
    ("ERROR_CLEANING_USER_GROUP_DATA", "user-list of a group that is being deleted", cleaned),
    ("ERROR_MISSING_LIMIT_PARAMETER", "face-search without limit", search(limit=None)),
    ("ERROR_TOO_MANY_GROUPS_IN_GROUP_LIST", "face-search in 11 groups",
     search(group_id_list=MANY[:11])),
    ("ERROR_FACE_TOKEN_NOT_FOUND", "face-search by an unknown token",
     lambda world: call(world, RECOGNITION, "face-search", image_token="0" * 32,
                        group_id_list="staff", limit=3)),
    ("ERROR_INCORRECT_FILE_COUNT", "face-compare of one picture",
     recognition("face-compare", images_base64=[portrait()])),
    ("ERROR_HIGH_RESOLUTION", "face-detect in 4,200 x 100 px",
     lambda world: world.post(f"{RECOGNITION}/face-detect", image=Image.new("RGB", (4200, 100)))),
    ("ERROR_GET_FACE_IMAGE_FAILED", "face-image of a picture whose file was altered", damaged),
    ("ERROR_FACE_IMAGE_ADDITION_FAILED", "face-add with store_image while the folder of pictures is a file",
     blocked("blobs/faces", add(group_id="guests", user_id="eve", store_image=True))),
    # The last: no face of the library can be opened afterwards.
    ("SERVICE_INTERNAL_ERROR", "user-export after an embedding was overwritten in the database", emptied),
]
