"""Names of what a tab keeps in its session state, beside the widgets' own keys."""

PAGE_KEY = "page"  # the page that is shown, as it stands in the address
MENU_KEY = "menu"  # the pages this role may open, by section
PROJECTOR_KEY = "projector"  # large type
PROBLEM_KEY, DONE_KEY = "problem", "done"  # what the last command said, shown once
COMPACTING_KEY = "compacting"  # the job that compacts the store
MARKED_KEY = "marked"  # the interval that was marked on the live chart
STAGE_KEY = "stage"  # number of the stage that this tab was drawn for
LINE_MODELS_KEY, LINES_WAITING_KEY = "line_models_job", "line_models_waiting"
OF_STAGE = (MARKED_KEY, LINE_MODELS_KEY, LINES_WAITING_KEY)  # dropped when another plant comes
