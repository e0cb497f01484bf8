"""The scales for numeric labels, and the units of a loss computed on them."""

STANDARDIZE, MINMAX, SYMMETRIC = "standardize", "minmax", "symmetric"

LABEL_SCALES = {
    STANDARDIZE: "standardized labels",
    MINMAX: "labels scaled to lie between 0 and 1",
    SYMMETRIC: "labels scaled to lie between -1 and 1",
}
"""The values of `dataset.preprocess.target`, described in words."""
