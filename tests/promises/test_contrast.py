"""Every text can be read on its ground, in both themes."""

import pytest
from PySide6.QtGui import QPalette

from explorer.ui.theme import COLOURS, contrast, palette

ROLE, GROUP = QPalette.ColorRole, QPalette.ColorGroup
PAIRS = [
    (ROLE.WindowText, ROLE.Window), (ROLE.Text, ROLE.Base), (ROLE.Text, ROLE.AlternateBase),
    (ROLE.ButtonText, ROLE.Button), (ROLE.HighlightedText, ROLE.Highlight), (ROLE.Link, ROLE.Window),
    (ROLE.Link, ROLE.Base), (ROLE.PlaceholderText, ROLE.Base), (ROLE.PlaceholderText, ROLE.Window),
    (ROLE.ToolTipText, ROLE.ToolTipBase),
]  # fmt: skip


@pytest.mark.parametrize("shade", COLOURS)
@pytest.mark.parametrize("group", [GROUP.Active, GROUP.Inactive, GROUP.Disabled])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_palette(shade, group, text, ground, qapp):
    made = palette(shade)
    assert contrast(made.color(group, text).name(), made.color(group, ground).name()) >= 4.5


@pytest.mark.parametrize("shade", COLOURS)
def test_style_sheet(shade):
    c = COLOURS[shade]
    pairs = [
        ("soft", "window"), ("text", "window"), ("accent", "window"), ("accent", "base"), ("text", "raised"),
        ("text", "line"), ("on accent", "accent"), ("on tip", "tip"), ("on warn", "warn"), ("soft", "base"),
    ]  # fmt: skip
    for text, ground in pairs:
        assert contrast(c[text], c[ground]) >= 4.5, (text, ground)


def test_known_contrasts():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
