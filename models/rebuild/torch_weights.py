"""Reads the weights in a PyTorch checkpoint without PyTorch, both the zip format and the older one,
and runs no code of the file."""

import collections
import io
import pickle
import struct
import zipfile

import numpy as np

TYPES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "HalfStorage": np.float16,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class Ignored:
    """Stands for every object that is not a weight."""

    def __init__(self, *_):
        pass

    def __setstate__(self, _):
        pass


class Weight:
    """A tensor whose numbers may be read later."""

    def __init__(self, storage, offset, size, stride, *_):
        self.storage, self.offset, self.size, self.stride = storage, offset, tuple(size), stride

    def numbers(self):
        flat = self.storage["numbers"][self.offset :]
        if not self.size:
            return flat[0]
        strides = [step * flat.itemsize for step in self.stride]
        return np.lib.stride_tricks.as_strided(flat, self.size, strides).copy()


class Reader(pickle.Unpickler):
    def __init__(self, file, storage):
        super().__init__(file)
        self.persistent_load = storage

    def find_class(self, module, name):
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return Weight
        if module == "torch._utils" and name == "_rebuild_parameter":
            return lambda tensor, *_: tensor
        if module == "torch" and name.endswith("Storage"):
            return name
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        return Ignored


def read(path):
    """The weights by name."""
    content = _read_zip(path) if zipfile.is_zipfile(path) else _read_old(path)
    return {name: weight.numbers() for name, weight in content.items() if isinstance(weight, Weight)}


def _read_zip(path):
    archive = zipfile.ZipFile(path)
    root = next(name for name in archive.namelist() if name.endswith("data.pkl"))[: -len("data.pkl")]
    cache = {}

    def storage(reference):
        _, kind, key = reference[:3]
        if key not in cache:
            raw = archive.read(f"{root}data/{key}")
            cache[key] = {"numbers": np.frombuffer(raw, TYPES[kind])}
        return cache[key]

    return Reader(io.BytesIO(archive.read(f"{root}data.pkl")), storage).load()


def _read_old(path):
    with open(path, "rb") as file:
        for _ in range(3):  # magic number, protocol, system
            Reader(file, lambda _: None).load()
        storages = {}
        content = Reader(file, lambda ref: storages.setdefault(ref[2], {"kind": ref[1]})).load()
        for key in Reader(file, lambda _: None).load():
            (count,) = struct.unpack("<q", file.read(8))
            kind = np.dtype(TYPES[storages[key]["kind"]])
            storages[key]["numbers"] = np.frombuffer(file.read(count * kind.itemsize), kind)
    return content
