"""What is made of each file: one thumbnail in boxes of 128 to 2,048 pixels, and the set that web sites ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """The thumbnails that are made of a file in one job: the sides of their boxes in pixels, the largest first."""

    sides: tuple[int, ...]

    @property
    def name(self) -> str:
        """`128`, or `128 + 512 + 1,600`."""
        return " + ".join(f"{side:,}" for side in sorted(self.sides))

    def shrinks(self, width_px: int, height_px: int) -> bool:
        """Whether an image of that size is larger than every box. Nothing is ever enlarged, so others say nothing new."""
        return max(width_px, height_px) > max(self.sides)


SMALLEST = Target((128,))
SET = Target((1600, 512, 128))
TARGETS = [SMALLEST, Target((512,)), Target((1024,)), Target((2048,)), SET]
