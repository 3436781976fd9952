// Install whygrad's pure wheel in a browser's Python: node explain.mjs PYODIDE WHEEL [numpy]
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , folder, wheel, ...packages] = process.argv;
const heart = `
import sys
import autograd
from autograd import Value, draw, explain, grad, tanh
from autograd.command.formula import read

a, b = Value(2.0, "a"), Value(-3.0, "b")
y = tanh(a * b + 7)
y.backward()
found = [autograd.implementation, repr(a.grad), explain(y, a).text(), draw(y).svg()[:4]]
found.append(repr(grad(lambda x: x**3)(2.0)))
found.append(repr(read("a**2 + 1", ["a"])({"a": 3.0})))
found.append(str("site-packages" in autograd.__file__))
found.append(str("numpy" in sys.modules))
"\\n".join(found)
`;
const numbers = `
from nn import MLP, fit, probe

model = MLP(2, [4, 1], activation="tanh", seed=0)
X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [-1, 1, 1, -1]
history = fit(model, X, y, loss="hinge", lr=0.1, epochs=60, progress=False)
p = probe(model, X, y, "hinge")
"\\n".join([repr((model.predict(X)[:, 0] > 0).tolist()), str(p.check() < 64), p.program.executor])
`;

try {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
  const pyodide = await loadPyodide({ indexURL: folder });
  if (packages.length) await pyodide.loadPackage(packages, { messageCallback: () => {} });
  const extractDir = pyodide.runPython("import site; site.getsitepackages()[0]");
  pyodide.unpackArchive(new Uint8Array(readFileSync(wheel)), "wheel", { extractDir });
  console.log(pyodide.runPython(packages.length ? numbers : heart));
} catch (problem) {
  console.error(problem.message); // not the whole line of code that node would show
  process.exit(1);
}
