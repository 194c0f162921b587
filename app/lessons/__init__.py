"""The lesson page: its blocks, experiments, exercises and quizzes as widgets."""
