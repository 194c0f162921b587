"""An adversary that stays: `python -m tests.adversary` throws at the lab what a whole class of attackers would."""
