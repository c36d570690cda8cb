import torch

# The tensors of the tests are tiny: a second thread costs more than it brings, and on a busy machine fifty times as much.
torch.set_num_threads(1)
