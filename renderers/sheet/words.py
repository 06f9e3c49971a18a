"""What is printed around a problem, by language: headings, labels, marks.

All of it is drawn and measured like the problem itself. A `{}` is filled by
`style.choose_style`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Subjects that a sheet can name, and words by which problems' own labels say them.
SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "math": ("math", "algebra", "geometry", "number", "prob", "calculus", "수학"),
    "physics": ("physic", "mechanics", "물리"),
    "chemistry": ("chem", "화학"),
    "biology": ("bio", "anatomy", "genetic", "생명", "생물"),
    "science": ("science", "astronom", "과학"),
    "language": ("literature", "korean", "국어", "grammar"),
    "english": ("english", "영어"),
    "history": ("history", "역사", "한국사"),
    "social": ("social", "econom", "geograph", "law", "politic", "사회"),
    "computing": ("comput", "program", "machine", "정보"),
    "logic": ("logic", "reason", "논리"),
    "general": (),
}


def subject_of(label: str) -> str:
    """The subject that a data set's own label means; `general` if it says none."""
    lowered = label.lower()
    for subject, words in SUBJECTS.items():
        if any(word in lowered for word in words):
            return subject
    return "general"


@dataclass(frozen=True)
class Words:
    """Everything that sheets say in one language."""

    #: By subject, in the order of SUBJECTS.
    subjects: Sequence[str]
    exams: Sequence[str]
    #: Of exams: what stands left and right of the subject.
    session: Sequence[str]
    booklet: Sequence[str]
    #: Labels of lines to fill in, on exams and on worksheets.
    fields: Sequence[str]
    names: Sequence[str]
    instructions: Sequence[str]
    #: At the end of an exam: what candidates are told.
    last_heading: str
    last_notes: Sequence[str]
    #: After a problem, with the points.
    points: Sequence[str]
    #: Names of a problem; a `{}` is its number.
    textbook: Sequence[str]
    chapters: Sequence[str]
    worksheets: Sequence[str]
    slides: Sequence[str]
    #: Titles of a chat, and what stands in its empty field.
    chats: Sequence[str]
    senders: Sequence[str]
    prompts: Sequence[str]
    #: Headings and dates of a notebook.
    notebooks: Sequence[str]
    dates: Sequence[str]
    #: Headings of the room for working and for the answer.
    working: Sequence[str]
    answer: str


