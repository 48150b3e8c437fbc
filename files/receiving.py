"""Files while they are received: encrypted at once, so no plaintext reaches a disk."""

from __future__ import annotations

import hashlib
import logging
import os

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from core.errors import Busy, TooLarge
from core.ids import new_id
from files.content import HEAD, media_type_of
from files.models import StoredFile, object_name
from files.stores import store
from files.streaming import KEY, Encryptor

logger = logging.getLogger(__name__)


class FileTooLarge(TooLarge):
    code = "file_too_large"
    message = _("The file is too large.")


class StoreUnavailable(Busy):
    code = "file_store_unavailable"
    message = _("The file store does not respond. Try again in a moment.")


class ReceivedFile:
    """A file that is being stored, or is stored, without a row that refers to it.

    It is complete after `finish`; a service then adds a row. Without one, `discard`
    removes it.
    """

    def __init__(self, name: str) -> None:
        self.name, self.id, self.key = name, new_id(), os.urandom(KEY)
        self.size = 0
        self._head = b""
        self._digest = hashlib.sha256()
        self._is_complete = False
        try:
            self._object = store().create(object_name(self.id))
            self._encryptor = Encryptor(self.key, self.id.bytes, self._object.write)
        except OSError as error:
            raise StoreUnavailable from error

    @property
    def media_type(self) -> str:
        return media_type_of(self._head)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Encrypt and store the next bytes; raise FileTooLarge beyond the limit."""
        self.size += len(piece)
        if self.size > settings.FILE_LIMIT:
            raise FileTooLarge
        self._digest.update(piece)
        self._head += piece[: HEAD - len(self._head)]
        try:
            self._encryptor.update(piece)
        except OSError as error:
            raise StoreUnavailable from error

    def finish(self) -> None:
        """Store the rest; from now on the file is durable."""
        try:
            self._encryptor.finish()
            self._object.close()
        except OSError as error:
            raise StoreUnavailable from error
        self._is_complete = True

    def discard(self) -> None:
        """Remove the file if no row refers to it; if that fails, the sweep does."""
        try:
            if not self._is_complete:
                self._object.abort()
            elif not StoredFile.objects.filter(pk=self.id).exists():
                store().delete(object_name(self.id))
        except (OSError, DatabaseError):
            logger.warning("file not discarded", extra={"file_id": str(self.id)})
