"""Files: parameters in safetensors, exact to the bit, with sizes and activations beside them.

A file is data alone: reading one never executes anything.
"""

from __future__ import annotations

import json
import os
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

from autograd.errors import short
from autograd.files import write
from nn.activations import ACTIVATIONS, Activation
from nn.layers.dense import MLP, Layer, Neuron
from nn.layers.dropout import Dropout
from nn.layers.normalization import epsilon
from nn.module import Module, modules

__all__ = ["load", "save"]


def save(model: Module, path: str | Path) -> None:
    """Write the parameters of `model` to `path`, where the old file stays until the new is whole.

    Raises ValueError for an activation that `load` could not find by its name, and where `path`
    is no regular file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [3, 1]), f"{folder}/model.safetensors")
    ...     load(f"{folder}/model.safetensors")
    MLP(2 → 3 → 1, relu, identity, 13 parameters)
    """
    description = _description(model)
    for g in _activations(model):
        if ACTIVATIONS.get(g.name) != g:
            name, why = g.name, "nobody could look up"
            if name in ACTIVATIONS:
                name, why = f"my_{name}", "is the name of another function"
            raise ValueError(
                f"an activation is saved by its name; got {g.name!r}, which {why}. "
                f"Put Activation({name!r}, f) into nn.activations.ACTIVATIONS."
            )
    write(path, _content(model.state_dict(), json.dumps(description)))


def _content(state: dict[str, Any], model: str) -> bytes:
    """Return a safetensors file, the same for the same model: its header in one order."""
    written = _safetensors().numpy.save(state, {"format": "whygrad", "model": model})
    (size,) = struct.unpack("<Q", written[:8])
    header = json.loads(written[8 : 8 + size])
    kept = {"__metadata__": dict(sorted(header.pop("__metadata__").items())), **header}
    text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, written[8 + size :]])


def load(path: str | Path, model: Module | None = None) -> Any:
    """Return the MLP in the file at `path`, or `model` with its parameters set from the file.

    Raises ValueError, with nothing changed, for a file that is damaged or of another kind,
    and where the file and the model differ: in sizes, activations, paths or shapes.
    """
    header, state = _read(path)
    try:
        found = _checked(json.loads(header.get("model", "{}")))
        if model is None:
            model = _built(found, state)
        if found != _description(model):
            raise ValueError(f"expected {_description(model)}, found {found}.")
        model.load_state_dict(state)
    except RecursionError:
        raise ValueError(f"{path}: its description of the model is nested too deeply.") from None
    except (AttributeError, KeyError, TypeError, ValueError) as cause:
        raise ValueError(f"{path}: {cause}") from cause
    return model


def _checked(found: Any) -> dict[str, Any]:
    """Return a description with a list of sizes and one of names, as `save` writes it."""
    parts = {"kind": "", "sizes": [], "activations": [], **(found if type(found) is dict else {})}
    sizes, names = parts["sizes"], parts["activations"]
    right = type(found) is dict and type(sizes) is type(names) is list
    if not right or not all(type(x) is int for x in sizes):
        raise ValueError(f"its description of the model is not one of nn.save: {short(found)}.")
    return dict(parts)


def _description(model: Module) -> dict[str, Any]:
    """Return the kind, sizes and activations of a model, as they stand in the header."""
    below = modules(model)
    layers = [part for part in below if isinstance(part, Layer | Neuron)]
    dropped = [part.p for part in below if isinstance(part, Dropout)]
    norms = [
        [layer.norm_place, layer.norm.eps] if isinstance(layer, Layer) and layer.norm else ["", 0.0]
        for layer in layers
    ]
    return {
        "kind": type(model).__name__,
        "sizes": [layer.fan_in for layer in layers[:1]] + [layer.fan_out for layer in layers],
        "activations": [g.name for g in _activations(model)],
        **({"dropout": dropped} if dropped else {}),
        **({"layer_norm": norms} if any(eps for _, eps in norms) else {}),
    }


def _activations(model: Module) -> list[Activation]:
    activations = [getattr(part, "activation", None) for part in modules(model)]
    return [g for g in activations if isinstance(g, Activation)]


def _built(found: dict[str, Any], state: dict[str, Any]) -> MLP:
    """Return an MLP as the header says, once the arrays have been seen to have its sizes."""
    if found.get("kind") != "MLP":
        raise ValueError(
            f"expected an MLP written by nn.save, found {found}. Try load(path, model)."
        )
    sizes, names = found["sizes"], found["activations"]
    if len(sizes) < 2 or not names:
        raise ValueError(f"expected two sizes or more and an activation, found {found}.")
    *hidden, output = names
    for k, shape in enumerate(pairwise(sizes)):
        array = state.get(f"layers.{k}.W")
        if array is None or array.shape != shape:
            raise ValueError(
                f"layers.{k}.W: expected shape {shape}, found {getattr(array, 'shape', None)}."
            )
    options = {"initializer": "zeros", "dropout": found.get("dropout", 0.0)}
    norms = found.get("layer_norm", [("", 0.0)] * (len(sizes) - 1))
    model = MLP(sizes[0], sizes[1:], hidden, output, layer_norm=[x for x, _ in norms], **options)
    for layer, (_, eps) in zip(model.layers, norms, strict=True):
        if layer.norm:
            layer.norm.eps = epsilon(eps)
    return model


def _read(path: str | Path) -> tuple[dict[str, str], dict[str, Any]]:
    safetensors = _safetensors()
    try:
        with safetensors.safe_open(os.fsdecode(path), framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, TypeError) as cause:
        raise ValueError(f"{path} is not a whole safetensors file of floats ({cause}).") from None


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError('files need safetensors: pip install "whygrad[files]"') from None
    return safetensors
