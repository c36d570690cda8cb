"""The figure that a picture is: one of matplotlib that a notebook shows by itself. Imported where something is drawn."""

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class Picture(Figure):
    """A figure with a canvas; a notebook shows it without `%matplotlib inline` too."""

    def __init__(self) -> None:
        super().__init__(dpi=72)  # a pixel is a point while texts are measured
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        """Return the picture for a notebook."""
        written = io.BytesIO()
        self.savefig(written, format="png", dpi=100)
        return written.getvalue()
