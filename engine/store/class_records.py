"""Every table of the class, in the lab's database, and the truth of the class, in the vault's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.store.class_rows import Rows, create_tables

if TYPE_CHECKING:
    from engine.store.database import Database


class ClassRecords:
    """The tables that pages and grading work on; no truth among them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        create_tables(database, "class_schema.sql")
        self.settings = Rows(database, "class_settings", cached=True)
        self.people = Rows(database, "class_people", cached=True)
        self.epochs = Rows(database, "class_epochs", cached=True)
        self.tokens = Rows(database, "class_tokens", cached=True)
        self.assignments = Rows(database, "class_assignments", cached=True)
        self.variants = Rows(database, "class_variants", cached=True)
        self.submissions = Rows(database, "class_submissions")
        self.scores = Rows(database, "class_scores")
        self.marks = Rows(database, "class_marks")
        self.rules = Rows(database, "class_rules", cached=True)
        self.ended = Rows(database, "class_ended", cached=True)
        self.begun = Rows(database, "class_begun", cached=True)
        self.releases = Rows(database, "class_releases")
        self.published = Rows(database, "class_published")
        self.disputes = Rows(database, "class_disputes")
        self.reviews = Rows(database, "class_reviews")
        self.drafts = Rows(database, "class_drafts")
        self.calls = Rows(database, "class_calls")
        self.rounds = Rows(database, "class_rounds")
        self.votes = Rows(database, "class_votes")
        self.audit = Rows(database, "class_audit")


class ClassVault:
    """Answer keys of the class; made from the vault's database, on instructors' paths only."""

    def __init__(self, database: Database) -> None:
        create_tables(database, "class_vault.sql")
        self.keys = Rows(database, "vault_keys")
        self.rounds = Rows(database, "vault_rounds")
        self.settings = Rows(database, "vault_settings")
