from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from renderers import Figure, Refused, parse_problem
from renderers.sheet import is_mentioned, is_table_mentioned, stated_place

#: Problems that cannot be solved without a figure.
WITH_A_FIGURE = [
    "그림과 같이 한 변의 길이가 4인 정사각형 ABCD가 있다.",
    "오른쪽 그림에서 각 x의 크기를 구하시오.",
    "다음 그래프는 어느 도시의 기온을 나타낸 것이다.",
    "아래 도형의 넓이를 구하시오.",
    "다음 그림은 세포의 구조를 나타낸 것이다. A의 이름은?",
    "위의 그래프를 보고 물음에 답하시오.",
    "함수 y=f(x)의 그래프가 그림과 같다.",
    "그림 1은 물의 상태를 나타낸다.",
    "In the figure below, AB = AC. Find angle B.",
    "As shown in the diagram, a ladder leans against a wall.",
    "The graph shown represents the speed of a car.",
    "What is the area of the shaded region in the figure?",
    "Use the following diagram to answer the question.",
    "The picture below shows three cats. How many more are there than dogs?",
    "Refer to Figure 2 and name the part.",
    "The triangle, shown at the right, has area 6.",
    "En la figura, el triángulo ABC es isósceles.",
    "Observa la siguiente gráfica y responde.",
    "¿Cuál es el área de la figura mostrada?",
    "In der Abbildung ist ein Dreieck zu sehen.",
    "Berechne die Fläche der nebenstehenden Figur.",
    "Die Abbildung zeigt einen Querschnitt.",
    "右の図のように、円Oがある。",
    "次の図形の面積を求めなさい。",
    "下のグラフは、ある町の人口を表している。",
    "Cho tam giác ABC như hình vẽ. Tính góc A.",
    "Quan sát hình và trả lời câu hỏi.",
    "Dựa vào biểu đồ sau, hãy cho biết năm nào nhiều nhất.",
]
#: Problems that speak of figures and need none.
WITHOUT = [
    "한 변의 길이가 3인 정삼각형 도형을 그리시오.",
    "함수 y = x^2의 그래프를 그리시오.",
    "다음 함수의 그래프의 개형을 그리시오.",
    "다음 그래프를 그리시오: y = 2x + 1",
    "미술관에 그림이 5점 있다. 그림 한 점의 값은 3만 원이다.",
    "그림자의 길이가 3 m일 때 나무의 높이를 구하시오.",
    "함수 y=f(x)의 그래프가 점 (1, 2)를 지난다.",
    "단위 도형의 개수를 세지 않는다.",
    "Figure out how many apples are left.",
    "Round the result to three significant figures.",
    "What is the number of significant figures in 0.0450?",
    "The graph of y = x^2 is shifted up by 3.",
    "Find the area of the region between the graph below the x-axis and the line y = 2.",
    "Draw the following figure: a square with side 3.",
    "She painted a picture of a house and sold it for $40.",
    "The graph is given by its edges (0, 1), (1, 2) and (2, 0).",
    "A map has a scale of 1 : 50000.",
    "Dibuja la figura que resulta al girar un cuadrado.",
    "Sea la función lineal cuya gráfica pasa por el origen.",
    "Gegeben ist die lineare Abbildung f mit f(x) = 2x.",
    "Fertige eine Skizze an und berechne den Umfang.",
    "図書館に本が300冊あります。",
    "正方形の図形をかきなさい。",
    "次の図をかけ。",
    "Cho hình vuông ABCD có cạnh 4 cm.",
    "Trong hình tròn tâm O bán kính 3, vẽ dây AB.",
]


@pytest.mark.parametrize("text", WITH_A_FIGURE)
def test_a_problem_that_needs_its_figure_is_refused_without_it(text):
    with pytest.raises(Refused) as refused:
        parse_problem(text)
    assert refused.value.reason == "figure_missing"
    assert refused.value.detail in text


@pytest.mark.parametrize("text", WITHOUT)
def test_a_problem_that_needs_no_figure_is_taken(text):
    assert is_mentioned(text) == ""


def test_a_problem_with_its_figure_is_taken():
    png = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(png, "PNG")
    figure = Figure(png.getvalue(), "a square")
    assert parse_problem("In the figure, find x.", figures=[figure]).figures == (figure,)
    assert figure.size() == (40, 30)
    assert figure.url().startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("오른쪽 그림에서 x를 구하시오.", "beside"),
        ("아래 그래프를 보고 답하시오.", "below"),
        ("As shown above, the car turns right.", "above"),
        ("The diagram shown at the right is a map.", "beside"),
        ("In the figure, the right angle is at C.", ""),
        ("右の図のように、円Oがある。", "beside"),
        ("Turn right.", ""),
    ],
)
def test_a_figure_stands_where_its_mention_says(text, place):
    assert stated_place(text) == place


def test_a_table_may_be_there_as_text():
    question = "다음 표는 학생 수를 나타낸 것이다. 모두 몇 명인가?"
    assert is_table_mentioned(question) == "다음 표"
    assert is_table_mentioned(f"{question}\n\n반 | 학생 수\n1반 | 20\n2반 | 25") == ""
    assert is_table_mentioned("Complete the following table of values for y = 2x.") == ""
    assert is_table_mentioned("Use the following table.") == "following table"


def test_no_problem_of_the_demo_is_taken_for_one_with_a_figure(samples):
    rows = (samples / "problems" / "problems.jsonl").read_text("utf-8").splitlines()
    problems = [json.loads(row)["problem"] for row in rows]
    assert len(problems) > 100
    assert [p for p in problems if is_mentioned(p) or is_table_mentioned(p)] == []


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_figure_that_is_no_picture_is_refused(data):
    with pytest.raises(Refused) as refused:
        Figure(data).url()
    assert refused.value.reason == "bad_figure"


def test_long_texts_are_searched_in_linear_time():
    assert is_mentioned("in the " * 20_000) == ""
    assert is_table_mentioned("a  " * 20_000) == ""
