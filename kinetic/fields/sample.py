"""e(r,t) and b(r,t) in a sample: what is given, and what Faraday's law adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kinetic.errors import InputError
from kinetic.fields.spacetime import (
    SPACE,
    Moment,
    Places,
    Sum,
    Term,
    names_of,
    require,
    shape_of,
    sum_of,
    total,
)
from kinetic.grid import Axis

if TYPE_CHECKING:
    from kinetic.fields.forces import Fields

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Circulation:
    """e_i = w ∂ₜB_j (r − c): one component of the electric field of a uniform B(t).

    Parameters
    ----------
    component
        i.
    coordinate
        Name of r.
    centre
        c.
    weight
        w.
    rate
        ∂ₜB_j, as a sum of terms.
    """

    component: int
    coordinate: str
    centre: float
    weight: float
    rate: Sum


@dataclass(frozen=True)
class SpaceFields:
    """e = E − ∂ₜa − ∂_rφ − ½ ∂ₜB × (r − r_c),  b = B + ∇×a

    The last term of e, whose curl is −∂ₜB, is there for a B that depends on time alone and
    has no E beside it with a curl.  Where only one of the two axes across a component of B
    is there and open, e lies along the other direction: −∂ₜB_z (x − x_c) along y, or
    ∂ₜB_z (y − y_c) along x.  Where none is, e cannot stand on the grid, and the divergence
    that it gives to the Hall flux is a source (`faraday_source`).

    Parameters
    ----------
    fields
        What the run file says.
    axes
        Axes of the sample in real space.
    centre
        r_c by axis name; the middle of the sample where it is not given.
    """

    fields: Fields
    axes: tuple[Axis, ...] = ()
    centre: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        names = [axis.name for axis in self.axes]
        for name, _ in self.centre:
            if name not in names:
                raise InputError(
                    f"the centre of the sample has a coordinate {name}: give [grid] an "
                    f"axis {name}."
                )

    @cached_property
    def curl(self) -> tuple[Sum, ...]:
        """∇×E of the given E, as sums of terms."""
        given, found = self.fields.E, []
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            found.append(
                sum_of(Term(1.0, given[k], (SPACE[j],)), Term(-1.0, given[j], (SPACE[k],)))
            )
        return tuple(found)

    @cached_property
    def given_rate(self) -> tuple[Sum, ...]:
        """∂ₜB of the given B, as sums of terms."""
        return tuple(sum_of(Term(1.0, field, ("t",))) for field in self.fields.B)

    @property
    def induces(self) -> bool:
        """Whether a B of time alone moves, and no given E has a curl."""
        moving = names_of([(Term(1.0, field),) for field in self.fields.B])
        return "t" in moving and not moving & set(SPACE) and not any(self.curl)

    @cached_property
    def _induced(self) -> tuple[tuple[Circulation, ...], bool]:
        """The electric field of B(t), and whether it has no room on the axes."""
        if not self.induces:
            return (), False
        centre = {a.name: 0.5 * (a.edges[0] + a.edges[-1]) for a in self.axes}
        centre |= dict(self.centre)
        ends = {axis.name for axis in self.axes if not axis.periodic}
        found: list[Circulation] = []
        for i, rate in enumerate(self.given_rate):
            j, k = (i + 1) % 3, (i + 2) % 3
            across = [(sign, m, n) for sign, m, n in ((-1, k, j), (1, j, k)) if SPACE[n] in ends]
            if rate and not across:
                return (), True
            for sign, component, along in across if rate else ():
                name = SPACE[along]
                weight = sign / len(across)
                found.append(Circulation(component, name, centre[name], weight, rate))
        return tuple(found), False

    @property
    def circulation(self) -> tuple[Circulation, ...]:
        """The electric field of a uniform B(t), part by part."""
        return self._induced[0]

    @property
    def faraday_source(self) -> bool:
        """Whether the electric field of a uniform B(t) is kept as a source instead.

        So it is in a homogeneous run, and where both axes across B are periodic or absent.
        """
        return self._induced[1]

    def faraday_rate(self, t: float) -> Array:
        """∂ₜB that no e stands for: zero unless `faraday_source`.  (3,)"""
        rates = self.given_rate if self.faraday_source else ((), (), ())
        return np.array([total(terms, {}, t, ()) for terms in rates])

    @property
    def uniform(self) -> bool:
        """Whether e and b do not depend on r, and there is no φ."""
        return self.fields.uniform and not self.circulation

    @property
    def magnetic_uniform(self) -> bool:
        """Whether b does not depend on r."""
        return self.fields.magnetic_uniform

    @property
    def space_names(self) -> frozenset[str]:
        """Which of x, y and z e, b and φ depend on."""
        return self.fields.space_names | {part.coordinate for part in self.circulation}

    @property
    def potential_constant(self) -> bool:
        """Whether φ does not depend on time."""
        return "t" not in self.fields.phi.names()

    @property
    def drive_constant(self) -> bool:
        """Whether e without the force of φ does not depend on time."""
        rates = [part.rate for part in self.circulation]
        return "t" not in names_of((*self.fields.drive, *rates))

    @property
    def drive_zero(self) -> bool:
        """Whether e without the force of φ is zero everywhere and always."""
        return not any(self.fields.drive) and not self.circulation

    @property
    def potential_zero(self) -> bool:
        """Whether φ is zero everywhere and always."""
        return bool(self.fields.phi.vanishes())

    @property
    def electric_constant(self) -> bool:
        """Whether neither φ nor the drive depends on time."""
        return self.potential_constant and self.drive_constant

    @property
    def magnetic_constant(self) -> bool:
        """Whether b does not depend on time."""
        return self.fields.magnetic_constant

    def potential_at(self, r: Places, t: Moment) -> Array:
        """φ at points r.  (S)

        Parameters
        ----------
        r
            Arrays of x, y, z by name that broadcast to a common shape S.
        t
            Time, or an array of times that broadcasts against r.

        Raises
        ------
        InputError
            If a coordinate that φ depends on is missing, or φ is not finite.
        """
        return np.asarray(_vector((sum_of(Term(1.0, self.fields.phi)),), r, t)[0])

    def drive_at(self, r: Places, t: Moment) -> Array:
        """E − ∂ₜa and the electric field of a uniform B(t); arguments as above.  (3, *S)"""
        result = _vector(self.fields.drive, r, t)
        for part in self.circulation:
            require("the electric field of B(t)", (part.coordinate,), r)
            distance = np.asarray(r[part.coordinate]) - part.centre
            rate = total(part.rate, {}, t, np.shape(t))
            result[part.component] += part.weight * rate * distance
        return np.asarray(result)

    def electric_at(self, r: Places, t: Moment) -> Array:
        """Force e, that of φ included; arguments as above.  (3, *S)"""
        return np.asarray(self.drive_at(r, t) + _vector(self.fields.descent, r, t))

    def magnetic_at(self, r: Places, t: Moment) -> Array:
        """Field b; arguments as above.  (3, *S)"""
        return _vector(self.fields.induction, r, t)

    def magnetic_rate_at(self, r: Places, t: Moment) -> Array:
        """∂b/∂t; arguments as above.  (3, *S)"""
        return _vector(self.fields.induction_rate, r, t)


def _vector(components: tuple[Sum, ...], r: Places, t: Moment) -> Array:
    shape = np.broadcast_shapes(shape_of(r), np.shape(t))
    return np.array([total(terms, r, t, shape) for terms in components])
