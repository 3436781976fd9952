"""Five lectures on backpropagation, run: what holds, what slips, and the missing proof.

    python demos/07_five_notes.py

For each lecture every formula is evaluated by hand, in the lecture's own notation, and held
against autodiff: the number is the largest difference, relative to the largest entry. A slip
is evaluated as it is written, and as it was meant.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

from demos.lectures import note_0, note_1, note_2, note_3, note_4, proof, recovered, worked_numbers
from demos.lectures.claims import Claim, Slip


def show_claims(claims: list[Claim]) -> None:
    """Print each formula once, with the layers or cases where it was evaluated."""
    print(f"  {'formula':<46}  off by    layers or cases")
    for formula in dict.fromkeys(claim.formula for claim in claims):
        every = [claim for claim in claims if claim.formula == formula]
        furthest = max(claim.distance for claim in every)
        where = ", ".join(dict.fromkeys(str(claim.where) for claim in every))
        holds = all(claim.holds for claim in every)
        mark = f"{furthest:.0e}" if holds else "FAILS"
        print(f"  {formula:<46}  {mark:<8}  {where}".rstrip())


def show_slips(slips: list[Slip]) -> None:
    for slip in slips:
        print(f"  slip: {slip.about}")
        for claim in (slip.written, slip.corrected):
            verdict = "holds" if claim.holds else "fails"
            print(f"    {verdict}  {claim.formula:<44} {claim.verdict}")
            for hint in slip.hints if claim is slip.written else ():
                print(f"           compare() says: {hint}")


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
    show_claims(list(proof.on_numbers()))


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


def main() -> None:
    for note in (note_0, note_1, note_2, note_3, note_4):
        print(f"\n{note.TITLE}")
        show_claims(list(note.claims()))
        show_slips(note.slips())
        if note is note_0:
            show_proof()
            show_training(note_0.training())
        if note is note_2:
            for rule in note_2.RULES:
                show_training(note_2.training(rule=rule))
        if note is note_4:
            losses, claim = note_4.training()
            show_training(claim)
            print(f"  the loop outputs the loss: {losses[0]:.6f} … {losses[-1]:.6f}")
            show_recovered()
    show_worked_numbers()


if __name__ == "__main__":
    main()
