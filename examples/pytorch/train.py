"""Trains a small network to tell two interleaved spirals apart, and writes it to model.pt.

The data is generated, so nothing is downloaded; the network is real, and so is its loss.
Works with PyTorch 1.13 and later, on a GPU where there is one.
"""

import argparse
import math

import torch
from torch import nn


def spirals(count, generator):
    """Points on two spirals with a little noise, and which spiral each is on."""
    turns = torch.rand(count, generator=generator).sqrt() * 2.0
    labels = torch.randint(0, 2, (count,), generator=generator)
    angles = 2 * math.pi * turns + math.pi * labels
    points = torch.stack([turns * angles.cos(), turns * angles.sin()], dim=1)
    return points + 0.02 * torch.randn(points.shape, generator=generator), labels


def build_model():
    return nn.Sequential(
        nn.Linear(2, 64), nn.Tanh(),
        nn.Linear(64, 64), nn.Tanh(),
        nn.Linear(64, 2),
    )


def train_epoch(model, optimizer, points, labels, batch_size):
    """One pass over the data in random order; returns the mean loss."""
    total = 0.0
    for batch in torch.randperm(len(points)).split(batch_size):
        batch = batch.to(points.device)
        loss = nn.functional.cross_entropy(model(points[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(points)


def accuracy(model, points, labels):
    with torch.no_grad():
        return (model(points).argmax(dim=1) == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--output", default="model.pt")
    args = parser.parse_args()

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    where = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    print(f"PyTorch {torch.__version__} on {where}")

    generator = torch.Generator().manual_seed(1)
    points, labels = (t.to(device) for t in spirals(4000, generator))
    test_points, test_labels = (t.to(device) for t in spirals(1000, generator))
    model = build_model().to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(model, optimizer, points, labels, args.batch_size)
        correct = accuracy(model, test_points, test_labels)
        print(f"epoch {epoch}/{args.epochs}  loss {loss:.4f}  accuracy {correct:.1%}", flush=True)

    torch.save(model.state_dict(), args.output)
    print(f"wrote {args.output}")


if __name__ == "__main__":
    main()
