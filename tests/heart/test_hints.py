"""Names of micrograd and PyTorch are answered with ours."""

import pytest

import autograd
from autograd import Value, tanh
from autograd.hints import OF_PACKAGE, OF_VALUES

ANSWERS = {"_prev": ".parents", "_op": ".op", "_backward": ".partials", "item": ".data",
           "requires_grad": "detach", "zero_grad": ".grad = 0.0"}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_a_famous_attribute_of_a_value_is_answered_with_ours(name):
    for value in (Value(1.0), tanh(Value(1.0))):
        with pytest.raises(
            AttributeError, match=f"^'Value' object has no attribute '{name}'; "
        ) as told:
            getattr(value, name)
        assert ANSWERS[name] in str(told.value)
        assert not hasattr(value, name)


def test_other_attributes_are_missing_as_anywhere():
    with pytest.raises(AttributeError, match=r"has no attribute 'nonsense'$"):
        _ = Value(1.0).nonsense
    with pytest.raises(AttributeError, match=r"^module 'autograd' has no attribute 'nonsense'$"):
        _ = autograd.nonsense


def test_draw_dot_is_draw():
    with pytest.raises(AttributeError, match=r"no attribute 'draw_dot'; write draw\(root\)"):
        _ = autograd.draw_dot


def test_no_name_of_ours_is_called_foreign():
    assert not OF_PACKAGE.keys() & set(autograd.__all__)
    assert not OF_VALUES.keys() & {"data", "grad", "label", "op", "parents", "partials", "detach"}
