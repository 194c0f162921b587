# ruff: noqa: E501
"""Files that are no plain CSV: workbooks, Parquet, ARFF, annotated CSV, a table on its side, cycles."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import FileProblemError
from engine.reading.choices import Choices
from tests.engine.reading.strangers import Readings, csv_of, is_read, read

R = Readings(
    ["Druck", "Menge"], datetime(2026, 1, 5), 60, np.random.default_rng(4).normal([5.0, 200.0], [0.1, 3.0], (50, 2)).round(3)
)  # fmt: skip
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """Return a workbook of texts and numbers, as small as one can be."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        kinds = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{PACKAGE}/content-types">{kinds}</Types>')
        office = f'<Relationship Id="o" Type="{REL}/officeDocument" Target="xl/workbook.xml"/>'
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{office}</Relationships>')
        listed = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(sheets, 1))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>{listed}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="r{i}" Type="{REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'
        )
        for i, rows in enumerate(sheets.values(), 1):
            body = "".join(f"<row>{''.join(_cell(cell) for cell in row)}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/sheet{i}.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'
            )
    return out.getvalue()


def _cell(cell: object) -> str:
    return f"<c><v>{cell}</v></c>" if isinstance(cell, float) else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'


def _rows() -> list[list[object]]:
    body: list[list[object]] = [[f"{R.time(i):%Y-%m-%d %H:%M:%S}", *map(float, R.values[i])] for i in range(len(R))]
    return [["Bericht der Anlage"], [], ["Zeit", *R.names], *body]


def test_the_fullest_sheet_of_a_workbook_is_read_and_the_others_are_named() -> None:
    content = workbook({"Notizen": [["nichts"]], "Messung": _rows()})

    profile, table = read(content, name="a.xlsx")

    assert is_read(R, table)
    assert profile.lines[0] == 4
    assert any("2 sheets; Messung is read" in problem.text for problem in profile.problems)
    with pytest.raises(
        FileProblemError, match="no sheet with cells is called 'Blatt 9'; choose one of: Notizen, Messung"
    ):
        read(content, Choices(sheet="Blatt 9"))


@pytest.mark.parametrize("unit", ["us", "ms", "ns"])
def test_parquet_keeps_its_times(unit: str) -> None:
    out = io.BytesIO()
    moments = pa.array([R.time(i) for i in range(len(R))], pa.timestamp(unit))
    columns = {"t": moments, **{name: pa.array(R.values[:, at]) for at, name in enumerate(R.names)}}
    pq.write_table(pa.table({**columns, "list": pa.array([[1]] * len(R))}), out)

    assert is_read(R, read(out.getvalue())[1])


def test_arff_gives_names_and_keeps_its_class_out() -> None:
    rows = "".join(f"{a:.3f},{b:.3f},{'fault' if i > 45 else 'normal'}\n" for i, (a, b) in enumerate(R.values))
    head = "% made by hand\n@RELATION x\n@attribute Druck real\n@attribute 'Menge' numeric\n@attribute art {normal,fault}\n@data\n"

    profile, table = read(head + rows)

    assert is_read(R, table, times=False)
    assert [column.name for column in profile.of_role("label")] == ["art"]


def test_a_table_on_its_side_is_turned() -> None:
    lines = csv_of(R).splitlines()
    turned = "\n".join(",".join(column) for column in zip(*(line.split(",") for line in lines), strict=True))

    assert is_read(R, read(turned)[1])


def test_cycles_are_asked_about_and_read_when_told() -> None:
    wave = np.sin(np.arange(40) / 6)
    text = "\n".join("\t".join(f"{v:.3f}" for v in 150 + 8 * wave + n * 7 % 5 / 100) for n in range(30))

    profile, table = read(text)
    _, told = read(text, Choices(cycles=True))

    assert any("may be a cycle of one sensor, 40 samples long" in problem.text for problem in profile.problems)
    assert len(table.sensors) == 40
    assert (told.sensors, len(told.blocks[0])) == (("value",), 1200)


def test_a_zip_bomb_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (3 << 20))

    from engine.reading.container import contents_of_bytes
    from engine.reading.evidence import Notes

    with pytest.raises(FileProblemError, match="too large unpacked"):
        contents_of_bytes("a.zip", out.getvalue(), Choices(), Notes(), most=1 << 20)
