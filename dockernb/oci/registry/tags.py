"""The tags of a repository (distribution specification, "Listing Tags")."""

from __future__ import annotations

import json
import threading

from dockernb.errors import OciError
from dockernb.oci.reference import Reference

from .attempts import with_attempts
from .authorization import Scope
from .endpoint import Endpoint
from .refusal import refusal
from .transport import Request

__all__ = ["list_tags"]

_LARGEST = 1 << 20
_LONGEST_TAG = 128


def list_tags(
    endpoint: Endpoint, reference: Reference, most: int, cancel: threading.Event
) -> list[str]:
    """At most `most` tags, in the registry's order.

    Raises:
        ImageNotFoundError: there is no such repository.
        RegistryError: the registry cannot be asked.
        OciError: what it sent is no list of tags.
    """
    url = endpoint.url_of(f"/v2/{reference.repository}/tags/list?n={most}")
    request = Request("GET", url, {"Accept": "application/json"})
    name = f'the tags of "{reference.repository}"'

    def attempt() -> bytes:
        with endpoint.send(request, Scope(reference.repository), cancel) as answer:
            if answer.status != 200:
                raise refusal(answer, reference, "pull")
            return answer.read(_LARGEST, name)

    what = f'reading {name} from "{endpoint.host}"'
    data = with_attempts(what, attempt, endpoint.settings, cancel)
    try:
        tags = json.loads(data)["tags"] or []
        return [tag for tag in tags if isinstance(tag, str) and len(tag) <= _LONGEST_TAG][:most]
    except (ValueError, KeyError, TypeError) as err:
        raise OciError(
            f'the registry "{endpoint.host}" sent no list of tags', rule="expected JSON with tags"
        ) from err
