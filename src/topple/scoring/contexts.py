"""What torch computes in: the same answers whatever the caller has switched on, as servers do."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

if hasattr(os, "register_at_fork"):
    # The threads of torch are not there in a forked process, which would wait for them for ever: it computes with one.
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


@contextmanager
def computing(*, gradients: bool = False) -> Iterator[None]:
    """Compute with or without gradients and in the precision of the tensors, whatever mode the caller is in.

    Args:
        gradients: whether something is learned within; without, tensors that are made within have no gradients ever after.
    """
    with ExitStack() as modes:
        modes.enter_context(torch.inference_mode(mode=not gradients))
        modes.enter_context(torch.set_grad_enabled(gradients))
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                modes.enter_context(torch.autocast(kind, enabled=False))
        yield
