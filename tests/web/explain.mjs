// Run whygrad's Python implementation in a browser's Python: node explain.mjs PYODIDE ROOT
import { pathToFileURL } from "node:url";

const [, , folder, root] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: folder });
pyodide.FS.mkdir("/whygrad");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, "/whygrad");
const answer = pyodide.runPython(`
import sys
sys.path.insert(0, "/whygrad")
import autograd
from autograd import Value, draw, explain, grad, tanh
from autograd.command.formula import read

a, b = Value(2.0, "a"), Value(-3.0, "b")
y = tanh(a * b + 7)
y.backward()
found = [autograd.implementation, repr(a.grad), explain(y, a).text(), draw(y).svg()[:4]]
found.append(repr(grad(lambda x: x**3)(2.0)))
found.append(repr(read("a**2 + 1", ["a"])({"a": 3.0})))
found.append(str("numpy" in sys.modules))
"\\n".join(found)
`);
console.log(answer);
