"""Everything one can do is in a menu and in the palette; no shortcut does two things."""

from PySide6.QtWidgets import QMenu

from explorer.commands import MENUS


def in_menus(menu: QMenu) -> set[str]:
    found = set()
    for action in menu.actions():
        if action.menu() is not None:
            found |= in_menus(action.menu())
        elif action.objectName():
            found.add(action.objectName())
    return found


def test_every_command_is_in_a_menu_and_in_the_palette(app):
    table = app.window.table
    bar = [a.menu() for a in app.window.menuBar().actions() if a.isVisible()]
    everything = set(table.commands)
    assert set().union(*(in_menus(menu) for menu in bar)) == everything
    app.window._palette.fill("")
    assert set(app.window._palette.shown()) == everything


def test_no_shortcut_and_no_name_twice(app):
    assert app.window.table.conflicts == []


def test_menus_are_the_ones_we_know_and_say_what_they_do(app):
    for command in app.window.table.commands.values():
        assert command.menu.split("/")[0] in MENUS
        assert command.text.strip()
        able = command.enabled()
        assert able is True or (isinstance(able, str) and able.endswith((".", "!"))), (command.id, able)
