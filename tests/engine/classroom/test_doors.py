"""Doors: guesses are slow for those who guess, and for nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.classroom import doors as doors_module
from engine.classroom.doors import OF_ADDRESS, OF_ALL, OF_JOINING, OF_NAME, Caller, Doors, TooManyTriesError
from engine.errors import AccessError
from tests.engine.classroom.room import Room


class Wall:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def doors(wall: Wall) -> Doors:
    return Doors(wall)


def wrong(doors: Doors, wall: Wall, seconds: float, caller: Caller, names: list[str], step: float = 0.05) -> int:
    """Guess without a pause over a time; returns how many guesses were looked at."""
    done, tried, end = 0, 0, wall.now + seconds
    while wall.now < end:
        try:
            doors.knock("pin", caller, names[tried % len(names)])
            done += 1
        except TooManyTriesError:
            pass
        tried, wall.now = tried + 1, wall.now + step
    return done


def test_waits_grow_with_each_wrong_try_and_are_forgotten(doors: Doors, wall: Wall):
    waits = []
    for _ in range(9):
        try:
            doors.knock("pin", Caller("1.2.3.4"), "calm-otter")
        except TooManyTriesError as refusal:
            waits.append(refusal.seconds)
            wall.now += refusal.seconds
            doors.knock("pin", Caller("1.2.3.4"), "calm-otter")

    assert waits == [1, 2, 4, 8]
    wall.now += 600
    for _ in range(OF_NAME.free):
        doors.knock("pin", Caller("1.2.3.4"), "calm-otter")


@pytest.mark.parametrize(("names", "addresses"), [(1, 1), (100, 1), (100, 500)])
def test_a_day_of_guessing_gets_nowhere(doors: Doors, wall: Wall, names: int, addresses: int):
    """Over one handle, over a whole class, and from many addresses; the budget is for all handles together."""
    handles, done, tried = [f"handle-{at}" for at in range(names)], 0, 0
    end = wall.now + 3600
    while wall.now < end:
        try:
            doors.knock("pin", Caller(f"10.0.0.{tried % addresses}"), handles[tried % names])
            done += 1
        except TooManyTriesError:
            pass
        tried, wall.now = tried + 1, wall.now + 0.2

    most = {(1, 1): 150, (100, 1): 1000, (100, 500): 4000}
    assert done <= most[names, addresses]
    assert done * 24 * 120 / 10**8 < 0.15  # chance to hit a PIN of eight digits in a term of 120 days


def test_a_right_try_costs_nothing_so_that_a_class_behind_one_address_comes_in(doors: Doors, wall: Wall):
    for at in range(300):
        doors.knock("pin", Caller("10.0.0.1"), f"handle-{at}")()


def test_who_was_in_before_from_this_browser_waits_for_nobody(doors: Doors, wall: Wall):
    """The owner's name, address and the whole door are under attack from elsewhere."""
    names = ["calm-otter", *(f"handle-{at}" for at in range(50))]
    wrong(doors, wall, 60, Caller("10.0.0.1"), names)
    with pytest.raises(TooManyTriesError):
        doors.knock("pin", Caller("10.0.0.1"), "calm-otter", "P1")

    for _ in range(20):
        doors.knock("pin", Caller("10.0.0.1", "laptop", frozenset({"P1"})), "calm-otter", "P1")()


def test_a_browser_that_knows_one_person_is_a_strangers_for_another(doors: Doors, wall: Wall):
    mine = Caller("10.0.0.1", "laptop", frozenset({"P1"}))
    for _ in range(OF_NAME.free):
        doors.knock("pin", mine, "brave-lynx", "P2")

    with pytest.raises(TooManyTriesError):
        doors.knock("pin", mine, "brave-lynx", "P2")


def test_guesses_at_one_door_do_not_close_another(doors: Doors, wall: Wall):
    wrong(doors, wall, 30, Caller("10.0.0.1"), ["a", "b", "c"])

    doors.knock("phrase", Caller("10.0.0.1"))
    doors.knock("join", Caller("10.0.0.1"))


def test_tries_that_are_sent_together_do_not_pass_together(room: Room):
    """Each is counted before it is looked at: no more are looked at than are free."""
    person, _ = room.school.people.add()
    looked_at = []

    def guess(at: int) -> None:
        try:
            room.school.people.enter(person.handle, f"x{at}", Caller(f"10.0.0.{at}"))
        except TooManyTriesError:
            return
        except AccessError:
            looked_at.append(at)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(24)))

    assert len(looked_at) <= OF_NAME.free


def test_the_memory_of_the_doors_is_bounded(doors: Doors, wall: Wall, monkeypatch):
    monkeypatch.setattr(doors_module, "MOST_METERS", 50)

    for at in range(500):
        wall.now += 2.0
        doors.knock("pin", Caller(f"10.0.{at}.1"), f"name-{at}")

    assert len(doors._meters) == 50


def test_one_address_cannot_make_people_without_end(room: Room):
    people, code = room.school.people, room.school.people.join_code()
    for _ in range(OF_JOINING.free):
        people.doors.knock("joined", Caller("10.0.0.1"))

    with pytest.raises(TooManyTriesError):
        people.join(code, Caller("10.0.0.1"))
    assert people.students() == []
    assert people.join(code, Caller("10.0.0.2"))[0] in people.students()


def test_joining_can_be_closed_and_opened(room: Room):
    people = room.school.people
    people.open_joining(False)
    with pytest.raises(AccessError, match="closed"):
        people.join(people.join_code())

    people.open_joining(True)

    assert people.join(people.join_code())[0].role == "student"


def test_a_full_class_says_so(room: Room, monkeypatch):
    monkeypatch.setattr("engine.classroom.people.MOST_STUDENTS", 1)
    people = room.school.people
    people.add()

    with pytest.raises(AccessError, match="full"):
        people.join(people.join_code())


def test_a_handle_with_capitals_signs_in_however_it_is_typed(room: Room):
    """Rosters of earlier versions kept capitals, and what is typed was made small."""
    person, pin = room.school.people.add()
    room.school.people._records.people.change({"person": person.person}, handle="Ada-L")

    for typed in ("Ada-L", "ada-l", " ADA-L "):
        assert room.school.people.enter(typed, f"{pin[:4]} {pin[4:]}").person == person.person


def test_old_pins_of_six_digits_still_open(room: Room):
    from engine.classroom.passphrase import hashed

    person, _ = room.school.people.add()
    room.school.people._records.people.change({"person": person.person}, pin_hash=hashed("123456"))

    assert room.school.people.enter(person.handle, "123456") == person


def test_the_limits_let_a_class_with_typing_errors_in():
    """300 people, one in ten mistypes once, within five minutes, behind one address."""
    wall, refused = Wall(), 0
    doors = Doors(wall)
    for at in range(300):
        wall.now += 1.0
        try:
            was_right = doors.knock("pin", Caller("10.0.0.1"), f"handle-{at}")
            if at % 10:
                was_right()
        except TooManyTriesError:
            refused += 1

    assert refused == 0
    assert OF_ADDRESS.free < OF_ALL.free
