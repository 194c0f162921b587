"""What the name of a column hints at, in several languages: a hint only, its cells decide."""

from __future__ import annotations

import re
from itertools import pairwise

TIME = frozenset(
    ["time", "timestamp", "datetime", "date", "ts", "t", "zeit", "datum", "uhrzeit", "zeitstempel", "tijd", "hora", "fecha", "heure", "horodatage", "ora", "data", "czas", "время", "дата", "时间", "日期", "時刻", "epoch", "unixtime", "utc", "elapsed", "seconds", "sec", "secs", "ms", "timestring", "eventtime", "zeitpunkt", "tid", "aika", "saat", "timeutc", "localtime"]
)
COUNTER = re.compile(
    r"(?i)^(#|index|idx|row|row_?(id|nr|no|number)|id|nr|no|n|unnamed:?_?\d*|record|recno|sample|lfd_?nr|column_\d+|seq|sequence|udi|"
    r"line_?no|pos|zeile|satz|num|número|nummer|lp|№|序号)\.?$"
)
MACHINE = frozenset(
    ["machine", "machineid", "asset", "assetid", "device", "deviceid", "equipment", "unit", "unitid", "line", "lineid", "turbine", "pump", "engine", "motor", "station", "plant", "maschine", "anlage", "gerät", "geraet", "aggregat", "linie", "máquina", "maquina", "equipo", "machineno", "macchina", "impianto", "appareil", "urządzenie", "maszyna", "машина", "станок", "设备", "机器", "host", "node", "vehicle", "truck", "well", "tank", "robot", "site", "location", "area", "cell", "zone", "compressor"]
)
NAME = frozenset(
    ["sensor", "sensorid", "sensorname", "signal", "channel", "variable", "parameter", "metric", "quantity", "measurement", "tag", "tagname", "varname", "item", "point", "pointid", "pointname", "name", "field", "attribute", "messstelle", "kanal", "größe", "groesse", "messgröße", "señal", "variablename", "capteur", "grandeur", "canal", "sensore", "segnale", "czujnik", "kanał", "датчик", "параметр", "测点", "传感器", "変数", "itemid", "topic", "nodeid", "characteristic", "feature", "kks"]
)
VALUE = frozenset(
    ["value", "val", "wert", "messwert", "valeur", "valor", "valore", "waarde", "wartość", "wartosc", "значение", "值", "値", "arvo", "värde", "værdi", "reading", "result", "varvalue", "data", "v", "y", "x", "measure", "measured", "amount", "number", "mesure", "lectura", "lettura", "lezing", "értek", "érték", "τιμή", "değer", "hodnota"]
)
QUALITY = frozenset(
    ["quality", "qual", "q", "qc", "validity", "valid", "isvalid", "flag", "flags", "qualität", "qualitaet", "güte", "guete", "gültig", "calidad", "validez", "qualité", "qualite", "validité", "qualità", "qualidade", "kwaliteit", "jakość", "качество", "достоверность", "质量", "品质", "品質", "laatu", "kvalitet", "kalite", "status", "statuscode", "good", "bad", "opcquality"]
)
GOOD_WORDS = frozenset(
    ["good", "ok", "okay", "valid", "gut", "gültig", "bon", "bonne", "bueno", "buena", "válido", "buono", "valido", "bom", "boa", "goed", "dobra", "dobry", "хорошо", "норма", "良好", "正常", "好", "true", "g", "hyvä", "god", "iyi", "jó", "καλή", "normal", "original", "raw", "measured", "(good)", "good[non-specific]"]
) | {"good (192)", "good, raw"}
BAD_WORDS = frozenset(
    ["bad", "invalid", "error", "uncertain", "questionable", "suspect", "substituted", "schlecht", "ungültig", "unsicher", "mauvais", "mauvaise", "invalide", "malo", "mala", "inválido", "cattivo", "ruim", "mau", "slecht", "zła", "zły", "плохо", "坏", "不良", "false", "b", "u", "missing", "notconnected", "stale", "frozen", "commfault", "sensorfault", "badinput", "huono", "dålig", "kötü", "rossz", "κακή", "lost", "offline"]
)
STATUS = frozenset(["maintenancestatus", "status", "state", "mode", "betriebsart", "zustand", "modus", "estado", "modo", "état", "stato", "tryb"])
LABEL = frozenset(
    ["anomaly", "anomalies", "anomalous", "anomaloustype", "outlier", "outliers", "label", "labels", "labeled", "attack", "attacks", "attacked", "fault", "faults", "faulty", "failure", "failures", "fail", "failed", "groundtruth", "truth", "gt", "target", "class", "classes", "changepoint", "intrusion", "malicious", "abnormal", "defect", "breakdown", "novelty", "isanomaly", "isfault", "isattack", "isoutlier", "anomalylabel", "anomalytype", "faulttype", "attacktype", "anomalie", "anomalien", "störung", "stoerung", "fehler", "fehlerhaft", "ausfall", "angriff", "klasse", "etikett", "anomalía", "anomalia", "falla", "fallo", "avería", "ataque", "clase", "etiqueta", "panne", "défaut", "defaut", "défaillance", "attaque", "classe", "étiquette", "guasto", "attacco", "etichetta", "storing", "afwijking", "aanval", "awaria", "anomalia", "atak", "etykieta", "авария", "сбой", "аномалия", "атака", "метка", "класс", "异常", "故障", "攻击", "标签", "類別", "異常", "fel", "avvik", "vika", "poikkeama", "arıza", "hiba"]
)
ANSWERS = frozenset(
    ["anomaly", "anomalous", "abnormal", "attack", "fault", "faulty", "failure", "failed", "outlier", "malicious", "defect", "defective", "anomalie", "fehler", "störung", "gestört", "angriff", "panne", "défaut", "anomalía", "anomalia", "falla", "fallo", "ataque", "guasto", "attacco", "awaria", "atak", "авария", "аномалия", "атака", "异常", "故障", "攻击", "異常", "broken", "leak", "bearing_failure", "oil_leak"]
)
NORMAL_WORDS = ("", "0", "0.0", "false", "no", "normal", "none", "nan", "benign", "ok", "-", "normalbetrieb", "normale", "норма", "正常", "nein",
                "non", "healthy", "good", "gut", "nominal")  # fmt: skip
