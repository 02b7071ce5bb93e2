"""Alpha of cut-outs against the truth, of Safelight, of the plain mask and of rembg, in one run.

Twenty composites with known alpha (`alpha_scenes.py`: hair, glass, a net, thin arms and a cast
shadow, each over four textures) go as PNG over loopback to Safelight's universal background
removal and to rembg's own server, without and with its alpha matting. The plain mask is what the
same U2-Net weights give in two passes, scaled up and left alone: it shows what matting adds. Only
one of them is loaded at a time.
"""

import io
import multiprocessing
import os
import sys
import time

import api
import harness
from rembg_compare import VENV, WEIGHTS, Rembg, ask_rembg, ask_safelight, install

TIMED = 5  # scenes that are asked for again to be timed: every subject over one ground
LIMIT = 0.5  # alpha from here on is subject, for the overlap


def errors(found, truth):
    """MAE, gradient error and IoU of a matte, all of the whole picture."""
    import numpy as np
    from scipy.ndimage import gaussian_gradient_magnitude

    slope = lambda alpha: gaussian_gradient_magnitude(alpha, 1.4)
    both, either = (op(found >= LIMIT, truth >= LIMIT) for op in (np.logical_and, np.logical_or))
    return (np.abs(found - truth).mean(), ((slope(found) - slope(truth)) ** 2).sum() / 1000,
            both.sum() / max(either.sum(), 1))


def alpha_of(png):
    """Alpha of a PNG, 0 to 1."""
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA").getchannel("A")) / 255.0


class Plain:
    """The mask alone, by the weights that rembg runs, in a process of its own."""

    def __init__(self):
        self.ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(
            target=serve_masks, args=(theirs, str(WEIGHTS)))

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.ours.send(None)
        self.process.join()

    @property
    def pid(self):
        """Process number."""
        return self.process.pid

    def client(self):
        """Nothing is kept between questions."""
        return self

    def ask(self, png):
        """The mask as a PNG with alpha."""
        self.ours.send(png)
        return self.ours.recv()


def serve_masks(pipe, weights):
    """Answers pictures with their masks until nothing is sent."""
    import onnxruntime

    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    while (png := pipe.recv()) is not None:
        pipe.send(two_passes(session, png))


