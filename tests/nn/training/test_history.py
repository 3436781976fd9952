"""What a training reports, and that the best of it is kept."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot

import nn
from autograd import AnomalyError

X, Y = np.linspace(-1, 1, 8)[:, None], np.linspace(-3, 2, 8)


def history_of(epochs):
    history = nn.History()
    for k in range(epochs):
        history.add({"loss": 1.0 / (k + 1), "accuracy": 0.5})
    return history


def test_a_notebook_shows_the_last_epochs_as_a_table():
    html = history_of(30)._repr_html_()
    assert html.startswith("<table><tr><td>epoch<td>loss<td>accuracy<tr><td>21<td>")
    assert html.count("<tr>") == 11
    assert html.endswith("<tr><td>30<td>0.0333333<td>0.5</table>")
    assert history_of(2)._repr_html_().count("<tr>") == 3
    assert history_of(0)._repr_html_().count("<tr>") == 1


def test_a_plot_is_one_of_pyplot_where_that_is_in_use():
    figure = history_of(3).plot()
    assert pyplot.fignum_exists(figure.number)
    pyplot.close(figure)


PLOTS = {
    "history": "h = nn.History(); h.add({'loss': 1.0}); h.plot",
    "rates": "nn.find_lr(nn.MLP(1, [1]), [[1.0], [2.0]], [1.0, 2.0], loss='huber').plot",
    "axes given": "h = nn.History(); h.add({'loss': 1.0}); "
    "from matplotlib.figure import Figure; h.plot(Figure().subplots()) and h.plot",
    "learned": "m = nn.Layer(1, 1); h = nn.fit(m, [[1.0], [2.0]], [1.0, 2.0], loss='huber', "
    "epochs=2, trace=True, optimizer=nn.SGD(m.parameters(), lr=0.1), progress=False); "
    "h.why('W[0][0]').plot",
}


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_is_pyplots_where_that_is_in_use_and_loads_none_elsewhere(name):
    setting, _, plot = PLOTS[name].rpartition("; ")
    lines = ["import sys, nn", setting or "pass", f"({plot})()",
             "assert 'matplotlib.pyplot' not in sys.modules",
             "from matplotlib import pyplot", f"figure = ({plot})()",
             "assert pyplot.fignum_exists(figure.number)"]  # fmt: skip
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_a_plot_loads_no_pyplot_of_itself():
    script = (
        "import sys, nn; h = nn.History(); h.add({'loss': 1.0}); h.plot(); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


BEST = {  # of three epochs, by the column and what says which way it gets better
    ("val_accuracy", "auto"): ([0.2, 0.9, 0.5], 1),
    ("accuracy", "auto"): ([0.9, 0.2, 0.5], 0),
    ("val_loss", "auto"): ([0.9, 0.2, 0.5], 1),
    ("loss", "auto"): ([0.2, 0.9, 0.5], 0),
    ("val_accuracy", "min"): ([0.2, 0.9, 0.5], 0),
    ("val_auc", "max"): ([0.2, 0.5, 0.9], 2),
    ("val_loss", "max"): ([0.2, 0.9, 0.5], 1),
}


@pytest.mark.parametrize(("column", "mode"), BEST)
def test_the_best_model_is_that_of_the_best_epoch_whichever_way_is_better(column, mode):
    model, stop, history = nn.MLP(1, [1], seed=1), nn.EarlyStopping(9, column, mode), nn.History()
    numbers, best = BEST[column, mode]
    seen = []
    for number in numbers:
        model.layers[0].W[0][0].data = number
        seen.append([p.data for p in model.parameters()])
        history.columns[column] = [*history.columns.get(column, []), number]
        assert not stop(history, model)
    stop.finish(model)
    assert [p.data for p in model.parameters()] == seen[best]


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("end", [KeyboardInterrupt, AnomalyError, RuntimeError])
def test_the_best_parameters_are_back_after_an_exception_too(end, compiled):
    model, seen = nn.MLP(1, [1], seed=1), []

    def told(history, model):
        seen.append([p.data for p in model.parameters()])
        history.columns["val_loss"] = [3.0, 1.0, 2.0][: len(seen)]
        if len(seen) == 3:
            raise end

    with pytest.raises(end):
        nn.fit(model, X, Y, loss="huber", epochs=5, callbacks=[told, nn.EarlyStopping()],
               validation=(X, Y), progress=False, compiled=compiled)  # fmt: skip
    assert [p.data for p in model.parameters()] == seen[1] != seen[2]


def test_an_exception_before_the_first_epoch_leaves_the_parameters_alone():
    model = nn.MLP(1, [1], seed=1)
    before = [p.data for p in model.parameters()]
    with pytest.raises(AnomalyError):
        nn.fit(model, 1e200 * X, Y, loss="squared_error", callbacks=[nn.EarlyStopping()],
               validation=(X, Y), progress=False)  # fmt: skip
    assert [p.data for p in model.parameters()] == before


def test_early_stopping_may_serve_several_trainings():
    stop = nn.EarlyStopping()
    options = {"loss": "squared_error", "callbacks": stop, "progress": False}
    nn.fit(nn.MLP(1, [2, 1]), X, Y, epochs=2, validation=(X, Y), **options)
    model = nn.MLP(1, [1], seed=1)
    before = [p.data for p in model.parameters()]
    with pytest.raises(AnomalyError):
        nn.fit(model, 1e200 * X, Y, validation=(X, Y), **options)
    assert [p.data for p in model.parameters()] == before
