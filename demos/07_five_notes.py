"""Five lectures on backpropagation, read as texts: what holds, what slips, and the missing proof.

    python demos/07_five_notes.py

`check_notes` reads each text as it stands, in the lecture's own notation, holds every formula
against autodiff on random networks and says under which smallest change a wrong one would hold.
Then comes what no formula says: the algorithms, run beside autodiff, and the proof that is owed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

from demos.lectures import TEXTS, note_0, note_2, note_4, proof, recovered, worked_numbers
from demos.lectures.claims import Claim, Slip
from nn import check_notes


def show_slip(slip: Slip) -> None:
    """Print what a lecture's algorithm does as it is written, and as it was meant."""
    print(f"  slip: {slip.about}")
    for claim in (slip.written, slip.corrected):
        verdict = "holds" if claim.holds else "fails"
        print(f"    {verdict}  {claim.formula:<44} {claim.verdict}")


def show_training(claim: Claim) -> None:
    print(f"  {'equal' if claim.holds else 'NOT EQUAL'} by hand and by autodiff: {claim.formula}")


def show_proof() -> None:
    print("  the proof that this lecture leaves for later, on symbols:")
    for step, formula in proof.on_symbols():
        first, *rest = formula.splitlines()
        print(f"    {step} = {first}" + "".join(f",{line}" for line in rest))
    print("  as the engine explains it, line by line:")
    for line in proof.derivation().text().splitlines():
        if line.startswith("∂C/∂") and " = " in line:
            print(f"    {line}")
    print("  and each factor in a network of three layers:")
    claims = list(proof.on_numbers())
    for formula in dict.fromkeys(claim.formula for claim in claims):
        every = [claim for claim in claims if claim.formula == formula]
        verdict = "holds" if all(claim.holds for claim in every) else "FAILS"
        print(f"    {verdict}  {formula}")


def show_recovered() -> None:
    print("  the matrix form that a program recovers from the scalar graph of one example (2-4-3-1")
    print("  units; one row an example):")
    for line in recovered.formulas().splitlines():
        print(f"    {line}")
    print("  the lecture's arrays, (n, m), and the program's; its da and dz are without the 1/m:")
    for held in recovered.arrays():
        verdict = "equal" if held.claim.holds else "NOT EQUAL"
        print(f"    {held.array:<5} {held.shape!s:<7} {held.program.shape!s:<7} {verdict}")


def show_worked_numbers() -> None:
    print("\nA published worked example, digit by digit")
    for printed in worked_numbers.printed_numbers():
        verdict = "the same" if printed.holds else "DIFFERENT"
        print(f"  {printed.name:<18} {printed.digits:>14}   {verdict}")
    consistent = worked_numbers.forward(worked_numbers.step()).E.data
    mixed = worked_numbers.forward(worked_numbers.step_with_updated_output_weights()).E.data
    print(f"  slip: E after one step is printed as {worked_numbers.PRINTED_AFTER}")
    print(f"    {mixed:.9f}  hidden errors made with output weights already updated")
    print(f"    {consistent:.9f}  every derivative at one point")


def show_training_by_lectures(number: int) -> None:
    """Print how the algorithm of a lecture does beside autodiff, for those that have one."""
    if number == 0:
        show_proof()
        show_training(note_0.training())
    if number == 2:
        show_slip(note_2.loop_without_the_last_layer(note_2.Setting()))
        for rule in note_2.RULES:
            show_training(note_2.training(rule=rule))
    if number == 4:
        losses, claim = note_4.training()
        show_training(claim)
        print(f"  the loop outputs the loss: {losses[0]:.6f} … {losses[-1]:.6f}")
        show_recovered()


def main() -> None:
    for number, path in enumerate(TEXTS):
        title = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        print(f"\n{title}")
        for line in check_notes(path).text().splitlines():
            print(f"  {line}")
        show_training_by_lectures(number)
    show_worked_numbers()


if __name__ == "__main__":
    main()
