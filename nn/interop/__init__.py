"""Doors to other libraries: each is optional, and imported where it is used alone.

* `estimators`: classifier and regressor for scikit-learn, public as `nn.estimators`; `data`
  reads what they are handed.
* `networks`: the stack of linear maps and activations that every library can say of an MLP;
  `pytorch` and `onnx_files` translate it.

What must hold: `import nn` loads none of the libraries; one that is missing is an ImportError of
one line which says how to install it; numbers agree with theirs to rounding.
"""

from nn.interop.onnx_files import export_onnx, import_onnx
from nn.interop.pytorch import from_torch, to_torch

__all__ = ["export_onnx", "from_torch", "import_onnx", "to_torch"]
