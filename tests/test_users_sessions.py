"""Users, conversations and feedback; and that nobody reads another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_store.behaviours import Behaviours
from memory_store.database import Database
from memory_store.errors import UnknownSession, UnknownUser
from memory_store.sessions import Sessions
from memory_store.types import Behaviour, UserRecord
from memory_store.users import Users

ANN = UserRecord("ann", "Ann", "Runs.", True, ("shoes for rain",), {"hair": "red"})
BOB = UserRecord("bob", "Bob")


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "memory.sqlite")
    Users(opened).add_many([ANN, BOB])
    yield opened
    opened.close()


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database)


def test_users_come_back_as_they_were(database: Database) -> None:
    users = Users(database)
    assert [users.get("ann"), users.get("bob"), users.get("eve")] == [ANN, BOB, None]
    assert users.list() == [ANN, BOB]
    assert users.list(limit=1, offset=1) == [BOB]
    assert users.personas() == [ANN]
    assert users.count() == 2


def test_adding_a_user_again_updates_and_keeps_the_conversations(database: Database, sessions: Sessions) -> None:
    session = sessions.create("ann")
    Users(database).add_many([UserRecord("ann", "Anna")])
    assert Users(database).get("ann") == UserRecord("ann", "Anna")
    assert sessions.list("ann") == [session]


def test_search_finds_name_and_id_whatever_the_case(database: Database) -> None:
    users = Users(database)
    users.add_many([UserRecord("x-9", "Joann"), UserRecord("%", "Percent"), UserRecord("y-1", "Anna")])

    def found(text: str, limit: int = 24) -> list[str]:
        return [user.user_id for user in users.search(text, limit)]

    assert found("ANN") == ["ann", "y-1", "x-9"]
    assert found("  x-9 ") == ["x-9"]
    assert found("ann", limit=1) == ["ann"]
    assert found("%") == ["%"]
    assert found("_") == found("zz") == found("' OR 1") == []
    assert len(found("")) == 5


def test_those_most_is_remembered_of_come_first(database: Database) -> None:
    users = Users(database)
    users.add_many([UserRecord("cy", "Cy"), UserRecord("new", "New")])
    bought = [("cy", "b1"), ("bob", "b2"), ("cy", "b3")]
    Behaviours(database).add_many(
        Behaviour(key, user, "i", "Shoe", None, "Shoes", None, "", None, "", "", None) for user, key in bought
    )
    assert [user.user_id for user in users.most_remembered()] == ["cy", "bob", "ann", "new"]
    assert [user.user_id for user in users.most_remembered(limit=1)] == ["cy"]


def test_turns_are_kept_in_order(sessions: Sessions) -> None:
    session = sessions.create("ann", "Shoes")
    events = [{"kind": "answered", "text": "قدم <b>", "n": 1.5, "deep": [None, {"a": []}]}]
    first = sessions.add_turn(session.session_id, "ann", "shoes?", events)
    second = sessions.add_turn(session.session_id, "ann", "cheaper", [], turn_id="t2")
    assert sessions.turns(session.session_id, "ann") == [first, second]
    assert (first.position, second.position, second.turn_id) == (0, 1, "t2")
    assert list(first.events) == events


def test_text_that_no_encoding_takes_is_kept_as_far_as_it_goes(sessions: Sessions) -> None:
    session = sessions.create("ann", "t\ud800")
    turn = sessions.add_turn(session.session_id, "ann", "r\udfff\x00", [{"e": "\ud800"}])
    sessions.rename(session.session_id, "ann", "n\ud800")
    assert sessions.turns(session.session_id, "ann") == [turn]
    assert (session.title, turn.request, turn.events) == ("t?", "r?\x00", ({"e": "?"},))


def test_a_turn_written_again_replaces_itself(sessions: Sessions) -> None:
    session = sessions.create("ann").session_id
    sessions.add_turn(session, "ann", "a", [], turn_id="t1")
    sessions.add_turn(session, "ann", "b", [], turn_id="t2")
    again = sessions.add_turn(session, "ann", "a", [{"more": True}], turn_id="t1")
    assert again.position == 0
    assert [turn.turn_id for turn in sessions.turns(session, "ann")] == ["t1", "t2"]


def test_dropping_turns_for_a_retry(sessions: Sessions) -> None:
    session = sessions.create("ann").session_id
    for request in "abc":
        sessions.add_turn(session, "ann", request, [])
    assert sessions.drop_turns(session, "ann", 1) == 2
    sessions.add_turn(session, "ann", "b2", [])
    assert [(turn.position, turn.request) for turn in sessions.turns(session, "ann")] == [(0, "a"), (1, "b2")]


def test_the_last_used_conversation_comes_first(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000, 2000))
    monkeypatch.setattr("memory_store.sessions.now", lambda: next(clock))
    first, second = sessions.create("ann", "first"), sessions.create("ann", "second")
    assert [session.title for session in sessions.list("ann")] == ["second", "first"]
    sessions.add_turn(first.session_id, "ann", "x", [])
    sessions.rename(second.session_id, "ann", "renamed")
    assert [session.title for session in sessions.list("ann")] == ["first", "renamed"]


def test_deleting_takes_the_turns_along(database: Database, sessions: Sessions) -> None:
    session = sessions.create("ann").session_id
    sessions.add_turn(session, "ann", "x", [])
    sessions.delete(session, "ann")
    assert sessions.list("ann") == []
    assert database.value("SELECT count(*) FROM turns") == 0


@pytest.mark.parametrize(
    "attempt",
    [
        lambda sessions, id_: sessions.turns(id_, "bob"),
        lambda sessions, id_: sessions.add_turn(id_, "bob", "let me in", []),
        lambda sessions, id_: sessions.rename(id_, "bob", "mine"),
        lambda sessions, id_: sessions.delete(id_, "bob"),
        lambda sessions, id_: sessions.drop_turns(id_, "bob", 0),
    ],
)
def test_a_forged_session_id_opens_nothing(sessions: Sessions, attempt) -> None:
    session = sessions.create("ann", "private")
    turn = sessions.add_turn(session.session_id, "ann", "secret", [])
    with pytest.raises(UnknownSession) as of_another:
        attempt(sessions, session.session_id)
    with pytest.raises(UnknownSession) as of_nobody:
        attempt(sessions, "f" * 32)
    assert str(of_another.value).replace(session.session_id, "") == str(of_nobody.value).replace("f" * 32, "")
    assert sessions.get(session.session_id, "bob") is None
    assert sessions.list("bob") == []
    assert sessions.turns(session.session_id, "ann") == [turn]
    assert sessions.list("ann")[0].title == "private"


def test_a_turn_id_of_another_session_cannot_be_overwritten(sessions: Sessions) -> None:
    mine, theirs = sessions.create("ann").session_id, sessions.create("bob").session_id
    sessions.add_turn(mine, "ann", "secret", [], turn_id="t")
    with pytest.raises(UnknownSession):
        sessions.add_turn(theirs, "bob", "overwritten", [], turn_id="t")
    assert sessions.turns(mine, "ann")[0].request == "secret"


def test_no_conversation_without_a_user(sessions: Sessions) -> None:
    with pytest.raises(UnknownUser, match="'eve'"):
        sessions.create("eve")
