"""One gold, the forms in which people, LaTeX and programs write it, and its near misses.

Written for this project, after what the seed datasets hold and what Python, numpy and sympy print.
"""

import pytest

from ultrainteract.verify import exact, math
from ultrainteract.verify.finding import Finding

FORMS: list[tuple[str, list[str], list[str]]] = [
    # integers, thousands separators, currency
    ("1450", ["1450.0", "1,450", "1 450", "1_450", "$1450$", r"1,\!450", "1450 apples", "x = 1450",
              r"\boxed{1450}", "np.int64(1450)", "1.45e3", "1.45 x 10^3", "Answer: 1450", "[1450]",
              r"1{,}450", "+1450", "1450 (apples)", r"1,\! 450",
              "1450th", r"1450^{\mathrm{th}} day"],
     ["1451", "-1450", "14500", "145", "1.450", "(1450, 1)", "x = 1451", "1,540"]),
    (r"\$1,234.50", ["1234.5", "$1234.50", "1,234.50 dollars", "1234.50 USD", "1,234.50$"],
     ["1234", "1234.6", "123450"]),
    ("1000000", ["1 million", "1,000,000", "10^6", "10**6", "1e6"], ["1000", "10^7"]),
    ("21", ["twenty-one", "21 years"], ["twenty-two", "12"]),
    # units, degrees, percent
    (r"5\text{ cm}^2", ["5", "5 cm^2", "5 square cm", "5 sq cm", "5cm^2"], ["6", "25 cm^2"]),
    (r"12\text{ gm}", ["12 gm", "12 grams", "12"], ["13 gm"]),
    (r"145^\circ", ["145", "145°", "145 degrees", r"145^{\circ}", "145 deg"], ["146", "145.5"]),
    (r"20\%", ["20%", "20", "0.2", "20 percent", "20 pct", "20 percentage", r"\frac{1}{5}"],
     ["2", "21%", "200", "21 pct"]),
    ("7.25", ["7.25€", "€7.25", "7.25 euros"], ["7.52€"]),
    # fractions, mixed numbers, repeating decimals
    (r"\frac43", ["4/3", r"\dfrac{4}{3}", "1 1/3", r"1\frac13", "Fraction(4, 3)", "8/6",
                  "1.3333333333333333", r"1.\overline{3}", "Rational(4, 3)", "x = 4/3"],
     ["3/4", "-4/3", "5/3", "1.4", "Fraction(4, 5)", r"1.\overline{4}"]),
    (r"3\frac{1}{2}", ["7/2", "3.5", "3 1/2", "3+1/2"], ["3/2", "31/2", "3 1/3"]),
    ("2.74", ["2.740", "274/100"], ["2.75", "27.4"]),
    ("6.46", [r"\dfrac{84}{13}"], [r"\dfrac{84}{19}"]),
    (r"41.4\%", [r"\sqrt{2}-1"], [r"\sqrt{3}-1"]),
    (r"6.67\%", [r"\frac{1}{15}"], [r"\frac{1}{14}", "0.07"]),
    # roots, powers, logarithms
    (r"4\sqrt5", [r"4\sqrt{5}", "4*sqrt(5)", "4√5", "8.94427190999916", "sqrt(80)", "80**0.5",
                  "4*5**(1/2)", "np.sqrt(80)", "4*math.sqrt(5)"],
     [r"4\sqrt{3}", "45", "-4*sqrt(5)", "8.95", r"5\sqrt{4}", "np.sqrt(5)"]),
    (r"\sqrt[3]{2}", ["2^(1/3)", "cbrt(2)", "root(2, 3)"], ["2^(1/2)", r"\sqrt{2}"]),
    (r"\frac{\pi}{6}", ["pi/6", "np.pi/6", "math.pi/6", r"30^\circ"], ["pi/3", r"60^\circ"]),
    (r"\log_2 8", ["3", "log2(8)", "log(8, 2)", "log(8)/log(2)"], ["2", "log(8)"]),
    (r"3.54 \times 10^{-7}", ["3.54e-07", "3.54e-7", "3.54*10**-7"], ["3.54e-06", "0", "-3.54e-7"]),
    (r"2\ln 3", [r"2 \log{\left(3 \right)}", "2*log(3)", "log(9)"], [r"2 \log{\left(2 \right)}"]),
    (r"\operatorname{cis} 60^\circ", [r"\frac{1}{2} + \frac{\sqrt{3}}{2}i", "(1 + sqrt(3)*I)/2"],
     [r"\frac{1}{2} - \frac{\sqrt{3}}{2}i", r"\operatorname{cis} 30^\circ"]),
    (r"\frac{d!}{2k}", ["factorial(d)/(2*k)", r"\dfrac{d!}{2 k}"], [r"\frac{d!}{k}"]),
    # what a program took for an escape
    ("\frac{1}{8}-1", [" rac{1}{8} - 1", "-7/8"], ["7/8"]),
    # sets, lists, plus-minus
    (r"\pm 3", ["3, -3", "{-3, 3}", "±3", "x = 3 or x = -3", "-3 and 3", "[-3, 3]"], ["3", "-3"]),
    ("2,6", ["{6, 2}", r"\{2, 6\}", "6 and 2", r"2 \text{ and } 6", "[2, 6]", "x=2, x=6",
             "[{x: 2}, {x: 6}]", "\u2461\u2465", "x_1 = 2, x_2 = 6", "dict_values([2, 6])"],
     ["2", "2, 6, 17", "26", "[2, 7]", "\u2461\u2464"]),
    # points, tuples, dicts
    ("(1,2)", ["(1, 2)", "(1.0, 2.0)", r"\left(1,2\right)", "x=1, y=2", "{x: 1, y: 2}",
               "{'x': 1, 'y': 2}", "(x, y) = (1, 2)", "Point2D(1, 2)", "<1, 2>",
               r"\langle 1, 2 \rangle", "Matrix([[1], [2]])"],
     ["(2, 1)", "(1, 3)", "1", "(1, 2, 3)"]),
    # intervals, unions, inequalities
    (r"(2,3)", ["2 < x < 3", "(2 < x) & (x < 3)", "And(x > 2, x < 3)", "Interval.open(2, 3)",
                "x > 2 and x < 3", r"x \in (2,3)"],
     ["2 < x <= 3", "(2, 4)", "(2 < x) & (x <= 3)"]),
    (r"(-\infty,-1)\cup(2,\infty)",
     ["((-oo < x) & (x < -1)) | ((2 < x) & (x < oo))", "Or(x < -1, x > 2)", "x < -1 or x > 2",
      "(2, oo) U (-oo, -1)", "Union(Interval.open(-oo, -1), Interval.open(2, oo))",
      "(-inf, -1) \u222a (2, inf)"],
     ["x < -1", r"(-\infty,-1]\cup(2,\infty)", "Or(x < -1, x > 3)", "And(x < -1, x > 2)",
      r"(-\infty,-1)\cap(2,\infty)"]),
    (r"|x| \le 2", ["[-2, 2]", "-2 <= x <= 2"], ["[0, 2]", "(-2, 2)", "x <= 2"]),
    (r"1 < |x| \le 2", [r"[-2,-1) \cup (1,2]"], ["(1, 2]", r"[-2,-1] \cup [1,2]"]),
    (r"x \le -2 \text{ or } x = 1", [r"(-\infty,-2] \cup \{1\}"],
     [r"(-\infty,-2]", r"(-\infty,1]"]),
    (r"\mathbb{R}\setminus\{2\}", ["R \\ {2}", r"(-\infty,2)\cup(2,\infty)", "x != 2",
                               "all real numbers except 2", "all reals other than 2"],
     [r"\mathbb{R}", r"(-\infty,2)", "all real numbers except 3"]),
    (r"\mathbb{R}", ["all real numbers", r"(-\infty,\infty)", "Reals", "(-oo, oo)"], ["(0, oo)"]),
    (r"\emptyset", ["EmptySet", "[]", "no solution"], []),
    # matrices
    (r"\begin{pmatrix} 6 & 0 \\ 12 & 6 \end{pmatrix}",
     ["[[6 0]\n [12 6]]", "[[ 6  0]\n [12  6]]", "[[6, 0], [12, 6]]", "Matrix([[6, 0], [12, 6]])",
      "array([[ 6.,  0.],\n       [12.,  6.]])", "[[6. 0.]\n [12. 6.]]",
      r"\begin{bmatrix}6&0\\12&6\end{bmatrix}", "tensor([[6., 0.], [12., 6.]])",
      "array([[6, 0], [12, 6]], dtype=int64)"],
     ["[[6 12]\n [0 6]]", "[[6 0]\n [12 7]]", "[6 0 12 6]", "Matrix([[6, 0], [12, 5]])"]),
    (r"\begin{pmatrix} 3 & 5 \end{pmatrix}",
     [r"\begin{pmatrix} 1 & 2 \end{pmatrix} + \begin{pmatrix} 2 & 3 \end{pmatrix}"],
     [r"\begin{pmatrix} 1 & 2 \end{pmatrix} - \begin{pmatrix} 2 & 3 \end{pmatrix}"]),
    (r"\begin{pmatrix} 1 \\ 4 \\ 3 \end{pmatrix}",
     ["[1 4 3]", "[[1.]\n [4.]\n [3.]]", "[1, 4, 3]", "(1, 4, 3)", "Matrix([[1], [4], [3]])"],
     ["[1 4 4]", "[4 1 3]", "[1 4]", "[[1.]\n [4.]\n [2.]]"]),
    (r"\begin{pmatrix} 1/5 & 4/5 \\ 0 & 1 \end{pmatrix}",
     ["[[0.2 0.8]\n [0.  1. ]]", "[[1/5 4/5]\n [0 1]]",
      "[[Fraction(1, 5) Fraction(4, 5)]\n [Fraction(0, 1) Fraction(1, 1)]]"],
     ["[[0.2 0.9]\n [0.  1. ]]"]),
    # complex numbers, infinities, wrappers
    ("1+2i", ["1 + 2*I", "(1+2j)", "complex(1, 2)", "2i + 1", "mpc(real='1.0', imag='2.0')"],
     ["1-2i", "2+i", "mpc(real='1.0', imag='-2.0')"]),
    (r"\infty", ["oo", "inf", "float('inf')", "infinity", "infinitely many"], ["-oo", "10"]),
    ("3.5", ["mpf('3.5')", "Decimal('3.5')", "np.float64(3.5)"], ["mpf('3.6')"]),
    # expressions and equations
    ("x^2-1", ["(x-1)*(x+1)", "x**2 - 1", "Poly(x**2 - 1, x, domain='ZZ')", "-1+x²"],
     ["x^2+1", "y^2-1", "x^2-2", "x^3-1"]),
    ("y=3x+2", ["Eq(y, 3*x + 2)", "3x+2", "3*x - y + 2 = 0", "y - 3*x = 2"],
     ["y=2x+3", "y = 3x + 3", "Eq(y, 3*x - 2)"]),
    ("f(x)=2x+1", ["f(z)=2z+1", "f(t) = 1 + 2t", r"f(x) = 2x+1 \text{ for all } x \in \mathbb{R}"],
     ["f(z)=2z-1", "f(z) = 2x+1", "g(z)=2z+1", "2z+1"]),
    ("2x+3y=6", ["2 - 2x/3", "y = 2 - 2*x/3", "3 - 3y/2"], ["2 + 2x/3", "6", "2 - 2x", "0"]),
    ("xy = 6", ["6/x", "y = 6/x", "xy=6"], ["6", "-6/x", "6x", "x/6", "y = -6/x", "z = 6/x"]),
    (r"\rho\sin\theta = \sqrt{3}", [r"\sqrt{3}\csc\theta"], [r"\sqrt{3}", r"\sqrt{3}\sin\theta"]),
    ("x^2+y^2=25", ["y^2 = 25 - x^2"], ["25", r"\sqrt{25-x^2}"]),
    (r"\sqrt{3} \approx 1.732", [r"\sqrt{3}", "1.732", "3/sqrt(3)"],
     ["1.73", "1.742", r"\sqrt{2}"]),
    (r"x = \frac{5}{3} \approx 1.667", ["5/3", "x = 5/3"], ["3/5", "1.7"]),
    ("10^{40} + x", ["x + 10**40"], ["10^{40} + 2x", "10^{40}"]),
    ("y + 10^{40} = 0", ["2y + 2*10**40 = 0"], ["2y + 10^{40} = 0"]),
    ("|AB|=7", ["7", "AB = 7"], ["-7", "8"]),
    ("AB=5, AC=6", ["AC=6, AB=5", "5, 6"], ["AC=5, AB=6", "6, 5", "AB=5"]),
    ("f(a)=5", ["5"], ["f(b)=5", "f(a)=6"]),
    (r"\frac{NO}{BO}=\frac{1}{\sqrt{6}}", [r"\frac{\sqrt{6}}{6}"], [r"\sqrt{6}"]),
    ("A:B=2", ["2"], ["3", "1/2"]),
    ("12", ["f(3) = 12", "P(4) = 12"], ["f(12) = 3", "f(3) = 11"]),
    ("x = 1, -2, 3", ["3, -2, 1", "x=1, x=-2, x=3"], ["1, 2, 3", "1, -2"]),
    ("(1,2), (3,4)", ["(3,4), (1,2), (3,4)"], ["(1,2), (1,2)", "(2,1), (3,4)"]),
    (r"k\pi", [r"n\pi", r"m\pi, m \in \mathbb{Z}"], [r"2n\pi", r"k\pi/2"]),
    (r"(3+2x, 5-x)", [r"(3 + 2t, 5 - t) \text{ for some integer } t"],
     [r"(3 + 2t, 5 + t) \text{ for some integer } t"]),
    (r"2k+1, k \in \mathbb{Z}", [r"2n+1 \text{ where } n \text{ is an integer}"], ["2n"]),
    # bases, times, dates, ratios, words
    ("10110_2", ["10110_{2}", "0b10110", r"10110_{\text{two}}", "10110 (base 2)", "10110 base 2"],
     ["10111_2", "0b10111"]),
    (r"3\!:\!30\text{ p.m.}", ["3:30 PM", "3:30 p.m.", "3:30pm", "15:30"],
     ["3:30 a.m.", "3:31 p.m.", "4:30 PM"]),
    (r"\text{June 20}", ["June 20", "june 20", "20 June", '"June 20"', "June 20th"],
     ["June 21", "July 20", "20"]),
    ("3:4", ["3 : 4", "3 to 4", "3/4"], ["4:3", "4 to 3", "3:5"]),
    (r"S_{MBCN}:S=7:32", ["7:32", "7 : 32"], ["32:7", "7:33"]),
    ("a ray, a circle", ["ray and circle", r"\text{A ray and a circle}"],
     ["ray", "a ray and a line"]),
    (r"\text{13}", ["13", r"\text{13}"], ["14"]),
    (r"\text{Evelyn}", ["Evelyn", "evelyn", '"Evelyn"', r"\textbf{Evelyn}", "Evelyn."],
     ["Evely", "Debra", "12"]),
]  # fmt: skip


