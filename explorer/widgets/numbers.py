"""Numbers shown in boxes."""

from __future__ import annotations

from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox


def show_number(box: QDoubleSpinBox | QSpinBox, value: float) -> None:
    """Show `value` without a signal; a box that shows it already isn't painted again.

    Qt repaints a spin box that is set to what it holds. At every move of one slider this
    cost more than the picture.
    """
    blocked = box.blockSignals(True)
    if isinstance(box, QSpinBox):
        if box.value() != value:
            box.setValue(int(value))
    elif box.value() != round(value, box.decimals()):
        box.setValue(value)
    box.blockSignals(blocked)
