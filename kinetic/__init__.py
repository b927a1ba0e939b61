"""kinetic: band-projected quantum kinetics of two-band electrons on a phase-space grid."""
