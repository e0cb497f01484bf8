"""A model class of one's own, named by california_subclassed.yaml."""

import keras


class WideAndDeep(keras.Model):
    """Features go through two hidden layers and, beside them, straight to the output.

    Source: Cheng et al. 2016; Géron, Hands-On Machine Learning, chapter 10 (the Subclassing API).
    """

    def __init__(self, units=30, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, activation
        self.hidden1 = keras.layers.Dense(units, activation=activation)
        self.hidden2 = keras.layers.Dense(units, activation=activation)
        self.price = keras.layers.Dense(1)

    def call(self, inputs):
        deep = self.hidden2(self.hidden1(inputs))
        return self.price(keras.ops.concatenate([inputs, deep], axis=-1))

    def get_config(self):
        return {**super().get_config(), "units": self.units, "activation": self.activation}
