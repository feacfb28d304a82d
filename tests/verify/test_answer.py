import pytest

from ultrainteract.verify.answer import boxed, find, printed_answer


@pytest.mark.parametrize(
    ("solution", "gold"),
    [
        (r"so $x=\boxed{5}$, hence \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{\{1, \sqrt{2}\}}", r"\{1, \sqrt{2}\}"),
        (r"we get $\boxed 5$.", "5"),
        (r"\fbox{7}", "7"),
        ("no box here", None),
        (r"\boxed{3", "3"),
    ],
)
def test_the_gold_is_what_the_last_box_holds(solution: str, gold: str | None) -> None:
    assert boxed(solution) == gold


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"First \boxed{1}. No: $\boxed{2}$.", "2"),
        (r"$\boxed{(98, 2)} \quad \text{and} \quad \boxed{(99, 503)}$", "(98, 2), (99, 503)"),
        (r"\boxed{1} papers and \boxed{2} bins", "1, 2"),
        (r"$y_1 = \boxed{x} \) and \( y_2 = \boxed{2x} $", "x, 2x"),
        (r"We had $\boxed{1}$. Then $x=\boxed{2}$", "2"),
        ("5 apples\n#### 1,450", "1,450"),
        ("Step 1: add.\nAnswer: 12", "12"),
        ("The answer is 3.5 metres. I checked it.", "3.5 metres"),
        ("Final Answer: The final answer is $(0, 1)$. I hope it is correct.", "$(0, 1)$"),
        ("It is not A, therefore I think it's B", "B"),
        ("The correct option is (B) because A is false.", "B"),
        ("Final Answer: The volume of $ABCD$ is 120.", "120"),
        ("So $x > 5$ is the solution.", "x > 5"),
        ("Therefore, there are **42** apples.", "42 apples"),
        ("Answer\n\\[\n9\n\\]", "9"),
        ("Final Answer: 7. I hope it is correct.\n\nProblem: What is 2+2?\nAnswer: 4", "7"),
        (r"\boxed{5}<|im_end|> <|im_start|>assistant The answer is 5.", "5"),
        (r"\boxed{5}. I hope it is correct. No, wait: $\boxed{6}$.", ""),
        ("", ""),
    ],
)
def test_an_answer_is_found_where_its_author_marked_it(text: str, answer: str) -> None:
    assert find(text) == answer


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("", ""),
        ("checking 1\nchecking 2\n42\n", "42"),
        ("Answer: 7/3", "7/3"),
        ("The answer is: [1, 2]", "[1, 2]"),
        ("Total cost: 12.50", "12.50"),
        ("Matrix([\n[1, 2],\n[3, 4]])", "Matrix([ [1, 2], [3, 4]])"),
        ("debug (\n5", "5"),
        ("done\n[[6 0]\n [12 6]]", "[[6 0]  [12 6]]"),
        (r"\boxed{8}", "8"),
        ("x = 5", "x = 5"),
    ],
)
def test_a_program_answers_with_the_last_thing_it_prints(output: str, answer: str) -> None:
    assert printed_answer(output) == answer
