"""The scales that labels which are numbers can be learnt in, and what a loss in them is counted in."""

STANDARDIZE, MINMAX, SYMMETRIC = "standardize", "minmax", "symmetric"

LABEL_SCALES = {
    STANDARDIZE: "standardized labels",
    MINMAX: "labels scaled to lie between 0 and 1",
    SYMMETRIC: "labels scaled to lie between -1 and 1",
}
"""What `dataset.preprocess.target` may say, each in words."""
