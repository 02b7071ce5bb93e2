"""Rebuilds palm_detection.onnx and hand_landmarks.onnx from the package that the manifest names.

    python hands.py FOLDER

Needs the environment of requirements-faces.txt (TensorFlow reads the originals). Downloads the package
into FOLDER with npm, takes the TensorFlow Lite files out of it (the palm detector lies inside a packed
file, at the place that its loader names), writes FOLDER/NAME.onnx, and compares the outputs with those
of the file in the repository on one random input: names inside the graph differ from run to run,
numbers do not. With --write it puts the results into the repository instead.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx

from package import half_weights, manifest_entry, same_numbers, sha256, unpacked

OPSET = 13
SMALLEST = 256  # weights of fewer numbers stay 32-bit
PACKED = "hands_solution_packed_assets"


def from_packed(package, name):
    """A file out of the packed assets."""
    loader = (package / f"{PACKED}_loader.js").read_text()
    place = re.search(rf'"filename": "[^"]*/{name}", "start": (\d+), "end": (\d+)', loader)
    start, end = map(int, place.groups())
    return (package / f"{PACKED}.data").read_bytes()[start:end]


def inputs(session):
    """One random picture in the form that the model takes."""
    port = session.get_inputs()[0]
    return {port.name: np.random.default_rng(1).random(port.shape).astype(np.float32)}


def main():
    """Fetches, converts and compares both."""
    folder = Path(sys.argv[1])
    for name in ("palm_detection", "hand_landmarks"):
        entry = manifest_entry(name)
        package = unpacked(entry["origin"], folder) / "package"
        file = entry["origin"]["path"].split()[0]
        source = folder / file
        direct = package / file
        source.write_bytes(direct.read_bytes() if direct.exists() else from_packed(package, file))
        target = folder / f"{name}.onnx"
        convert = [sys.executable, "-m", "tf2onnx.convert", "--tflite", source, "--output", target]
        subprocess.run([*convert, "--opset", str(OPSET)], check=True)
        model = onnx.load(target)
        half_weights(model, SMALLEST)
        onnx.save(model, target)
        shipped = Path(__file__).resolve().parent.parent / entry["file"]
        if "--write" in sys.argv[2:]:
            shutil.copyfile(target, shipped)
            print(name, sha256(shipped), shipped.stat().st_size)
            continue
        difference = same_numbers(shipped, target, inputs)
        print(name, "differs by", difference)
        if difference > 1e-6:
            sys.exit(f"{target} is another model than {shipped}")


if __name__ == "__main__":
    main()
