# ruff: noqa: E501
"""Words of calendars and clocks in ten languages and more: months, weekdays, halves of the day, zones."""

from __future__ import annotations

import re

# English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish/Danish/Norwegian, Russian, Czech,
# Finnish, Turkish, Hungarian, Greek; abbreviations are cut from these.
MONTHS = (
    "january januar janvier enero gennaio janeiro januari stycznia styczeń январь января leden ledna tammikuu ocak január ιανουαριος ιανουαρίου jänner janv sty",
    "february februar février fevrier febrero febbraio fevereiro februari lutego luty февраль февраля únor února helmikuu şubat február φεβρουαριος φεβρουαρίου feber févr lut",
    "march märz maerz mars marzo março marco maart marca marzec март марта březen března maaliskuu mart március μαρτιος μαρτίου mrz mrt",
    "april avril abril aprile kwietnia kwiecień апрель апреля duben dubna huhtikuu nisan április απριλιος απριλίου avr abr kwi",
    "may mai mayo maggio maio mei maja maj май мая květen května toukokuu mayıs május μαιος μαΐου mag",
    "june juni juin junio giugno junho czerwca czerwiec июнь июня červen června kesäkuu haziran június ιουνιος ιουνίου giu cze",
    "july juli juillet julio luglio julho lipca lipiec июль июля červenec července heinäkuu temmuz július ιουλιος ιουλίου juil lug lip",
    "august août aout agosto augustus sierpnia sierpień augusti август августа srpen srpna elokuu ağustos augusztus αυγουστος αυγούστου sie ago",
    "september septembre septiembre settembre setembro września wrzesień сентябрь сентября září syyskuu eylül szeptember σεπτεμβριος σεπτεμβρίου sept set wrz sett",
    "october oktober octobre octubre ottobre outubro października październik октябрь октября říjen října lokakuu ekim október οκτωβριος οκτωβρίου okt ott out paź",
    "november novembre noviembre novembro listopada listopad ноябрь ноября marraskuu kasım νοεμβριος νοεμβρίου lis",
    "december dezember décembre decembre diciembre dicembre dezembro grudnia grudzień декабрь декабря prosinec prosince joulukuu aralık δεκεμβριος δεκεμβρίου dez dic gru déc",
)  # fmt: skip
WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim "
    "lunes martes miércoles jueves viernes sábado domingo mié jue vie sáb dom "
    "lunedì martedì mercoledì giovedì venerdì sabato domenica gio sab "
    "segunda terça quarta quinta sexta seg ter qua qui sex maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "
    "ma wo vr za zo poniedziałek wtorek środa czwartek piątek sobota niedziela pon wt śr czw pt sob ndz "
    "måndag tisdag onsdag torsdag fredag lördag söndag mån tis ons tor fre lör sön "
    "понедельник вторник среда четверг пятница суббота воскресенье пн вт ср чт пт сб вс 星期[一二三四五六日] 周[一二三四五六日]"
)
MORNING = r"a\.?\s?m\.?|上午|오전|午前|π\.?μ\.?|dop\.?|de\.|fm|öö"
EVENING = r"p\.?\s?m\.?|下午|오후|午後|μ\.?μ\.?|odp\.?|du\.|em|ös"
ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "bst": 60, "cet": 60, "mez": 60, "met": 60, "cest": 120, "mesz": 120,
    "eet": 120, "eest": 180, "msk": 180, "ist": 330, "jst": 540, "kst": 540, "aest": 600, "aedt": 660, "est": -300,
    "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "akst": -540, "hst": -600,
    "brt": -180, "sast": 120, "sgt": 480, "nzst": 720, "nzdt": 780,
}  # fmt: skip
FILLERS = r"uhr|klo|kl\.?|heures|hrs|hours|o'clock|um|at|г\.?|р\.?|à|alle|a las"


def _month_forms() -> tuple[str, ...]:
    """Return for each month one regex alternative of its names and their abbreviations, longest first."""
    names = [line.split() for line in MONTHS]
    owner: dict[str, set[int]] = {}
    for at, forms in enumerate(names):
        for form in forms:
            for cut in {form, form[:3], form[:4], form[:5]}:
                owner.setdefault(cut, set()).add(at)
    whole = {form: at for at, forms in enumerate(names) for form in forms}
    found: list[list[str]] = [[] for _ in names]
    for form, owners in owner.items():
        if len(form) < 3 and form.isascii():
            continue
        at = whole.get(form, next(iter(owners)) if len(owners) == 1 else -1)
        if at >= 0:
            found[at].append(form)
    return tuple("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)) for forms in found)


MONTH_FORMS = _month_forms()
WEEKDAY_FORMS = "|".join(sorted(WEEKDAYS.split(), key=len, reverse=True))
