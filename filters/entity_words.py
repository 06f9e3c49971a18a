"""Words that begin with a capital, or look like names, and are none; written for this project."""

from __future__ import annotations

#: Small words that stand inside a name: "Bank of England", "Lago de la Plata".
LINKS = frozenset(
    {
        "of", "of the", "de", "de la", "de las", "de los", "del", "di", "da", "do", "dos", "du",
        "van", "van der",
    }
)  # fmt: skip

_EVERYWHERE = """
ok ctrl shift alt tab esc enter
"""
_ENGLISH = """
a about above add after again all also although always among an and another any april are as at
august available average back be because before below between both but by can categories category
change check choose clear click close column columns content contents copy create data date
december default delete details displays do does double down during each edit either else enable
enter even every example february few field fields file find first following for format formats
friday from general get go has have he help her here his how however i if image images in insert
instead into is it its january july june language last learn left let like list make many march
may menu monday more most move much must name names new next no normal not note notes november now
october of off on once one only open option options or other our out over page pages parameters
press properties references related returns right row rows same saturday save second see select
selects september set sets settings she should show shows since so some sometimes specifies
specify standard start step styles such sunday table text than that the their them then there
therefore these they this those though through thursday thus tip to tools top tuesday two type
under unless until up use used uses using value values version view warning was we wednesday were
what when where whether which while who why will with within without yes you your
"""
_SPANISH = """
a abra abril abrir aceptar active además agosto ahora al algunas algunos ante antes aquí archivo
así aunque añadir cada cancelar cerrar como con consejo contenido copiar crea cualquier cuando de
debe define del desde después diciembre domingo donde dos editar el elija eliminar ella ellos en
enero entonces entre era es esa ese eso especifica esta estas este esto estos está existen febrero
formato fue guardar ha haga hasta hay herramientas incluir inserta insertar inserte introduzca
jueves julio junio la las le lo los lunes martes marzo mayo menú mientras miércoles muchos muestra
muy más necesita ni no nombre nos nota noviembre nuestra nuestro nuevo o octubre opciones para
pero personalizar por porque puede pueden pulse que quién se según seleccione septiembre si sin
sobre solo son su sugerencia sus sábado tal también tanto tiene tipo todas todo todos tras tres tu
un una unas unos use usted utilice vaya vea viernes y ya yo él
"""
_GERMAN = """
aber alle allem allen aller alles als am an auch auf aus bei beim bis da dabei dadurch damit
danach dann das dass dazu dem den denn der des deshalb die dies diese diesem diesen dieser dieses
doch dort du durch ein eine einem einen einer eines er es falls für gibt hat hier hinweis ich
ihnen ihr ihre ihrem ihren ihrer im in indem ist ja jede jedem jeden jeder jedes jedoch kann kein
keine klicken können man mehr mit nach nachdem nein nicht noch nur ob oder ohne sehr seit seite
sich sie siehe sind so sobald sollte somit sowie tipp um und uns unter vom von vor wählen während
wann warnung was weil wenn wer werden wie wir wird wo zu zum zur zwar zwischen über januar februar
märz april mai juni juli august september oktober november dezember montag dienstag mittwoch
donnerstag freitag samstag sonntag
"""
_VIETNAMESE = """
anh bao biết bài bạn bấm bất bằng bị bởi cho chúng chọn chỉ chị chứ có còn cả các cách cùng cũng
của do dùng dưới em gì giữa hay hiện hiển hoặc hãy hơn họ khi không khác là làm lúc lưu lại mà mỗi
mọi một mở muốn nào này nên nếu ngoài người ngày nhưng nhấn nhấp nhập như những nó ở phải qua ra
rằng rất sau sẽ số sử tạo tất tại tên theo thì thêm thế thể trang trong trên trước trừ tuy tùy tôi
tới từ vào và vì về vẫn với việc vui xem xoá xóa xác áp đang đây đã đó được đến để đặt định điều
đối đổi mặc chức tháng thứ năm ghi chú
"""
_JAPANESE = """
以下 必要 場合 全国 外国 各国 会社 都市 用語 言語 単語 一部 一覧 前述 以上 本国 帰国
入国 出国 他国 両国 同国 同社 当社 自社 本社 各社 国語 主語 述語 略語 敬語 物語 諸国
"""
_KOREAN = """
그것 이것 저것 여기 거기 저기 우리 저희 자기자신 이번 다음 여러가지 여러분 그동안
이때 그때 한가지 첫번째 두번째 세번째 마지막 아무것 때문 마찬가지 대부분 가운데 나머지
"""

#: Language -> words in lower case that are no entity alone, nor the end of one.
STOP_WORDS: dict[str, frozenset[str]] = {
    language: frozenset((words + _EVERYWHERE).split())
    for language, words in {
        "en": _ENGLISH,
        "es": _SPANISH,
        "de": _GERMAN,
        "vi": _VIETNAMESE,
        "ja": _JAPANESE,
        "ko": _KOREAN,
    }.items()
}
