"""Rebuilds person_mask.onnx and body_keypoints.onnx from the package that the manifest names.

    python bodies.py FOLDER

Needs the environment of requirements-faces.txt (TensorFlow reads the originals). Downloads the package
into FOLDER with npm, writes FOLDER/NAME.onnx, and compares the outputs with those of the file in the
repository on one random input: names inside the graph differ from run to run, numbers do not.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx

from package import half_weights, manifest_entry, same_numbers, unpacked

OPSET = 13
SMALLEST = 256  # weights of fewer numbers stay 32-bit


def with_types(source, folder):
    """A copy of a TensorFlow.js graph whose fused convolutions name the types of their arguments,
    which tf2onnx asks for and the converter of the package left out."""
    graph = json.loads(source.read_text())
    for node in graph["modelTopology"]["node"]:
        attributes = node["attr"]
        if node["op"] == "_FusedConv2D" and "TArgs" not in attributes:
            count = int(attributes.get("num_args", {}).get("i", 1))
            attributes["TArgs"] = {"list": {"type": ["DT_FLOAT"] * count}}
            attributes.setdefault("num_host_args", {"i": "0"})
    folder.mkdir(exist_ok=True)
    for weights in (path for group in graph["weightsManifest"] for path in group["paths"]):
        (folder / weights).write_bytes((source.parent / weights).read_bytes())
    target = folder / source.name
    target.write_text(json.dumps(graph))
    return target


def inputs(session):
    """One random picture in the form that the model takes."""
    port = session.get_inputs()[0]
    pixels = np.random.default_rng(1).random(port.shape)
    whole = "int32" in port.type
    return {port.name: (pixels * 255).astype(np.int32) if whole else pixels.astype(np.float32)}


def main():
    """Fetches, converts and compares both."""
    folder = Path(sys.argv[1])
    for name in ("person_mask", "body_keypoints"):
        entry = manifest_entry(name)
        first = entry["origin"]["path"].split()[0]
        source = with_types(unpacked(entry["origin"], folder) / "package" / first, folder / name)
        target = folder / f"{name}.onnx"
        convert = [sys.executable, "-m", "tf2onnx.convert", "--tfjs", source.name]
        convert += ["--output", target.resolve(), "--opset", str(OPSET)]
        subprocess.run(convert, check=True, cwd=source.parent)
        model = onnx.load(target)
        half_weights(model, SMALLEST)
        onnx.save(model, target)
        shipped = Path(__file__).resolve().parent.parent / entry["file"]
        difference = same_numbers(shipped, target, inputs)
        print(name, "differs by", difference)
        if difference > 1e-6:
            sys.exit(f"{target} is another model than {shipped}")


if __name__ == "__main__":
    main()
