"""What every test starts from."""

import pytest

import nn


@pytest.fixture(autouse=True)
def _weights_are_the_same_in_every_order_of_the_tests():
    nn.seed(0)


def pytest_addoption(parser):
    parser.addoption("--every-slip", action="store_true", help="plant every slip in every notation")
