"""Images of failed states go with their keeper, alive or dead, and take only what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.engines.embedded.kept import KeptImages
from dockernb.engines.embedded.store.collect import collect
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.leases import Lease, leased_images
from dockernb.errors import EngineError

from .test_store import add, blobs


def test_what_is_given_up_goes_and_what_others_need_stays(tmp_path: Path) -> None:
    store = ImageStore(StoreFolders(tmp_path / "store").make())
    base, layer = add(store, b"base")
    before, sweeps = blobs(store), list[str]()
    with Lease(store.folders.leases) as lease:
        images = KeptImages(store, lease, lambda: sweeps.append("swept"))
        failed, _ = add(store, b"half", layer)
        lease.hold(failed.id)
        kept = images.keep(failed)
        collect(store, with_named=True)  # by somebody else: it is in use
        assert kept.image() == failed
        assert store.get(failed.id) is not None
        base, _ = add(store, b"base")
        kept.remove()
        assert store.get(failed.id) is None
        assert store.get(base.id) is not None
        assert blobs(store) == before
        assert failed.id not in leased_images(store.folders.leases)
        assert sweeps == ["swept"]
        with pytest.raises(EngineError, match="the failed state is gone"):
            kept.image()


def test_what_a_killed_process_kept_the_next_one_removes(tmp_path: Path) -> None:
    store = ImageStore(StoreFolders(tmp_path / "store").make())
    failed, _ = add(store, b"half")
    living, _ = add(store, b"other")
    with Lease(store.folders.leases) as lease:
        dead = KeptImages(store, lease, lambda: None)
        dead.keep(failed)
        dead._files.pop(failed.id).close()  # its lock goes, as with the process
        here = KeptImages(store, lease, lambda: None)
        here.keep(living)
        here.take_leftovers()
        assert store.get(failed.id) is None
        assert store.get(living.id) is not None
        here.close()
        assert store.get(living.id) is None
        assert list(store.folders.kept.iterdir()) == []