def two_passes(session, png):
    """The mask of the picture, then of the part where something was found, scaled up."""
    import numpy as np
    from PIL import Image

    def look(part):
        small = np.asarray(part.resize((320, 320), Image.Resampling.LANCZOS), np.float32)
        small = (small / max(small.max(), 1) - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        planes = small.transpose(2, 0, 1)[None].astype(np.float32)
        mask = session.run(None, {session.get_inputs()[0].name: planes})[0][0, 0]
        return (mask - mask.min()) / max(mask.max() - mask.min(), 1e-6)

    photo = Image.open(io.BytesIO(png)).convert("RGB")
    mask, box = look(photo), (0, 0, photo.width, photo.height)
    found = np.argwhere(mask > 64 / 255)
    (top, left), (bottom, right) = found.min(0), found.max(0) + 1
    across, down = photo.width / 320, photo.height / 320
    width, height = (right - left) * across, (bottom - top) * down
    if width * height <= 0.75 * photo.width * photo.height:
        box = (max(0, int(left * across - 0.15 * width)), max(0, int(top * down - 0.15 * height)),
               min(photo.width, int(right * across + 0.15 * width)),
               min(photo.height, int(bottom * down + 0.15 * height)))
        mask = look(photo.crop(box))
    size = box[2] - box[0], box[3] - box[1]
    part = Image.fromarray((mask * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    whole = Image.new("L", photo.size)
    whole.paste(part, box[:2])
    out = io.BytesIO()
    photo.putalpha(whole)
    photo.save(out, "PNG", compress_level=1)
    return out.getvalue()


def contenders(options):
    """Name, how to start it, how to ask it, and the fields that are sent beside the picture."""
    matting = {"model": "u2net", "a": "true"}
    ask_plain = lambda client, png: (client.ask(png), None)
    return [
        ("plain mask", Plain, ask_plain, lambda png: png),
        ("rembg", Rembg, ask_rembg, lambda png: api.form(png, "file", model="u2net")),
        ("rembg, alpha matting", Rembg, ask_rembg, lambda png: api.form(png, "file", **matting)),
        ("Safelight", lambda: harness.Server(options.binary, options.set), ask_safelight, api.form),
    ]


def measure(name, start, ask, form, scenes, rounds, keep):
    """Asks for every scene; answers the errors by scene, the seconds and the peak in MiB."""
    found, took = {}, []
    with start() as server:
        client = server.client()
        for scene, png in scenes:
            picture, failure = ask(client, form(png))
            if failure:
                print(f"{name} found nothing in {scene.name}: {failure}")
            elif keep:
                keep_picture(keep, f"{scene.name} {name}", picture)
            alpha = alpha_of(picture) if picture else 0 * scene.alpha
            found[scene.name] = errors(alpha, scene.alpha)
        for png in [png for _, png in scenes[:TIMED]] * rounds:
            sent, begin = form(png), time.perf_counter()
            ask(client, sent)
            took.append(time.perf_counter() - begin)
        peak = harness.memory(server.pid)[1]
    return found, harness.median(took), peak


def keep_picture(folder, name, picture):
    """Lays a cut-out on magenta, to be looked at."""
    from PIL import Image

    cutout = Image.open(io.BytesIO(picture)).convert("RGBA")
    ground = Image.new("RGBA", cutout.size, (255, 0, 255, 255))
    ground.alpha_composite(cutout)
    os.makedirs(folder, exist_ok=True)
    ground.convert("RGB").save(os.path.join(folder, name.replace(" / ", "-") + ".png"))


def main():
    """Measures one after the other and judges."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="turns that count for the time")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the cut-outs on magenta")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="scenes with one of these words")
    options = parser.parse_args()
    install()
    if sys.prefix != str(VENV):  # NumPy, SciPy and the engine are rembg's own
        os.execv(VENV / "bin/python", [str(VENV / "bin/python"), "-u", *sys.argv])
    import alpha_scenes

    scenes = []
    for scene in alpha_scenes.scenes():
        if options.only and not any(word in scene.name for word in options.only):
            continue
        out = io.BytesIO()
        scene.picture.save(out, "PNG")
        scenes.append((scene, out.getvalue()))
        if options.keep:
            keep_picture(options.keep, f"{scene.name} seen", out.getvalue())
    print(harness.machine())
    results = {}
    for name, start, ask, form in contenders(options):
        results[name] = measure(name, start, ask, form, scenes, options.rounds, options.keep)
    raise SystemExit(not report(results))


def report(results):
    """Prints means by subject and over all; answers whether the targets were met."""
    subjects = sorted({name.split(" / ")[0] for name in results["Safelight"][0]})

    def mean(found, column, subject=""):
        values = [e[column] for name, e in found.items() if name.startswith(subject)]
        return sum(values) / len(values)

    for title, column, digits in (("MAE x 1000", 0, 2), ("gradient error", 1, 3), ("IoU", 2, 4)):
        scale = 1000 if column == 0 else 1
        rows = [(name, *(f"{scale * mean(found, column, s):.{digits}f}" for s in [*subjects, ""]))
                for name, (found, _, _) in results.items()]
        harness.table((title, *subjects, "all"), rows)
    scenes = list(results["Safelight"][0])
    harness.table(("MAE x 1000", *results), [
        (scene, *(f"{1000 * found[scene][0]:.2f}" for found, _, _ in results.values()))
        for scene in scenes])
    harness.table(("", "ms a picture (median)", "peak memory, MiB"), [
        (name, f"{1000 * took:.0f}", f"{peak:.0f}") for name, (_, took, peak) in results.items()])
    ours, others = results["Safelight"], [v for k, v in results.items() if k != "Safelight"]
    met = []
    for title, column, better in (("MAE", 0, min), ("gradient error", 1, min), ("IoU", 2, max)):
        own, best = mean(ours[0], column), better(mean(found, column) for found, _, _ in others)
        met.append(harness.verdict(title, better(own, best) == own,
                                   f"{own:.5g}, the best other has {best:.5g}"))
    # Against the plain mask only the quality counts: it is no service.
    fastest = min(took for name, (_, took, _) in results.items() if name.startswith("rembg"))
    met.append(harness.verdict("time", ours[1] < fastest,
                               f"{ours[1] / fastest:.2f} of the faster rembg's"))
    return all(met)


if __name__ == "__main__":
    main()
