"""What other libraries hold, as scikit-learn takes it: tensors, and labels of any kind."""

from __future__ import annotations

from typing import Any

from autograd.reals import readable, real


def dense(data: Any) -> Any:
    """Return tensors as NumPy reads them; of sparse matrices scikit-learn says what it thinks.

    >>> dense([1.0, 2.0])
    [1.0, 2.0]
    """
    return data if hasattr(data, "toarray") else readable(data)


def labels(y: Any) -> Any:
    """Return labels as scikit-learn reads them: numbers in an array of objects as floats.

    >>> import numpy as np
    >>> labels(np.array([1, True], object))
    array([1., 1.])
    """
    import numpy as np

    y = dense(y)
    if str(getattr(y, "dtype", "")) == "object" and all(real(x) is not None for x in np.ravel(y)):
        return np.asarray(y, float)
    return y
