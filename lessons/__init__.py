"""The course: one folder per lesson, data only, and what reads, runs and checks it.

A lesson folder holds `lesson.md` (the page), `lab.yaml` (predictions, experiments, exercises) and `quiz.yaml`. Nothing
in a folder can run: Markdown without HTML, YAML read safely, metrics and conditions from fixed lists.
"""
