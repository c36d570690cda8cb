"""Is it true: re-rank without the removed items. The judge does not know the judged."""

from topple.verification.verify import verify

__all__ = ["verify"]
