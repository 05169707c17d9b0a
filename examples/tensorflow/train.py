"""Fits a small Keras network to a noisy sine wave, and writes it to model.npz.

The data is generated, so nothing is downloaded. Works with TensorFlow 2.10 and later.
"""

import argparse

import numpy as np
import tensorflow as tf


def noisy_sine(count, rng):
    x = rng.uniform(-np.pi, np.pi, (count, 1)).astype("float32")
    return x, np.sin(2 * x) + rng.normal(0, 0.05, x.shape).astype("float32")


def build_model():
    return tf.keras.Sequential([
        tf.keras.Input(shape=(1,)),
        tf.keras.layers.Dense(64, activation="tanh"),
        tf.keras.layers.Dense(64, activation="tanh"),
        tf.keras.layers.Dense(1),
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--output", default="model.npz")
    args = parser.parse_args()

    gpus = tf.config.list_physical_devices("GPU")
    print(f"TensorFlow {tf.__version__} on {len(gpus)} GPU(s)")

    tf.random.set_seed(0)
    x, y = noisy_sine(4000, np.random.default_rng(1))
    model = build_model()
    model.compile(optimizer=tf.keras.optimizers.Adam(0.01), loss="mse")
    history = model.fit(x, y, epochs=args.epochs, batch_size=64, verbose=2)

    first, last = history.history["loss"][0], history.history["loss"][-1]
    np.savez(args.output, *model.get_weights())
    print(f"loss {first:.4f} -> {last:.4f}; wrote {args.output}")


if __name__ == "__main__":
    main()
