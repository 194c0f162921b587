"""Apache Kafka, as Java archives: fetched by Maven from Maven Central by name, into a cache folder outside the tree."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import uuid
from pathlib import Path

from engine.errors import LabError

POM = Path(__file__).resolve().parents[3] / "data" / "kafka_broker" / "pom.xml"


def classpath() -> str:
    """Return the Java class path of the broker, fetched through Maven when it is not in the cache yet.

    Raises
    ------
    LabError
        When Java or Maven is missing, or Maven cannot fetch it.
    """
    if shutil.which("java") is None:
        raise LabError(
            "Apache Kafka needs Java; install a JDK, 17 or newer, or run `python -m engine broker` without --apache."
        )
    folder = _cache()
    noted = folder / f"classpath-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}.txt"
    if not noted.exists() or not all(Path(jar).exists() for jar in noted.read_text().split(os.pathsep)):
        _fetch(folder, noted)
    return noted.read_text().strip()


def version_of(jars: str) -> str:
    """Return the version of Apache Kafka on a class path, such as 4.1.0."""
    jar = next(Path(jar) for jar in jars.split(os.pathsep) if Path(jar).name.startswith("kafka_2.13-"))
    return jar.stem.removeprefix("kafka_2.13-")


def _fetch(folder: Path, noted: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise LabError(
            "Apache Kafka is fetched by Maven the first time; install Maven (the command mvn), or use Docker."
        )
    folder.mkdir(parents=True, exist_ok=True)
    fresh = noted.with_suffix(f".{uuid.uuid4().hex}")
    goal = ("dependency:build-classpath", f"-Dmdep.outputFile={fresh}", f"-Dmaven.repo.local={folder / 'repository'}")
    done = subprocess.run([maven, "-q", "-B", "-f", str(POM), *goal], capture_output=True, text=True, check=False)
    if done.returncode != 0 or not fresh.exists():
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), done.stderr[-200:])
        raise LabError(f"Maven could not fetch Apache Kafka; is Maven Central reached from here? It said: {said:.300}")
    fresh.replace(noted)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "faultlab" / "kafka"
