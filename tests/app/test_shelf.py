"""What tabs keep has one budget for all of them."""

from app.shelf import Shelf


def test_what_was_looked_at_longest_ago_is_let_go_first():
    shelf = Shelf(100)
    first, second = shelf.put("a", 40), shelf.put("b", 40)
    shelf.get(first)

    third = shelf.put("c", 40)

    assert [shelf.get(key) for key in (first, second, third)] == ["a", None, "c"]
    assert shelf.bytes == 80


def test_a_tabs_new_thing_takes_the_place_of_its_old_one():
    shelf = Shelf(100)
    key = ""
    for number in range(50):
        key = shelf.put(number, 60, key)

    assert shelf.get(key) == 49
    assert shelf.bytes == 60


def test_a_thing_larger_than_the_shelf_is_not_kept():
    shelf = Shelf(100)

    assert shelf.get(shelf.put("large", 101)) is None
    assert shelf.bytes == 0
