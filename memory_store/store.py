"""The front door of the memory: opens a store folder and gives its parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memory_store.background import BackgroundIndexer
from memory_store.behaviours import Behaviours
from memory_store.database import Database
from memory_store.embedding import Embedder
from memory_store.errors import StoreMismatch
from memory_store.feedback import Feedback
from memory_store.hierarchy import Hierarchy
from memory_store.mirror import Mirror
from memory_store.sessions import Sessions
from memory_store.users import Users

DATABASE = "memory.sqlite"
INDEX = "chroma"


class MemoryStore:
    """Users, conversations, behaviours, memory and feedback in one folder. Safe to share between threads.

    Several processes may open a folder; the first one that needs the vector index owns it until it closes.
    """

    def __init__(self, database: Database, folder: Path, embedder: Embedder) -> None:
        self._database = database
        self._mirror = Mirror(database, folder / INDEX, embedder)
        self.folder = folder
        self.embedder = embedder
        self.users = Users(database)
        self.sessions = Sessions(database)
        self.behaviours = Behaviours(database)
        self.hierarchy = Hierarchy(database, self._mirror, embedder)
        self.feedback = Feedback(database, self.hierarchy)
        self._indexer: BackgroundIndexer | None = None

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> MemoryStore:
        """Opens the store of a folder, and makes it if there is none.

        Raises StoreMismatch if it was built with another embedder, StoreTooNew if by a newer version.
        """
        database = Database(folder / DATABASE)
        built_with = database.meta("embedder")
        if built_with is None:
            database.set_meta("embedder", _signature(embedder))
        elif built_with != _signature(embedder):
            database.close()
            raise StoreMismatch(
                f"the store {folder} was built with the embedder {built_with}, not with {_signature(embedder)}: "
                "open it with that one (MRREC_EMBEDDER), or embed it again with: mrrec reembed"
            )
        return cls(database, folder, embedder)

    @classmethod
    def reembed(cls, folder: Path, embedder: Embedder, *, progress: Callable[[int], None] | None = None) -> MemoryStore:
        """Opens a store whatever it was built with, and embeds all its entries with this embedder.

        Interrupted, the next ``open`` with either embedder says or mends what is missing.
        Raises StoreBusy while another process owns its index.
        """
        store = cls(Database(folder / DATABASE), folder, embedder)
        store._mirror.clear()
        store._database.set_meta("embedder", _signature(embedder))
        store.hierarchy.index_pending(progress=progress)
        return store

    def forget_user(self, user_id: str) -> bool:
        """Deletes a user and everything that is stored of them; returns whether there was such a user.

        ``hierarchy.rebuild`` takes what is left of it off the disk.
        """
        deleted = self._database.execute("DELETE FROM users WHERE user_id = ?", (user_id,))
        self.hierarchy.forget_user(user_id)
        return deleted > 0

    def index_in_background(self) -> None:
        """Indexes what waits while the store is used, until all is or the store is closed; for one that serves people.

        ``hierarchy.pending`` tells how much is left. Recall does not need it: it indexes what it lacks itself.
        """
        if self._indexer is None:
            self._indexer = BackgroundIndexer(self._mirror)

    def close(self) -> None:
        """Closes the files; the store cannot be used afterwards."""
        if self._indexer is not None:
            self._indexer.stop()
        self._mirror.close()
        self._database.close()


def _signature(embedder: Embedder) -> str:
    return f"{embedder.name} ({embedder.dimension} dimensions)"