def verdict(predicted: str, gold: str) -> Finding:
    return exact.decide(predicted, gold) or math.equal(predicted, gold)


@pytest.mark.parametrize(
    ("predicted", "gold"), [(form, gold) for gold, forms, _ in FORMS for form in forms]
)
def test_a_form_of_the_gold_is_correct(predicted: str, gold: str) -> None:
    assert verdict(predicted, gold).judgement == "correct"


@pytest.mark.parametrize(
    ("predicted", "gold"), [(miss, gold) for gold, _, misses in FORMS for miss in misses]
)
def test_a_near_miss_is_not_correct(predicted: str, gold: str) -> None:
    assert verdict(predicted, gold).judgement != "correct"


@pytest.mark.parametrize("gold", [gold for gold, _, _ in FORMS])
@pytest.mark.parametrize("dress", ["${}$", r"\boxed{{{}}}", " {} ", "{}."])
def test_the_gold_itself_is_correct_in_any_dress(gold: str, dress: str) -> None:
    assert verdict(dress.format(gold), gold).judgement == "correct"


@pytest.mark.parametrize(
    ("predicted", "gold"),
    [
        ("5 million", "5"),
        ("0.08002", "0.08"),
        ("14.14", r"10\sqrt{2}"),
        ("5 m", r"5\text{ cm}"),
        ("0, 5", "[0, 5]"),
        ("4:6", "2:3"),
        ("{'x': 2, 'y': 1}", "(1,2)"),
        ("f(-x)^2", "f(x)^2"),
        ("f(t) = 2x", "f(x) = 2x"),
    ],
)
def test_what_a_person_would_hesitate_over_is_never_called_wrong(predicted: str, gold: str) -> None:
    assert verdict(predicted, gold).judgement == "unverified"
