import os
import time
from pathlib import Path

import pytest

PHOTO = Path(os.environ.get("PHOTO", "photo.png"))
NOW = "/api/cutout/general/universal-background-removal"
LATER = "/api/cutout/general/hd-universal-background-removal"


class Refused(Exception):
    pass


def cut_out(api, simulate=None):
    """Stands for your client: answers the URL of the result, tries again while the server is busy."""
    headers = {"x-safelight-simulate": simulate} if simulate else {}
    for _ in range(2):
        answer = api.post(NOW, files={"image": PHOTO.read_bytes()}, headers=headers)
        if answer.status_code != 503:
            break
        time.sleep(float(answer.headers["retry-after"]))
    body = answer.json()
    if body["error_code"] != 0:
        raise Refused(body["error_detail"]["code"])
    return body["data"]["image_url"]


def test_a_picture_comes_back(api):
    picture = api.get(cut_out(api))
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_a_photo_without_a_face_is_refused(api):
    with pytest.raises(Refused, match="ERROR_NO_FACE_IN_FILE"):
        cut_out(api, "code=ERROR_NO_FACE_IN_FILE")


def test_a_busy_server_is_given_up_in_the_end(api):
    with pytest.raises(Refused, match="AI_SERVICE_FLOW_RESTRICTION"):
        cut_out(api, "code=AI_SERVICE_FLOW_RESTRICTION")


@pytest.mark.parametrize("simulate, code", [
    ("task=slow; delay=500ms", None),
    ("task=fail; code=ERROR_NO_FACE_IN_FILE", "ERROR_NO_FACE_IN_FILE"),
])
def test_a_task_is_polled_to_its_end(api, simulate, code):
    headers = {"x-safelight-simulate": simulate}
    task = api.post(LATER, files={"image": PHOTO.read_bytes()}, headers=headers).json()["task_id"]
    while True:
        answer = api.get("/api/common/query-async-task-result", params={"task_id": task}).json()
        if answer.get("task_status") != 1:
            break
        time.sleep(0.1)
    assert answer["error_detail"]["code"] == (code or "")
