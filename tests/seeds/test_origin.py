"""Keys of origin: the same problem in the typesetting of two datasets."""

import json

from ultrainteract.seeds.origin import origin_keys

STORY = (
    "Some watchmen guard every corner of an ancient castle while several travellers approach "
    "through heavy snow carrying lanterns together"
)


def keys(statement: str = "short", **more: str) -> list[str]:
    found: list[str] = json.loads(origin_keys(statement, **more))
    return found


def test_place_in_a_contest_is_read_from_links_and_names() -> None:
    url = "https://codeforces.com/problemset/problem/1041/E"
    assert keys(url=url) == keys(name="1041_E. Some Tree") == ["codeforces:1041/E"]
    assert keys(url="https://codeforces.com/contest/1041/problem/e") == ["codeforces:1041/E"]
    assert keys(name="p00042 A Thief") == ["judge:p00042"]
    assert keys(name="A Thief") == []


def test_wording_is_the_same_through_typesetting_and_after_it() -> None:
    one = keys(f"{STORY}, n ≤ 10^5.\n\nExamples\n\nInput\n\n1")
    other = keys(
        f"{STORY}, $n \\le 10^5$. [Image]\n\n-----Example-----\nInput\nsomething different"
    )
    assert one == other
    assert len(one) == 1
    assert keys(f"Nobody knows. {STORY}") != one


def test_few_words_are_no_key() -> None:
    assert keys("Print the sum of two numbers.") == []
