"""A stranger's file, read in stages that explain themselves: container, text, table, header, roles, clock, series."""
