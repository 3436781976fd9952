"""The log of what was tried: each kind of fault that was found, and where its members are tests.

A fault that somebody met is one instance of a kind. The kind has it and at least three further
members, each a test of its own that `pytest` can name; a kind with fewer is unfinished.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
AWAY = "heart/test_faults.py::test_a_fault_that_was_found_stays_away"
TOLD = "nn/test_faults.py::test_a_mistake_is_told_with_the_way_out"
MEMBERS = 4

LOG = {  # by kind: tests, or members of tests, by the beginnings of their names
    # wrong numbers without a word
    "sums of unequal length that are no rows of a matrix": (
        "program/compiler/test_ragged_sums.py::test_random_bags",
        "program/compiler/test_reroll.py::test_rows_of_different_lengths_read_the_first_parameter",
    ),
    "a contraction at every number of lanes": (
        "program/executors/test_contractions.py::test_every_layout_of_a_product_in_each",
        "program/test_program.py::test_the_number_of_lanes_is_free",
    ),
    "what leaves a recording": (
        f"{AWAY}[what leaves a recording",
        "program/test_recordings.py::test_no_grad_in_a_recording_stops_the_gradient_alone",
        "program/test_recordings.py::test_a_program_computes_anew_what_no_grad_made",
        "program/test_recordings.py::test_numbers_that_would_be_frozen_are_refused",
    ),
    "equality with a number": (
        f"{AWAY}[equal to a number",
        f"{AWAY}[comparisons with any number",
        "program/test_recordings.py::test_a_decision_by_equality_is_the_right_one_in_every_call",
    ),
    "copies of an argument": (
        f"{AWAY}[copies of an argument",
        "program/test_recordings.py::test_a_copy_of_an_argument_is_the_argument",
        "program/test_recordings.py::test_an_argument_does_not_pickle",
    ),
    "arguments changed in place": (
        f"{AWAY}[arguments changed in place",
        "derivatives/test_functional.py::test_derivatives_are_by_what_was_handed_in_not_by_what",
        "derivatives/test_functional.py::test_tangents_are_of_what_was_handed_in_not_of_what",
    ),
    "partials from rounded outputs": (
        "heart/test_digits.py::test_digits_of_a_graph",
        "heart/test_digits.py::test_digits_of_a_program",
        "heart/test_digits.py::test_digits_of_reductions",
        "heart/test_digits_of_two.py::test_digits_of_a_graph",
        "heart/test_digits_of_two.py::test_digits_of_a_program",
    ),
    "losses from differences": (
        "nn/test_losses.py::test_a_loss_of_large_numbers_keeps_its_digits",
    ),
    "a number for a list, an activation that nobody looks at": (
        f"{TOLD}[sizes]", f"{TOLD}[one size]", f"{TOLD}[size of NumPy]", f"{TOLD}[size as text]",
        f"{TOLD}[activation unused]", f"{TOLD}[output]",
    ),
    "which way a metric gets better": (
        "nn/training/test_history.py::test_the_best_model_is_that_of_the_best_epoch",
    ),
    "the best model however a training ends": (
        "nn/training/test_fitting.py::test_the_best_parameters_are_back_however",
        "nn/training/test_history.py::test_the_best_parameters_are_back_after_an_exception_too",
    ),
    "the threshold of an accuracy": (
        "nn/training/test_fitting.py::test_accuracy_takes_the_outputs_of_a_sigmoid",
    ),
    "frozen randomness": (
        "program/test_chance.py::test_a_compiled_function_that_draws_from_a_generator_of_its_own",
        "program/test_chance.py::test_a_model_that_draws_from_a_generator_of_its_own_trains",
        "program/test_chance.py::test_a_block_sees_the_generators_beside_it",
    ),
    "equal weights of two models": (
        "nn/layers/test_dense.py::test_two_models_without_a_seed_have_other_weights",
    ),
    "sums beside a mean in the picture of a batch": (
        "nn/probing/test_picture.py::test_a_batch_replayed_gives_the_means_of_its_probe",
    ),
    "printed lines that do not multiply out": (
        "explanation/test_explaining.py::test_printed_numbers_agree_within_their_rounding",
        "explanation/test_explaining.py::test_figures_round_to_nearest_and_say_so",
    ),
    "the colour of a sign": (
        "drawing/test_drawing.py::test_a_contribution_and_its_partial_each_have_the_colour",
    ),
    "text that reads back to another number": (
        "command/test_formula.py::test_what_expression_writes_is_read_back_bit_for_bit",
        "explanation/test_explaining.py::test_constants_that_are_not_finite_are_written_out",
    ),
    "a training that goes on": (
        "nn/training/test_fitting.py::test_calls_of_one_epoch_each_are_one_call_of_them_all",
        "nn/training/test_fitting.py::test_a_run_goes_on_to_the_bit_from_a_pickle",
    ),
    "the sign of a zero": (
        "program/compiler/test_edges.py::test_the_sign_of_a_zero_survives_a_product",
        "program/executors/tape/test_tapes.py::test_the_sign_of_a_zero_is_that_of_the_engine",
    ),
    # right code refused or accused
    "the outputs of a model guessed": (
        "nn/training/test_fitting.py::test_as_many_classes_are_known_as_a_model_has_outputs",
    ),
    "right derivatives accused": (
        f"{AWAY}[right derivatives accused",
        "derivatives/test_check.py::test_right_derivatives_pass_at_every_scale",
    ),
    "derivatives that nobody asked for": (
        "derivatives/test_functional.py::test_partials_that_are_not_asked_for_need_not_exist",
        "explanation/test_explaining.py::test_partials_that_no_path_needs_need_not_exist",
        "program/jitting/test_derivatives.py::test_derivatives_that_nobody_asked_for_need_not_exist",
        "program/jitting/test_derivatives.py::test_a_derivative_that_is_not_there_where_it_was",
    ),
    "rules and schedules of any function": (
        "program/test_training.py::test_a_rule_may_use_functions_of_many_operands",
        "program/test_training.py::test_a_schedule_may_use_a_function_that_rules_know_nothing_of",
        "nn/optimizers/test_schedules.py::test_schedules_are_their_formulas",
    ),
    "what is infinite in a compiled function": (
        "program/jitting/test_derivatives.py::test_it_returns_what_node_by_node_is_infinite",
        "program/jitting/test_derivatives.py::test_map_has_the_results_that_are_not_finite",
        "program/jitting/test_kept.py::test_what_is_not_finite_or_refused_is_as_node_by_node",
        "program/jitting/test_scipy.py::test_line_searches_survive_where_the_function_overflows",
    ),
    "whole floats are indices": (
        f"{AWAY}[whole floats are indices",
        "heart/test_primitives.py::test_whole_numbers_of_any_kind_are_indices",
    ),
    "labels that mean something to Graphviz": (
        "drawing/test_drawing.py::test_no_label_breaks_a_picture",
        "drawing/test_drawing.py::test_a_label_with_backslashes_is_shown_as_it_is",
    ),
    "functions as people write them": (
        "program/jitting/test_derivatives.py::test_a_method_is_compiled_for_each_object",
        "program/jitting/test_derivatives.py::test_compiled_functions_copy_and_pickle",
        "program/jitting/test_derivatives.py::test_static_arguments_are_told_apart_by_type",
        "program/jitting/test_derivatives.py::test_whoever_counts_by_a_number_is_told_of_static",
        "program/jitting/test_derivatives.py::test_a_compiled_function_looks_like_the_function",
    ),
    "slopes of a batch": (f"{AWAY}[slopes of a batch",),
    "one door for data": (
        "nn/arguments/test_tables.py::test_columns_of_booleans_and_whole_numbers_are_numbers",
        "nn/arguments/test_tables.py::test_a_gap_is_named_by_its_column",
        "nn/arguments/test_tables.py::test_a_table_trains_and_is_probed_as_its_numbers_are",
    ),
    "plots of pyplot": ("nn/training/test_history.py::test_every_plot_is_pyplots_where_that_is",),
    "notebooks opened untrusted": (
        "drawing/test_drawing.py::test_an_untrusted_notebook_shows_the_picture_and_no_text_soup",
    ),
    "prints where there is no Unicode": (
        "drawing/test_drawing.py::test_what_prints_falls_back_to_ascii",
        "command/test_line.py::test_python_m_autograd_answers_in_any_encoding",
    ),
    "what NumPy and Python ask of a number": (
        f"{AWAY}[what NumPy and Python ask of a number",
        "rows/test_arrays.py::test_where_numpy_has_no_loop_over_objects_a_function_made_of_ours",
        "rows/test_rounding.py::test_a_rounded_number_is_numpys_with_its_sign",
    ),
    "names of Python's own": (
        f"{AWAY}[names of Python's own",
        "heart/test_primitives.py::test_a_star_import_hides_nothing_of_pythons_own",
    ),
    "what other people's suites exercise": (
        "rows/test_activations.py::test_value_and_derivatives_are_those_of_the_formula",
        "nn/optimizers/test_rules.py::test_steps_are_those_of_pytorch",
        "nn/test_losses.py::test_the_mean_is_over_the_examples_that_are_not_ignored",
    ),
    # where people stumble
    "famous names": (
        "heart/test_hints.py::test_a_famous_attribute_of_a_value_is_answered_with_ours",
        "nn/arguments/test_hints.py::test_the_package_says_what_a_famous_name_is_here",
        "nn/arguments/test_hints.py::test_a_model_says_what_a_famous_method_is_here",
        "nn/arguments/test_hints.py::test_fit_says_what_a_famous_argument_is_here",
        "nn/arguments/test_hints.py::test_what_is_made_as_elsewhere_says_how_it_is_made_here",
    ),
    "a list where a Value is expected": (
        f"{TOLD}[list for a Value]", f"{TOLD}[tuple of heads]", f"{TOLD}[dict of heads]",
        f"{TOLD}[predicted heads]", f"{TOLD}[no output]",
    ),
    "learning rates": (
        "nn/training/test_fitting.py::test_by_name_an_optimiser_learns_the_exclusive_or",
        "nn/training/test_fitting.py::test_the_learning_rate_may_be_given_to_fit",
        f"{TOLD}[Adam(lr)]", f"{TOLD}[Adam(model)]", f"{TOLD}[two lrs]",
    ),
    "probabilities": (
        "nn/predicting/test_forward.py::test_probabilities_are_those_of_the_outputs",
    ),
    "one-hot and soft labels": (
        "nn/training/test_fitting.py::test_labels_may_be_one_hot_or_soft",
        "nn/test_losses.py::test_binary_cross_entropy_of_soft_labels_is_the_mean_over_both",
    ),
    "weights of samples and classes": (
        "nn/test_data.py::test_a_weighted_step_is_down_the_mean_of_w_c",
        "nn/test_data.py::test_a_whole_weight_is_so_many_copies",
        "nn/test_data.py::test_class_weights_are_weights_of_the_examples",
        "nn/test_data.py::test_weights_that_do_not_fit_are_refused",
    ),
    "freezing, and what would not freeze": (
        "nn/test_module.py::test_an_optimiser_passes_over_a_frozen_layer",
        "nn/test_module.py::test_a_wrong_way_to_freeze_names_the_right_one",
        "nn/test_module.py::test_numbers_in_the_place_of_parameters_are_refused",
        f"{TOLD}[trainable]", f"{TOLD}[W]", f"{TOLD}[b]", f"{TOLD}[own parameter]",
    ),
    "sequences of any length": (
        "nn/arguments/test_sequences.py::test_programs_by_length_train_as_the_model_does",
        "nn/arguments/test_sequences.py::test_what_is_no_example_is_named",
        f"{TOLD}[3-D]", f"{TOLD}[ragged]",
    ),
    "signatures and sentences": (
        "heart/test_primitives.py::test_everything_public_has_a_signature_and_a_sentence",
        "nn/arguments/test_hints.py::test_help_has_a_signature_and_a_sentence",
    ),
    "lists of the README": (
        "test_readme.py::test_the_readme_lists_every_name_that_can_be_given",
    ),
    "what a notebook shows": (
        "nn/test_module.py::test_a_notebook_shows_the_parameters_of_a_model",
    ),
    "modes that follow the context": (
        "modes/test_contexts.py::test_a_generator_that_waits_inside_does_not_lend_its_block",
        "modes/test_contexts.py::test_a_task_that_waits_inside_leaves_the_others_alone",
        "modes/test_contexts.py::test_a_new_thread_is_outside",
    ),
    "weak references": (
        f"{AWAY}[weak references", "heart/test_value.py::test_a_node_is_referred_to_weakly",
    ),
    "two labels are two names": (
        f"{AWAY}[two labels are two names",
        "explanation/test_notation.py::test_two_labels_are_two_names",
    ),
    "no gradient is not the number 0": (f"{AWAY}[nothing is not a number",),
}  # fmt: skip


FILES = sorted({prefix.partition("::")[0] for where in LOG.values() for prefix in where})


@cache
def asked_for() -> list[str]:
    """Return the names of all tests in the files that the log names."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    command += ["-o", "addopts=--import-mode=importlib", *(f"tests/{file}" for file in FILES)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [line.removeprefix("tests/") for line in run.stdout.splitlines() if "::" in line]


@pytest.fixture
def collected(request: pytest.FixtureRequest) -> list[str]:
    """The names of these tests: of this session, where it has them all."""
    options, asked = request.config.option, map(Path, request.config.args)
    chosen = options.keyword or options.markexpr or options.skipped_in or options.ignore
    if chosen or [path.resolve() for path in asked] != [ROOT / "tests"]:
        return asked_for()
    return [item.nodeid.removeprefix("tests/") for item in request.session.items]


@pytest.mark.parametrize("kind", LOG)
def test_a_kind_of_fault_has_three_members_beside_the_one_that_was_met(kind, collected):
    found = {where: [x for x in collected if x.startswith(where)] for where in LOG[kind]}
    assert all(found.values()), [where for where, names in found.items() if not names]
    assert sum(map(len, found.values())) >= MEMBERS
