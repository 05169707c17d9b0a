"""Fits a small network to a noisy sine wave with plain JAX, and writes it to model.npz.

The data is generated, so nothing is downloaded.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np

WIDTHS = [1, 64, 64, 1]


def noisy_sine(key, count):
    key_x, key_noise = jax.random.split(key)
    x = jax.random.uniform(key_x, (count, 1), minval=-jnp.pi, maxval=jnp.pi)
    return x, jnp.sin(2 * x) + 0.05 * jax.random.normal(key_noise, x.shape)


def initial_layers(key):
    keys = jax.random.split(key, len(WIDTHS) - 1)
    return [
        (jax.random.normal(k, (n_in, n_out)) / jnp.sqrt(n_in), jnp.zeros(n_out))
        for k, n_in, n_out in zip(keys, WIDTHS, WIDTHS[1:])
    ]


def predict(layers, x):
    for weights, bias in layers[:-1]:
        x = jnp.tanh(x @ weights + bias)
    weights, bias = layers[-1]
    return x @ weights + bias


def mean_squared_error(layers, x, y):
    return jnp.mean((predict(layers, x) - y) ** 2)


@jax.jit
def step(layers, momentum, x, y, rate=0.03, decay=0.9):
    """One step of gradient descent with momentum."""
    loss, gradients = jax.value_and_grad(mean_squared_error)(layers, x, y)
    momentum = jax.tree_util.tree_map(lambda m, g: decay * m + g, momentum, gradients)
    layers = jax.tree_util.tree_map(lambda p, m: p - rate * m, layers, momentum)
    return layers, momentum, loss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=100, help="in each epoch")
    parser.add_argument("--output", default="model.npz")
    args = parser.parse_args()

    print(f"JAX {jax.__version__} on {jax.devices()[0]}")
    key_data, key_layers = jax.random.split(jax.random.PRNGKey(0))
    x, y = noisy_sine(key_data, 4000)
    layers = initial_layers(key_layers)
    momentum = jax.tree_util.tree_map(jnp.zeros_like, layers)

    for epoch in range(1, args.epochs + 1):
        for _ in range(args.steps):
            layers, momentum, loss = step(layers, momentum, x, y)
        print(f"epoch {epoch}/{args.epochs}  loss {float(loss):.4f}", flush=True)

    np.savez(args.output, *(np.asarray(p) for layer in layers for p in layer))
    print(f"wrote {args.output}")


if __name__ == "__main__":
    main()
