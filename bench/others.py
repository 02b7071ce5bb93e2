"""What a user would otherwise reach for, beside Safelight, in turns on the same pictures.

Everything starts at a file in memory and ends at one: decoding and encoding count on both sides,
and Safelight's request over HTTP as well. Each of the others runs in a process of its own, so that
its peak memory can be told. For enlargement the mean PSNR (luma) against the photo that was made
smaller is shown too. The packages go into an environment under target/; the two that run ncnn also
need the system's libraries libvulkan1 and libomp5, and are left out where those are missing.
"""

import io
import json
import math
import os
import subprocess

from PIL import Image

import api
import harness
import photos
import services

ENVIRONMENT = harness.ROOT / "target/bench-others-venv"
ENHANCE = "/api/image/enhance/"
# The service with its parameters, and what stands beside it: functions of others_run.py.
TASKS = {
    "contrast": (ENHANCE + "image-contrast-enhancement", {},
                 ("opencv_clahe", "pillow_autocontrast", "vips_hist_local")),
    "colour": (ENHANCE + "image-color-enhancement", {"output_format": "jpg", "mode": "Rec709"},
               ("pillow_colour",)),
    "sharpness": (ENHANCE + "image-sharpness-enhancement", {},
                  ("opencv_unsharp", "pillow_unsharp", "vips_sharpen")),
    "pencil": ("/api/image/effects/image-style-conversion", {"option": "pencil"},
               ("opencv_pencil",)),
    "cartoon": ("/api/image/effects/image-style-conversion", {"option": "cartoon"},
                ("opencv_cartoon",)),
    "blurred faces": ("/api/portrait/effects/blurred-faces", {}, ("opencv_blurred_faces",)),
    "skin": ("/api/portrait/effects/face-beauty", {"sharp": "0", "smooth": "0.8", "white": "0"},
             ("opencv_bilateral", "opencv_detail")),
    "look": ("/api/portrait/effects/face-filter", {"resource_type": "10001", "strength": "1"},
             ("pillow_table", "pilgram_clarendon")),
    "enlargement": (ENHANCE + "image-lossless-enlargement", {"output_format": "png"},
                    ("opencv_lanczos", "pillow_lanczos", "vips_lanczos", "waifu2x_ncnn",
                     "realesrgan_ncnn")),
}

PICTURES = {"blurred faces": ("astronaut.png", "grace_hopper.jpg"),
            "skin": ("astronaut.png", "grace_hopper.jpg"),
            "enlargement": ("astronaut.png", "chelsea.png", "coffee.png")}


class Other:
    """One function of others_run.py in a process of its own; None is all that a missing one says."""

    def __init__(self, name):
        self.name = name
        self.process = subprocess.Popen(
            [ENVIRONMENT / "bin/python", harness.ROOT / "bench/others_run.py", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": str(os.cpu_count())})

    def ask(self, content):
        """Works on one file; answers the result, seconds and the peak in MiB, or None."""
        try:
            self.process.stdin.write(len(content).to_bytes(8, "little") + content)
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        head = self.process.stdout.readline()
        if not head:
            return None
        said = json.loads(head)
        return self.process.stdout.read(said["bytes"]), said["seconds"], said["peak"]

    def end(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """The service that does the same."""

    def __init__(self, server, path, fields):
        self.name, self.server, self.path, self.fields = "Safelight", server, path, fields

    def ask(self, content):
        """Works on one file; answers the result, seconds and the server's peak in MiB."""
        form = api.form(content, **self.fields)
        client = self.server.client(timeout=400)
        before, _ = harness.memory(self.server.pid)
        harness.reset_peak(self.server.pid)
        seconds, answer = services.answered(client, self.path, form)
        peak = harness.memory(self.server.pid)[1] - before
        url = (answer.json.get("data") or {}).get("url")
        return client.download(url).body if url else b"", seconds, peak


def small(content):
    """A photo at half its size by bicubic means, as a PNG."""
    with Image.open(io.BytesIO(content)) as picture:
        size = picture.width // 2, picture.height // 2
        out = io.BytesIO()
        picture.resize(size, Image.Resampling.BICUBIC).save(out, "PNG")
    return out.getvalue()


def psnr(original, result):
    """PSNR of the luma of two files, without eight pixels at each edge."""
    planes = []
    for content in (original, result):
        with Image.open(io.BytesIO(content)) as picture:
            planes.append(picture.convert("L"))
    width, height = (min(plane.size[axis] for plane in planes) for axis in (0, 1))
    one, two = (p.crop((8, 8, width - 8, height - 8)).tobytes() for p in planes)
    squares = sum((a - b) ** 2 for a, b in zip(one, two)) / len(one)
    return 10 * math.log10(65025 / squares)


class Score:
    """What one contender showed."""

    def __init__(self, contender):
        self.contender, self.present = contender, True
        self.times, self.peaks, self.quality = [], [], []

    def turn(self, content, original=None):
        """One file; with the photo that it was made from, the result is judged too."""
        with Image.open(io.BytesIO(content)) as picture:
            megapixels = picture.width * picture.height / 1e6
        answer = self.contender.ask(content) if self.present else None
        if answer is None:
            self.present = False
            return
        result, seconds, peak = answer
        self.times.append(1000 * seconds / megapixels)
        self.peaks.append(peak)
        if original:
            self.quality.append(psnr(original, result))

    def row(self, task, ours):
        """The line of the table; `ours` is Safelight's time."""
        if not self.present:
            return task, self.contender.name, "not installed", "-", "-", "-"
        took = harness.median(self.times)
        quality = f"{sum(self.quality) / len(self.quality):.2f}" if self.quality else "-"
        return (task, self.contender.name, f"{took:.0f}", f"{max(self.peaks):.0f}", quality,
                f"{took / ours:.2f}")


def compare(task, contenders, names, rounds):
    """Lets contenders work in turns; answers their rows, Safelight's first."""
    enlarging = task == "enlargement"
    originals = [photos.file(name) if enlarging else photos.photo(name) for name in names]
    inputs = [small(content) for content in originals] if enlarging else originals
    scores = [Score(contender) for contender in contenders]
    for score in scores:
        score.turn(inputs[0])
        score.times.clear()
    for _ in range(rounds):
        for original, content in zip(originals, inputs):
            for score in scores:
                score.turn(content, original if enlarging else None)
    ours = harness.median(scores[0].times)
    return [score.row(task, ours) for score in scores]


def main():
    """Compares task by task."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="turns on each picture")
    parser.add_argument("--only", nargs="+", choices=tuple(TASKS), default=list(TASKS))
    options = parser.parse_args()
    harness.environment(ENVIRONMENT, "requirements-others.txt")
    print(harness.machine())
    rows = []
    with harness.Server(options.binary, options.set) as server:
        for name in options.only:
            path, fields, others = TASKS[name]
            contenders = [Ours(server, path, fields), *(Other(other) for other in others)]
            rows += compare(name, contenders, PICTURES.get(name, photos.NAMES), options.rounds)
            for other in contenders[1:]:
                other.end()
    harness.table(("task", "by", "ms/megapixel", "peak MiB", "PSNR", "time / Safelight's"), rows)


if __name__ == "__main__":
    main()