DATE_PARTS = {
    "year": ["year", "yr", "yyyy", "jahr", "année", "annee", "año", "ano", "anno", "jaar", "rok", "год", "年", "år", "vuosi", "yıl"],
    "month": ["month", "mon", "mm", "monat", "mois", "mes", "mês", "mese", "maand", "miesiąc", "месяц", "月", "måned", "kuukausi", "ay"],
    "day": ["day", "dd", "tag", "jour", "día", "dia", "giorno", "dag", "dzień", "день", "日", "päivä", "gün"],
    "hour": ["hour", "hr", "hh", "h", "stunde", "heure", "hora", "ora", "uur", "godzina", "час", "时", "時", "time", "tunti", "saat"],
    "minute": ["minute", "min", "mi", "mm", "minuto", "minuut", "minuta", "минута", "分", "dakika"],
    "second": ["second", "sec", "ss", "s", "sekunde", "seconde", "segundo", "secondo", "sekunda", "секунда", "秒", "saniye"],
    "doy": ["doy", "dayofyear", "julian", "jday", "yday", "yearday"],
}  # fmt: skip


def tokens_of(name: str) -> list[str]:
    """Return the words of a column's name, lower case: `attack_P1` is attack and p1, `isAnomaly` is is and anomaly."""
    parted = re.sub(r"(?<=[a-zß-ÿа-я])(?=[A-ZÀ-ÞА-Я])", " ", name.strip())
    return [word for word in re.split(r"[^\w]+|_+", parted.lower()) if word]


def hints_at(name: str, words: frozenset[str]) -> bool:
    """Tell whether the whole name, one of its words, or two of them together are among `words`."""
    tokens = tokens_of(name)
    pairs = [a + b for a, b in pairwise(tokens)]
    return "".join(tokens) in words or any(token in words for token in (*tokens, *pairs))


def is_named(name: str, words: frozenset[str]) -> bool:
    """Tell whether the name as a whole, numbers behind it left away, is among `words`."""
    return "".join(tokens_of(name)).rstrip("0123456789") in words
