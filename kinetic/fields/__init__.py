"""Forces on the carrier: e = qE(r,t) and b = qB(r,t).

The run file's E and B are e and b (force k̇ = e + ṙ×b); no sign is applied to them.  They may
also be given by potentials, e = −∂_rφ − ∂ₜa and b = ∇×a.
"""

from kinetic.fields.forces import Fields
from kinetic.fields.sample import SpaceFields
from kinetic.fields.spacetime import SpaceTimeFunction, Term, spacetime_function
from kinetic.pulses import Pulse, TimeFunction

__all__ = [
    "Fields",
    "Pulse",
    "SpaceFields",
    "SpaceTimeFunction",
    "Term",
    "TimeFunction",
    "spacetime_function",
]
