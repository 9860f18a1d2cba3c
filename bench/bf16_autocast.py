"""784-1024-1024-10 with ReLU, batch 128, Adam, in PyTorch with bf16 autocast: steps per second.

    python3 bench/bf16_autocast.py THREADS
"""
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)
net = torch.nn.Sequential(
    torch.nn.Linear(784, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 1024), torch.nn.ReLU(), torch.nn.Linear(1024, 10)
)
x, t = torch.rand(128, 784), torch.randint(10, (128,))
adam = torch.optim.Adam(net.parameters(), lr=1e-4, fused=True)


def step():
    adam.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = torch.nn.functional.cross_entropy(net(x), t)
    loss.backward()
    adam.step()
    return loss


for _ in range(20):
    step()
rates = []
for _ in range(5):
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 0.6:
        step().item()
        count += 1
    rates.append(count / (time.perf_counter() - began))
print(f"{sorted(rates)[2]:.1f} steps/s on {sys.argv[1]} threads, torch {torch.__version__}")
