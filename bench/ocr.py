"""Reading of pages beside RapidOCR, and of tables by both methods.

Pages and tables are drawn in three typefaces; what they say is known. Every page goes to Safelight over
HTTP and to RapidOCR 3.10.0 (the same networks as 32-bit floats on onnxruntime, called in its own process)
in turns: error rate is edits over characters, white space counted as one. Tables are measured by the
example `tables` of the crate safelight-vision: a cell counts where place, spans and text are right.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import api
import harness
import ocr_pages

VENV = harness.ROOT / "target/ocr-venv"
GENERAL = "/api/image/ocr/general-text-recognition"


class Rapid:
    """RapidOCR in its own process."""

    def __init__(self):
        script = harness.ROOT / "bench/ocr_rapid.py"
        self.process = subprocess.Popen([VENV / "bin/python", script], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def read(self, path):
        """Text of a picture, and the seconds that it took."""
        print(path, file=self.process.stdin, flush=True)
        found = json.loads(self.process.stdout.readline())
        return " ".join(found["texts"]), found["seconds"]

    def close(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()


def edits(a, b):
    """How many letters are put in, taken out or changed from one text to the other."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(before + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def plain(text):
    """The text with single spaces."""
    return " ".join(text.split())


def compare_pages(options, faces, folder):
    """Reads every page with both, in turns."""
    rapid, rows, ours, theirs, letters = Rapid(), [], [0, []], [0, []], 0
    with harness.Server(options.binary, options.set) as server:
        client = server.client()
        for index, (name, picture, lines) in enumerate(ocr_pages.pages(faces, options.han)):
            path = folder / f"page-{index}.png"
            picture.save(path)
            truth = plain(" ".join(lines))
            letters += len(truth)
            form = api.form(path.read_bytes(), min_height=1)
            for turn in range(options.rounds + 1):
                answer = client.post(GENERAL, form)
                text, seconds = rapid.read(path)
                if turn == 0:  # of warm-up
                    continue
                ours[1].append(answer.seconds)
                theirs[1].append(seconds)
            if not answer.succeeded:
                raise SystemExit(f"{name}: {answer.body}")
            wrong = edits(plain(answer.json["data"]["text"]), truth), edits(plain(text), truth)
            ours[0], theirs[0] = ours[0] + wrong[0], theirs[0] + wrong[1]
            rows.append((name, len(truth), *wrong, f"{answer.seconds * 1e3:.0f}", f"{seconds * 1e3:.0f}"))
    rapid.close()
    harness.table(("page", "letters", "wrong", "RapidOCR", "ms", "RapidOCR"), rows)
    times = [statistics.median(each[1]) for each in (ours, theirs)]
    rates = [each[0] / letters for each in (ours, theirs)]
    met = harness.verdict("time", times[0] <= times[1],
                          f"{times[0] / times[1]:.2f} x ({times[0] * 1e3:.0f} against {times[1] * 1e3:.0f} ms)")
    ratio = rates[0] / rates[1] if rates[1] else float("nan")
    return met & harness.verdict("errors", rates[0] <= rates[1],
                                 f"{ratio:.2f} x ({rates[0]:.4f} against {rates[1]:.4f})")


def compare_tables(options, faces, folder):
    """Share of cells that each method finds, by kind of table (F1)."""
    example = harness.build_example("tables", options.profile)
    wanted, paths = [], []
    for index, (kind, picture, cells) in enumerate(ocr_pages.tables(faces, options.han)):
        paths.append(folder / f"table-{index}.png")
        picture.save(paths[-1])
        wanted.append((kind, {tuple(cell) for cell in cells}))
    lines = subprocess.run([example, *paths], cwd=harness.ROOT, capture_output=True, text=True, check=True)
    kinds = {}
    for line, (kind, truth) in zip(lines.stdout.splitlines(), wanted):
        found = json.loads(line)
        for method in "ruled", "network", "both":
            cells = {tuple(cell) for cell in found[method]["cells"]}
            right = len(cells & truth)
            score = 2 * right / (len(cells) + len(truth))
            kinds.setdefault(kind, {}).setdefault(method, []).append((score, found[method]["ms"]))
    shown = lambda scores: f"{statistics.mean(each[0] for each in scores):.3f}"
    harness.table(("table", "by lines", "by the network", "as answered"),
                  [(kind, *(shown(found[method]) for method in ("ruled", "network", "both")))
                   for kind, found in kinds.items()])
    for method in "ruled", "network":
        times = [each[1] for found in kinds.values() for each in found[method]]
        print(f"{method}: {statistics.median(times):.0f} ms beside reading")
    scores = [each[0] for found in kinds.values() for each in found["both"]]
    return harness.verdict("tables", statistics.mean(scores) >= .9, f"mean F1 {statistics.mean(scores):.3f}")


def main():
    """Runs both parts."""
    parser = harness.arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="times that each page is read")
    parser.add_argument("--profile", choices=("release", "dev"), default="release", help="of the example")
    parser.add_argument("--only", choices=("pages", "tables"), help="one part")
    parser.add_argument("--han", type=Path, help="a font with Chinese letters, for pages and tables in them")
    parser.add_argument("--keep", type=Path, help="folder for the pictures")
    options = parser.parse_args()
    harness.environment(VENV, "requirements-ocr.txt")
    (site,) = VENV.glob("lib/python3*/site-packages")
    faces, met = ocr_pages.fonts(site), True
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if options.only != "tables":
            met &= compare_pages(options, faces, folder)
        if options.only != "pages":
            met &= compare_tables(options, faces, folder)
    sys.exit(not met)


if __name__ == "__main__":
    main()
