"""One module per command of `kinetic`; each has `main(options)`."""
