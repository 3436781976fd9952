"""Doors to other libraries: each is optional, and imported where it is used alone.

* `estimators`: classifier and regressor for scikit-learn, public as `nn.estimators`;
  `prediction` computes their outputs, by a program.

What must hold: `import nn` loads none of the libraries; one that is missing is an ImportError of
one line which says how to install it; numbers agree with theirs to rounding.
"""

__all__: list[str] = []
