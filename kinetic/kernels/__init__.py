"""Compiled loops: pointwise physics in `points`, loop skeletons in `sweep` and its neighbours.

Importing this package is cheap; its modules import numba.
"""

# Scheme numbers handed to the kernels (a string never reaches compiled code).
UPWIND1, LINEAR5, MP5 = 0, 1, 2

# Levels of theory as the kernels know them.
BOLTZMANN, PROJECTED, DRESSED = 0, 1, 2
