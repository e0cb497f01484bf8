"""nnrun: the experiment runner for neural networks in Keras."""

__version__ = "0.1.0"
