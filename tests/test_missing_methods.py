"""A user's class without a method that its kind needs is told so in a sentence."""

import pytest

from kinetic.collisions.base import Collision, Operator
from kinetic.errors import InputError
from kinetic.hamiltonians.base import Hamiltonian
from kinetic.initial import Initial
from kinetic.observables.base import Observable


@pytest.mark.parametrize(
    ("kind", "method", "arguments"),
    [
        (Hamiltonian, "valleys", 0),
        (Initial, "occupation", 1),
        (Observable, "recorder", 1),
        (Collision, "build", 1),
        (Operator, "rate", 3),
    ],
)
def test_a_missing_method_is_named(kind, method, arguments):
    with pytest.raises(InputError, match=f"{kind.__name__} must define the method '{method}'"):
        getattr(kind(), method)(*[None] * arguments)
