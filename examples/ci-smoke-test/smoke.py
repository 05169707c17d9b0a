"""One step of training on random data: the imports, the device and autograd work."""

import torch

device = "cuda" if torch.cuda.is_available() else "cpu"
model = torch.nn.Linear(8, 1).to(device)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs, targets = torch.randn(32, 8, device=device), torch.randn(32, 1, device=device)

before = torch.nn.functional.mse_loss(model(inputs), targets)
before.backward()
optimizer.step()
after = torch.nn.functional.mse_loss(model(inputs), targets)

if not after < before:
    raise SystemExit(f"the loss did not fall: {before.item():.4f} -> {after.item():.4f}")
print(f"smoke test passed on {device}: loss {before.item():.4f} -> {after.item():.4f}")
