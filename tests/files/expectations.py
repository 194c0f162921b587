# ruff: noqa: E501
"""What a person reads in each of the files of the review (../shared/cases/files); no row of them is in here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Expected:
    """What a file must be read as; what is None or empty is not checked.

    Parameters
    ----------
    clock
        Columns that make up the clock; () = there is none.
    begin, step_s
        The first time (ISO 8601, UTC) and the usual step.
    rows
        Rows (or readings, where each line holds one) that were read.
    ticks
        Instants of all machines together.
    sensors
        Their names; with `n_sensors` only how many.
    missing
        Readings that must be missing, by sensor: bad quality, sentinels, words.
    labels, left_out
        Columns kept out as answers, and columns that are neither clock nor reading.
    said
        Words that the problems must hold.
    refused
        Words of the refusal, where the file must be refused.
    fault
        First and last instant (0-based, in the machine's order) of the fault; None = there is none to find.
    """

    clock: tuple[str, ...] | None = None
    begin: str = ""
    step_s: float | None = None
    rows: int | None = None
    ticks: int | None = None
    sensors: tuple[str, ...] = ()
    n_sensors: int | None = None
    units: tuple[str, ...] = ()
    n_machines: int = 1
    missing: tuple[tuple[str, int], ...] = ()
    labels: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    refused: str = ""
    fault: tuple[int, int] | None = None


NEW_YEAR = "2026-01-05T00:00:00"
SHORT, LONG_1500, LONG_2000, LONG_3000 = (192, 203), (1200, 1229), (1600, 1629), (2400, 2429)


def _plain(clock: str = "timestamp", sensors: tuple[str, ...] = ("temp", "press"), **rest: object) -> Expected:
    """Return the commonest file: 240 rows every ten seconds, a fault in rows 192 to 203."""
    usual: dict[str, object] = {
        "clock": (clock,),
        "begin": NEW_YEAR,
        "step_s": 10.0,
        "rows": 240,
        "ticks": 240,
        "sensors": sensors,
        "fault": SHORT,
    }
    return Expected(**{**usual, **rest})  # type: ignore[arg-type]


def _long(
    rows: int, fault: tuple[int, int] | None, sensors: tuple[str, ...] = ("temp", "press"), **rest: object
) -> Expected:
    return _plain(**{"rows": rows, "ticks": rows, "fault": fault, "sensors": sensors, **rest})  # type: ignore[arg-type]


FILES: dict[str, Expected] = {
    "01-wincc-datalog.csv": _plain("TimeString", ("P7_Temp", "P7_Press", "P7_Vib"), rows=722, missing=(("P7_Temp", 2), ("P7_Vib", 2)), left_out=("Time_ms",), said=("$RT_COUNT$", "Validity marks 7")),
    "03-pi-wide-states.csv": _plain("Timestamp", ("P7:TT101.PV", "P7:PT102.PV", "P7:VT103.PV"), missing=(("P7:TT101.PV", 6), ("P7:PT102.PV", 4), ("P7:VT103.PV", 5)), said=("Bad Input", "No Data")),
    "04-ignition-dataset.csv": _plain("t_stamp", ("P7/Temp", "P7/Press", "P7/Running"), said=("0 and 1: P7/Running",)),
    "08-influx-annotated.csv": _plain("_time", ("temp", "press"), rows=480, left_out=("_start", "_stop", "table"), said=("header again",)),
    "09-grafana-formatted.csv": _plain("Time", ("Temperature", "Pressure"), units=("°C", "bar")),
    "13-hai.csv": _plain("time", ("P1_B2004", "P1_FT01", "P1_LIT01", "P1_PIT01", "P2_SIT01"), step_s=1.0, labels=("attack", "attack_P1", "attack_P2", "attack_P3")),
    "15-cmapss-fd001.txt": Expected(clock=None, step_s=1.0, rows=240, ticks=240, n_sensors=12, n_machines=3),
    "17-metropt3.csv": _plain("timestamp", ("TP2", "TP3", "H1", "DV_pressure", "Reservoirs", "Oil_temperature", "Motor_current", "COMP", "DV_eletric", "Towers", "MPG", "LPS", "Pressure_switch", "Oil_level", "Caudal_impulses"), left_out=("column_1",)),
    "18-greenbyte-kelmarsh.csv": _plain("Date and time", ("Wind speed", "Wind speed, Maximum", "Power", "Gear oil temperature"), step_s=600.0, units=("m/s", "m/s", "kW", "°C"), missing=(("Power", 6),)),
    "22-ai4i.csv": Expected(clock=(), step_s=1.0, rows=240, ticks=240, sensors=("Air temperature", "Process temperature", "Rotational speed", "Torque", "Tool wear"), units=("K", "K", "rpm", "Nm", "min"), labels=("Machine failure", "TWF", "HDF", "PWF", "OSF", "RNF"), left_out=("UDI", "Product ID", "Type"), fault=SHORT),
    "23-secom.data": Expected(clock=(), step_s=1.0, rows=240, ticks=240, n_sensors=40, missing=(("column_1", 18),), fault=SHORT),
    "24-hydraulic-ps1.txt": Expected(clock=(), step_s=1.0, rows=240, ticks=240, n_sensors=60, said=("may be a cycle",), fault=SHORT),
    "25-campbell-toa5.dat": _plain("TIMESTAMP", ("AirTemp_C", "RH", "WindSpeed_ms"), step_s=60.0, units=("Deg C", "%", "m/s"), left_out=("RECORD",)),
    "27-seconds-since-1904.csv": _plain("time", begin="2026-01-05T00:00:00.250", said=("1904",)),
    "28-hobo.csv": _plain("Date Time, GMT+01:00", ("Temp", "RH"), begin="2026-01-04T23:00:00", step_s=300.0, units=("°C", "%"), left_out=("#", "Host Connected", "End Of File"), said=("choose which",)),
    "29-panasonic-7-headers.csv": Expected(clock=("Date", "Time"), begin=NEW_YEAR, step_s=10.0, rows=240, ticks=240, sensors=("tank_level", "pump_speed", "motor_temp"), units=("mm", "rpm", "°C"), fault=SHORT),
    "30-clock-goes-back.csv": _plain(begin="2025-10-26T00:00:00", step_s=300.0, said=("went back one hour at line 38",)),
    "31-clock-goes-back-offset.csv": _plain(begin="2025-10-25T22:00:00", step_s=300.0),
    "32-newline-in-header.csv": _plain("timestamp", ("Temperature", "Pressure"), units=("°C", "bar")),
    "33-sentinels.csv": _plain("timestamp", ("temp", "press", "vib", "flow"), missing=(("temp", 4), ("press", 3), ("vib", 4), ("flow", 4)), said=("-999 comes twice in temp", "-9999", "9999", "65535", "32767", "1.#QNAN")),
    "34-switches.csv": _plain("timestamp", ("temp", "pump_running", "heater", "valve"), said=("0 and 1: pump_running, heater, valve",), fault=(200, 203)),
    "35-epoch-ms-scientific.csv": Expected(clock=("time_ms",), step_s=1.0, rows=240, ticks=240, sensors=("temp", "press"), said=("rounded by a spreadsheet", "export them again"), fault=SHORT),
    "36-decimal-comma-unquoted.csv": Expected(refused="3 names but 5 fields"),
    "37-whole-lines-quoted.csv": _plain(said=("quotation marks",)),
    "38-header-again-and-footer.csv": _plain(said=("header again", "footer")),
    "39-wide-200.csv": _plain("timestamp", (), n_sensors=199, left_out=("S199",), said=("40 columns never change", "S199 is empty")),
    "40-three-rates.csv": _plain("timestamp", ("vib", "temp", "oil_ppm"), step_s=1.0, rows=960, ticks=960, said=("last value is held",), fault=(768, 815)),
    "41-quality-columns.csv": _plain("timestamp", ("TT101", "PT102"), missing=(("TT101", 10), ("PT102", 5))),
    "42-long-with-quality.csv": _plain("timestamp", ("P7/Temp", "P7/Press", "P7/Mode"), rows=326, said=("marks 10 readings",)),
    "46-transposed.csv": _plain("time", ("temp", "press", "vib"), said=("on its side",)),
    "49-half-day-clock.csv": _plain("Time", begin="1970-01-01T23:40:00"),
    "50-azure-pdm.csv": Expected(clock=("datetime",), begin=NEW_YEAR, step_s=3600.0, rows=240, ticks=240, sensors=("volt", "rotate", "pressure", "vibration"), n_machines=3, said=("month first",)),
    "51-readings.parquet": _plain("ts", ("temp",), fault=None),
    "52-readings.jsonl": _plain("ts"),
    "53-readings.csv.gz": _plain("timestamp", ("temp",)),
    "54-workbook.xlsx": Expected(refused="workbook cannot be read"),
    "55-line-protocol.txt": _plain("time"),
    "56-weka.arff": Expected(clock=(), step_s=1.0, rows=240, ticks=240, sensors=("temp", "press"), labels=("class",), fault=SHORT),
    "57-us-short-year.csv": _plain("Date/Time", step_s=600.0),
    "58-date-and-half-day-clock.csv": Expected(clock=("Date", "Time"), begin="2026-01-05T10:00:00", step_s=60.0, rows=240, ticks=240, sensors=("temp", "press"), fault=SHORT),
    "59-three-rates-long.csv": _plain("timestamp", ("vib", "temp", "oil_ppm"), step_s=1.0, rows=6000, ticks=6000, said=("last value is held",), fault=(4800, 4859)),
    "61-long-tagname.csv": _plain("DateTime", ("TT101", "PT102", "ST103"), rows=6000, ticks=2000, fault=LONG_2000),
    "62-long-sensor.csv": _plain("timestamp", ("TT101", "PT102", "ST103"), rows=6000, ticks=2000, fault=LONG_2000),
    "63-quality-columns-long.csv": _long(2000, None, ("TT101", "PT102"), missing=(("TT101", 30),)),
    "64-minus-999-long.csv": _long(2000, LONG_2000, missing=(("temp", 21),), said=("-999 comes 21 times",)),
    "65-label-leak-long.csv": _plain("time", ("P1_FT01", "P1_LIT01"), step_s=1.0, rows=2000, ticks=2000, labels=("attack_P1",), fault=None),
    "66-one-sparse-sensor.csv": _long(3000, LONG_3000, ("temp", "press", "lab_ph"), said=("lab_ph",)),
    "67-constant-columns.csv": _long(3000, LONG_3000, ("temp", "setpoint", "stuck"), said=("never change",)),
    "69-old-mac-line-ends.csv": _long(1500, LONG_1500),
    "70-trailing-commas.csv": _long(1500, LONG_1500),
    "72-on-change-float-epoch.csv": _plain("ts", ("temp",), begin="2026-01-05T00:00:01", step_s=5.0, rows=1500, ticks=1500, fault=LONG_1500),
    "73-one-column-no-header.csv": Expected(clock=(), step_s=1.0, rows=1500, ticks=1500, sensors=("column_1",), fault=LONG_1500),
    "74-constant-stretches.csv": _long(1500, None, ("level",)),
    "76-three-header-lines.csv": _long(1500, LONG_1500, ("TT101", "PT102"), units=("°C", "bar")),
}  # fmt: skip
