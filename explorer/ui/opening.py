"""What to do with a file that was opened, dropped or given on the command line."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QImage, QImageReader

from backends.api import ModelInfo
from backends.errors import BadModel, ExplorerError
from explorer.model.files import KIND, BadFile, Saved, read_session
from explorer.panels.base import Services
from explorer.ui.settings import add_recent, read_list, write_list

SNIFFED = 4096  # bytes in which a session says that it is one


def open_path(services: Services, path: str) -> Saved | None:
    """Open a model, an image or a picture of ours; a session is returned, for the window to restore.

    Raises `ExplorerError` with a sentence for anything else.
    """
    file = Path(path).expanduser().absolute()
    if not file.exists():
        raise BadFile(f"{file} doesn't exist.", "Check the path; recent files that are gone are grey.")
    if file.is_dir():
        raise BadFile(
            f"{file.name} is a folder.", "Drop a folder of images on the Train panel to learn from it."
        )
    saved = None
    if _is_session(file):
        saved = read_session(file)
    elif QImageReader.imageFormat(str(file)):
        _take_image(services, file)
    else:
        open_model(services, file)
    add_recent(services.settings, str(file))
    return saved


def open_model(services: Services, file: Path) -> None:
    """Check a model file and make it current. Raises `BadModel`."""
    from backends import catalog

    info = catalog.read(file)
    known = {m.path for m in services.session.models.values()}
    if info.path not in known:
        opened = [p for p in read_list(services.settings, "opened") if p != info.path]
        write_list(services.settings, "opened", [info.path, *opened][:20])
    services.session.add_model(info)
    if not info.can_generate:
        services.notices.told.emit(f"{info.name} names images but doesn't make any; the map can use it.")
        return
    services.session.select_model(info.path)
    services.notices.told.emit(f"{info.name} is open.")


def reopen_models(paths: list[str]) -> tuple[list[ModelInfo], list[tuple[str, str]]]:
    """The models that earlier sessions opened, and those that can't be read any more with the reason."""
    from backends import catalog

    models, broken = [], []
    for path in paths:
        try:
            models.append(catalog.read(path))
        except BadModel as error:
            broken.append((path, str(error)))
    return models, broken


def _is_session(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return KIND.encode() in stream.read(SNIFFED)
    except OSError as error:
        raise BadFile(f"{file} can't be read: {error.strerror}.", "Check its permissions.") from error


def _take_image(services: Services, file: Path) -> None:
    """A picture that we exported brings back its code; any other is for the current model to encode."""
    from explorer.model import export
    from explorer.widgets.images import from_qimage

    session = services.session
    try:
        origin = export.read_origin(file)
    except ExplorerError:
        origin = None
    if origin and (info := export.restore(session, origin)):
        services.notices.told.emit(f"The code of {file.name} is back, in {info.name}.")
        return
    picture = QImage(str(file))
    if picture.isNull():
        raise BadFile(f"{file.name} is a damaged image.", "Try another one.")
    session.image_dropped.emit(from_qimage(picture))
