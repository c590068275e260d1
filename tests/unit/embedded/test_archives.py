"""Archives that are loaded into the store."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from dockernb.engines.embedded.archives import load_images
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.errors import EngineError


@pytest.mark.parametrize("path", ["/proc/self/mem", "no-such-file"])
def test_an_archive_that_cannot_be_read_is_named_and_not_the_store(
    path: str, tmp_path: Path
) -> None:
    """The first can be opened, but not read from its beginning."""
    store = ImageStore(StoreFolders(tmp_path / "store").make())
    file = tmp_path / path
    with pytest.raises(EngineError, match=f'the archive "{file}" cannot be read') as caught:
        load_images(store, cast("Any", None), file, lambda _: None, threading.Event())
    assert "store" not in str(caught.value.hint)
    assert not list(store.records())