WORDS: Mapping[str, Words] = {
    "ko": Words(
        subjects=("수학", "물리학", "화학", "생명과학", "과학", "국어", "영어", "역사", "사회",
                  "정보", "논리", "종합"),
        exams=("1학기 중간고사", "1학기 기말고사", "2학기 중간고사", "2학기 기말고사",
               "전국연합학력평가 문제지", "모의평가 문제지", "학업성취도 평가"),
        session=("제1교시", "제2교시", "제3교시", "제4교시"),
        booklet=("홀수형", "짝수형", "A형", "B형"),
        fields=("성명", "수험번호"),
        names=("날짜", "이름"),
        instructions=("다음 물음에 답하시오.", "물음에 알맞은 답을 구하시오.",
                      "다음을 읽고 물음에 답하시오."),
        last_heading="※ 확인 사항",
        last_notes=("답안지의 해당란에 필요한 내용을 정확히 기입(표기)했는지 확인하시오.",),
        points=("[{}점]",),
        textbook=("예제 {}", "유제 {}", "문제 {}", "확인 문제 {}", "연습 {}"),
        chapters=("단원 마무리", "스스로 확인하기", "생각을 키우는 문제", "개념 확인",
                  "실력 다지기"),
        worksheets=("{} 학습지", "{} 활동지", "{} 복습 문제", "오늘의 {} 문제", "{} 수행평가 대비"),
        slides=("오늘의 문제", "함께 풀어 봅시다", "생각해 봅시다", "형성평가", "확인 문제"),
        chats=("{} 질문방", "공부 모임", "오늘의 문제", "{} 스터디", "과외 선생님"),
        senders=("선생님", "민지", "준호", "서연", "지훈"),
        prompts=("메시지를 입력하세요", "답을 입력하세요", "메시지 보내기"),
        notebooks=("{} 오답 노트", "{} 공책", "오늘 공부한 문제", "복습", "다시 풀기"),
        dates=("3월 14일 목요일", "4월 2일 화요일", "6월 21일 금요일", "9월 9일 월요일",
               "11월 27일 수요일"),
        working=("풀이", "풀이 과정", "계산하는 곳"),
        answer="답",
    ),
    "en": Words(
        subjects=("Mathematics", "Physics", "Chemistry", "Biology", "Science", "Language Arts",
                  "English", "History", "Social Studies", "Computer Science", "Logic",
                  "General Studies"),
        exams=("Midterm Examination", "Final Examination", "Practice Test", "Unit Test",
               "Mock Examination"),
        session=("Section 1", "Section 2", "Paper 1", "Paper 2", "Part A"),
        booklet=("Form A", "Form B", "Version 1", "Version 2"),
        fields=("Name", "Class"),
        names=("Name", "Date"),
        instructions=("Answer the following question.", "Read the question and find the answer."),
        last_heading="Before you finish",
        last_notes=("Check that your name and your answers are entered correctly.",),
        points=("[{} points]", "({} marks)", "({} pts)"),
        textbook=("Example {}", "Exercise {}", "Problem {}", "Check {}", "Practice {}"),
        chapters=("Review Exercises", "Check Your Understanding", "Think It Through",
                  "Skills Practice", "Mixed Problems"),
        worksheets=("{} Worksheet", "{} Practice", "{} Homework", "{} Warm-up", "{} Review"),
        slides=("Problem of the day", "Let's solve it together", "Think about it", "Quick check",
                "Try this one"),
        chats=("Study group", "{} help", "Homework chat", "{} club", "Daily problem"),
        senders=("Teacher", "Emma", "Liam", "Noah", "Mia"),
        prompts=("Message", "Type your answer", "Write a message"),
        notebooks=("{} notes", "Homework", "To redo", "Practice", "Review"),
        dates=("Thu, March 14", "Tue, April 2", "Fri, June 21", "Mon, September 9",
               "Wed, November 27"),
        working=("Solution", "Working", "Show your work"),
        answer="Answer",
    ),
    "es": Words(
        subjects=("Matemáticas", "Física", "Química", "Biología", "Ciencias", "Lengua", "Inglés",
                  "Historia", "Ciencias Sociales", "Informática", "Lógica", "Cultura general"),
        exams=("Examen parcial", "Examen final", "Prueba de práctica", "Control de la unidad"),
        session=("Parte 1", "Parte 2", "Sección A", "Sección B"),
        booklet=("Modelo A", "Modelo B"),
        fields=("Nombre", "Grupo"),
        names=("Nombre", "Fecha"),
        instructions=("Responde a la siguiente pregunta.",
                      "Lee el enunciado y halla la respuesta."),
        last_heading="Antes de terminar",
        last_notes=("Comprueba que has escrito bien tu nombre y tus respuestas.",),
        points=("({} puntos)", "[{} puntos]"),
        textbook=("Ejemplo {}", "Ejercicio {}", "Problema {}", "Actividad {}"),
        chapters=("Ejercicios de repaso", "Comprueba lo aprendido", "Para pensar",
                  "Problemas variados"),
        worksheets=("Ficha de {}", "Repaso de {}", "Deberes de {}"),
        slides=("Problema del día", "¡A resolver!", "Para pensar", "Comprobación rápida"),
        chats=("Grupo de estudio", "Dudas de {}", "Problema del día"),
        senders=("Profesora", "Lucía", "Mateo", "Sofía"),
        prompts=("Mensaje", "Escribe tu respuesta"),
        notebooks=("Apuntes de {}", "Deberes", "Repaso"),
        dates=("Jueves, 14 de marzo", "Martes, 2 de abril", "Viernes, 21 de junio"),
        working=("Solución", "Desarrollo"),
        answer="Respuesta",
    ),
    "de": Words(
        subjects=("Mathematik", "Physik", "Chemie", "Biologie", "Naturwissenschaften", "Deutsch",
                  "Englisch", "Geschichte", "Sozialkunde", "Informatik", "Logik",
                  "Allgemeinwissen"),
        exams=("Klassenarbeit", "Klausur", "Probeklausur", "Abschlussprüfung"),
        session=("Teil 1", "Teil 2", "Teil A", "Teil B"),
        booklet=("Gruppe A", "Gruppe B"),
        fields=("Name", "Klasse"),
        names=("Name", "Datum"),
        instructions=("Beantworte die folgende Frage.", "Bearbeite die folgende Aufgabe."),
        last_heading="Vor der Abgabe",
        last_notes=("Prüfe, ob dein Name und deine Antworten richtig eingetragen sind.",),
        points=("({} Punkte)", "[{} Punkte]", "/ {} P."),
        textbook=("Beispiel {}", "Übung {}", "Aufgabe {}"),
        chapters=("Vermischte Aufgaben", "Teste dich", "Zum Nachdenken", "Wiederholung"),
        worksheets=("Arbeitsblatt {}", "Übungsblatt {}", "Hausaufgabe {}"),
        slides=("Aufgabe des Tages", "Zum Mitdenken", "Jetzt bist du dran", "Kurztest"),
        chats=("Lerngruppe", "Fragen zu {}", "Aufgabe des Tages"),
        senders=("Lehrerin", "Lena", "Jonas", "Finn"),
        prompts=("Nachricht", "Antwort eingeben"),
        notebooks=("{}heft", "Hausaufgaben", "Wiederholung"),
        dates=("Donnerstag, 14. März", "Dienstag, 2. April", "Freitag, 21. Juni"),
        working=("Lösung", "Rechnung"),
        answer="Antwort",
    ),
    "ja": Words(
        subjects=("数学", "物理", "化学", "生物", "理科", "国語", "英語", "歴史", "社会", "情報",
                  "論理", "総合"),
        exams=("中間考査", "期末考査", "実力テスト", "模擬試験", "単元テスト"),
        session=("第1問", "第2問", "大問1", "大問2"),
        booklet=("Aタイプ", "Bタイプ"),
        fields=("氏名", "番号"),
        names=("日付", "名前"),
        instructions=("次の問いに答えなさい。", "次の問題を解きなさい。"),
        last_heading="確認事項",
        last_notes=("氏名と解答が正しく記入されているか確認しなさい。",),
        points=("({}点)", "[{}点]"),
        textbook=("例題{}", "練習{}", "問{}", "確認問題{}"),
        chapters=("章末問題", "まとめの問題", "考えてみよう", "基本の確認"),
        worksheets=("{}プリント", "{}ワークシート", "{}の復習"),
        slides=("今日の問題", "考えてみよう", "やってみよう", "確認テスト"),
        chats=("勉強会", "{}の質問", "今日の問題"),
        senders=("先生", "美咲", "翔太", "結衣"),
        prompts=("メッセージを入力", "答えを入力"),
        notebooks=("{}ノート", "宿題", "復習"),
        dates=("3月14日(木)", "4月2日(火)", "6月21日(金)"),
        working=("解答", "計算"),
        answer="答え",
    ),
    "vi": Words(
        subjects=("Toán", "Vật lí", "Hóa học", "Sinh học", "Khoa học", "Ngữ văn", "Tiếng Anh",
                  "Lịch sử", "Xã hội", "Tin học", "Logic", "Tổng hợp"),
        exams=("Đề kiểm tra giữa kì", "Đề kiểm tra cuối kì", "Đề thi thử", "Đề kiểm tra 45 phút"),
        session=("Phần 1", "Phần 2", "Phần A", "Phần B"),
        booklet=("Mã đề 101", "Mã đề 102", "Mã đề 203"),
        fields=("Họ và tên", "Lớp"),
        names=("Họ và tên", "Ngày"),
        instructions=("Hãy trả lời câu hỏi sau.", "Đọc kĩ đề bài và tìm đáp án."),
        last_heading="Trước khi nộp bài",
        last_notes=("Kiểm tra lại họ tên và các câu trả lời của em.",),
        points=("({} điểm)", "[{} điểm]"),
        textbook=("Ví dụ {}", "Bài {}", "Bài tập {}"),
        chapters=("Ôn tập chương", "Luyện tập", "Em có biết suy luận?", "Bài tập tổng hợp"),
        worksheets=("Phiếu học tập môn {}", "Phiếu bài tập {}", "Ôn tập {}"),
        slides=("Bài toán hôm nay", "Cùng suy nghĩ", "Luyện tập", "Kiểm tra nhanh"),
        chats=("Nhóm học tập", "Hỏi đáp {}", "Bài tập hôm nay"),
        senders=("Cô giáo", "Minh", "Lan", "Hùng"),
        prompts=("Nhắn tin", "Nhập câu trả lời"),
        notebooks=("Vở {}", "Bài tập về nhà", "Ôn tập"),
        dates=("Thứ Năm, 14/3", "Thứ Ba, 2/4", "Thứ Sáu, 21/6"),
        working=("Bài giải", "Lời giải"),
        answer="Đáp số",
    ),
}  # fmt: skip
