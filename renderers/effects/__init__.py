"""Camera, scanner, copier and codec effects on pictures whose every point's place is known.

OpenCV is set to one thread: workers are processes, one a core, and more threads only
contend; a pool of threads does not survive the fork by which some workers start; and
work that is cut by the number of cores could differ between machines.
"""

import cv2

from renderers.effects.boxes import Moved, move_boxes, moved_boxes, outlines
from renderers.effects.legibility import faint_words, legible_after
from renderers.effects.recipes import RECIPE_KINDS, Recipe, Step, apply_recipe, choose_recipe

cv2.setNumThreads(1)
cv2.ocl.setUseOpenCL(False)

__all__ = [
    "RECIPE_KINDS",
    "Moved",
    "Recipe",
    "Step",
    "apply_recipe",
    "choose_recipe",
    "faint_words",
    "legible_after",
    "move_boxes",
    "moved_boxes",
    "outlines",
]
