"""How soon a large library of faces is searched after a start, and whether a search notices that many are added.

A file of random embeddings, of 20 faces a user, is imported by `safelight library import`, then the server
starts. Told are the seconds from its start to its first answer to a search, how long searches take by the
token of a face (so without the work on a picture), the server's memory, and the same after 10,000 further faces were
imported beside the running server.
"""

import base64
import json
import sys
import time

import numpy as np

import api
import harness
import photos

LENGTH, EACH, MORE = 128, 20, 10_000
# What a search answers for a face that nobody has.
NOBODY = "ERROR_USER_NOT_FOUND"
SEARCH = "/api/portrait/recognition/face-search"
MOST_SECONDS, MOST_SLOWER = 10, 1.1


def write(path, group, first, count):
    """A library of so many faces from a number on."""
    random = np.random.default_rng(first)
    with open(path, "w", encoding="utf-8") as out:
        def line(**fields):
            out.write(json.dumps(fields) + "\n")
        line(library={"format": "safelight-faces-1", "model": "sface-2021dec"})
        line(group={"group_id": group, "name": None, "scene_type": "default", "retention_days": None})
        for start in range(first, first + count, EACH):
            user = f"u{start // EACH}"
            line(user={"group_id": group, "user_id": user, "user_info": "", "consent_note": ""})
            vectors = random.normal(size=(EACH, LENGTH)).astype("<f4")
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            for number, vector in enumerate(vectors):
                line(face={"group_id": group, "user_id": user, "face_token": f"{start + number:032x}",
                           "quality_score": 0.9, "embedding": base64.b64encode(vector.tobytes()).decode()})


def searched(client, group, expected, picture=None, **face):
    """The seconds of a search that answers what is expected; while the index loads it is asked again."""
    while True:
        answer = client.post(SEARCH, api.form(picture, group_id_list=group, limit=5, **face))
        if answer.code == expected:
            return answer.seconds
        if answer.code != "ERROR_RESOURCE_IN_TRANSIT":
            raise SystemExit(f"{SEARCH} answers {answer.status} {answer.body[:300]}")
        time.sleep(0.02)


def median(client, group, count=60):
    """Of searches by the token of a face."""
    return harness.median([searched(client, group, "", image_token=f"{EACH * i:032x}") for i in range(count)])


def main():
    """Measures one library."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--faces", type=int, default=20_000)
    options = parser.parse_args()
    print(harness.machine())
    most = [f"library.{name}={2 * options.faces + MORE}" for name in ("max_faces", "max_faces_per_group")]
    with harness.Server(options.binary, [*options.set, *most]) as server:
        server.stop()
        many, more = server.data / "many.jsonl", server.data / "more.jsonl"
        write(many, "many", 0, options.faces)
        begin = time.monotonic()
        server.cli("library", "import", "default", str(many))
        print(f"imported in {time.monotonic() - begin:.0f} s")
        many.unlink()
        picture = photos.photo("astronaut.png", 500_000)
        begin = time.monotonic()
        server.start()
        ready = time.monotonic() - begin
        client = server.client()
        searched(client, "many", NOBODY, picture)
        first = time.monotonic() - begin
        resident, _ = harness.memory(server.pid)
        before = median(client, "many")
        write(more, "many", options.faces, MORE)
        server.cli("library", "import", "default", str(more))
        time.sleep(3)
        after = median(client, "many")
        rows = [("start until ready, s", f"{ready:.2f}"), ("start until the first search is answered, s", f"{first:.2f}"),
                ("resident memory then, MiB", f"{resident:.0f}"),
                ("median search by a token, ms", f"{1000 * before:.1f}"),
                (f"… after {MORE} faces more, ms", f"{1000 * after:.1f}")]
    harness.table(("figure", "value"), rows)
    good = harness.verdict("first search", first <= MOST_SECONDS, f"{first:.1f} s")
    good &= harness.verdict("searches after adding", after <= MOST_SLOWER * before, f"{after / before:.2f} x")
    sys.exit(not good)


if __name__ == "__main__":
    main()
