"""Files that somebody prepared: each is a documented error, and nothing is executed."""

import json
import os
import pickle
import struct

import numpy as np
import pytest
from safetensors.numpy import save

import nn

W, B = np.zeros((2, 1)), np.zeros(1)
GOOD = {"kind": "MLP", "sizes": [2, 1], "activations": ["identity"]}


def described(model):
    return save({"layers.0.W": W, "layers.0.b": B}, {"format": "whygrad", "model": model})


def raw(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(**named):
    return {"dtype": "F64", "shape": [1], "data_offsets": [0, 8], **named}


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/executed",)


FILES = {
    "nothing": b"",
    "zeros": bytes(64),
    "noise": bytes(range(256)) * 8,
    "a pickle": pickle.dumps(Bomb()),
    "a zip": b"PK\x03\x04" + bytes(60),
    "a header longer than the file": struct.pack("<Q", 1 << 62) + b"{}",
    "a header of the largest length": struct.pack("<Q", 2**64 - 1) + b"{}",
    "a header that is no JSON": raw(b"{"),
    "a header that is no UTF-8": raw(b"\xff\xfe{}"),
    "a deep header": raw(b'{"a":' * 10**5 + b"1" + b"}" * 10**5),
    "a long header": raw({f"layers.{k}.W": tensor() for k in range(20_000)}, bytes(8)),
    "a tensor behind the end": raw({"layers.0.W": tensor(data_offsets=[0, 1 << 40])}),
    "a tensor before the start": raw({"layers.0.W": tensor(data_offsets=[-8, 0])}, bytes(8)),
    "tensors over one another": raw({"a": tensor(), "b": tensor()}, bytes(8)),
    "a shape that overflows": raw({"a": tensor(shape=[1 << 40, 1 << 40])}, bytes(8)),
    "a type nobody knows": raw({"a": tensor(dtype="F128")}, bytes(8)),
    "whole numbers": save({"layers.0.W": W.astype("int64"), "layers.0.b": B}, {"model": "{}"}),
    "a description that is no JSON": described("{"),
    "a description that is a list": described("[]"),
    "a description that is null": described("null"),
    "a deep description": described("[" * 10**5),
    "a number of 5000 digits": described('{"kind":"MLP","sizes":[%s]}' % ("9" * 5000)),
    "no sizes": described(json.dumps({**GOOD, "sizes": []})),
    "one size": described(json.dumps({**GOOD, "sizes": [2]})),
    "infinite sizes": described(json.dumps({**GOOD, "sizes": [float("inf"), 1]})),
    "negative sizes": described(json.dumps({**GOOD, "sizes": [-2, 1]})),
    "huge sizes": described(json.dumps({**GOOD, "sizes": [2, 10**15]})),
    "sizes that are text": described(json.dumps({**GOOD, "sizes": "21"})),
    "sizes that are truths": described(json.dumps({**GOOD, "sizes": [True, True]})),
    "no activations": described(json.dumps({**GOOD, "activations": []})),
    "activations that are numbers": described(json.dumps({**GOOD, "activations": [1]})),
    "activations that are lists": described(json.dumps({**GOOD, "activations": [["relu"]]})),
    "an activation by its path": described(json.dumps({**GOOD, "activations": ["os.system"]})),
    "a kind with an underscore": described(json.dumps({**GOOD, "kind": "__class__"})),
    "a kind that is a list": described(json.dumps({**GOOD, "kind": ["MLP"]})),
    "other names": save({"../../etc/passwd": W, "__class__": B}, {"model": json.dumps(GOOD)}),
}


@pytest.mark.parametrize("into", [None, "model"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none_of_ours_is_a_value_error(name, into, tmp_path):
    """Nothing of the model that it was to be read into has changed."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(FILES[name])
    model = nn.MLP(2, [1], seed=0) if into else None
    before = model.state_dict() if model else {}
    with pytest.raises(ValueError) as told:
        nn.load(path, model)
    assert str(path) in str(told.value) and len(str(told.value)) < 2_000
    assert not os.path.exists("/tmp/executed")
    for key, array in before.items():
        assert (model.state_dict()[key] == array).all()


def test_every_byte_of_a_file_may_be_wrong(tmp_path):
    """Each bit of the header flipped, and some of the numbers: a ValueError, or a model."""
    path, model = tmp_path / "model", nn.MLP(2, [1], seed=0)
    nn.save(model, path)
    whole = path.read_bytes()
    refused = 0
    for k in range(len(whole)):
        for bit in (0, 3, 5, 7):
            path.write_bytes(whole[:k] + bytes([whole[k] ^ 1 << bit]) + whole[k + 1 :])
            try:
                assert repr(nn.load(path)) == repr(model)
            except ValueError:
                refused += 1
    assert refused > len(whole)


@pytest.mark.parametrize("path", ["a\0b", "", "missing", "x" * 5000])
def test_a_path_that_names_no_file_is_an_error_of_the_system(path):
    with pytest.raises((OSError, ValueError)):
        nn.load(path)
    if path != "missing":
        with pytest.raises((OSError, ValueError)):
            nn.save(nn.MLP(1, [1]), path)


@pytest.mark.parametrize("wrong", [3, None, 1.5, [], object()])
def test_what_is_no_path_is_refused(wrong):
    with pytest.raises((TypeError, ValueError)):
        nn.load(wrong)
    with pytest.raises((TypeError, ValueError)):
        nn.save(nn.MLP(1, [1]), wrong)
