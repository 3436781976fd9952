"""A backward pass as an exercise: a network with its numbers, and a check that gives hints.

`tasks` has all of it: what is given and asked for, and how an answer is held against autodiff.

What must hold: a right answer of three digits is right, and a wrong one gets the rule.
"""

from nn.exercises.tasks import Exercise, exercise

__all__ = ["Exercise", "exercise"]
