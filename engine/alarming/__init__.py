"""The parts of the alarm desk: records, rules, trigger and load figures."""
