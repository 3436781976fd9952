"""One writer of text tables for drawings, programs, comparisons and probes."""

from autograd.text import aligned


def test_columns_start_where_the_widest_cell_ends():
    assert aligned([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc  d"]
    assert aligned([("a", "bb"), ("ccc", "d")], right=(0, 1), gap=1) == ["  a bb", "ccc  d"]


def test_a_ruled_table_underlines_its_first_row():
    assert aligned([("n", "x"), ("10", "")], ruled=True) == ["n   x", "--  -", "10"]


def test_wide_and_combining_characters_count_as_they_are_seen():
    assert aligned([("重み", "a"), ("e\u0301", "b")]) == ["重み  a", "e\u0301     b"]


def test_words_from_right_to_left_turn_no_other_cell_around():
    assert aligned([("משקל", "1")]) == ["\u2068משקל\u2069  1"]


def test_no_rows_are_no_lines():
    assert aligned([]) == []
