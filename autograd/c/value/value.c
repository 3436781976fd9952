/* The compiled twin of value.py: the same node, the same sweep, the same messages.
 *
 * A node is 64 bytes with no header of the cycle collector's: nodes only point to older nodes and
 * to functions, so there are no cycles and reference counts free everything, but for what cycles.h
 * is about. Deallocation and all walks are iterative. A sweep runs no Python code, but for signals
 * (order.h): partials that only the Python table knows are asked for beforehand, so that a sweep
 * either happens as a whole or raises and changes nothing. Everything relies on the global lock.
 *
 * One unit: the headers hold its functions and are read in this order, each using those before. */

#include "node.h"
#include "numbers.h"
#include "family.h"
#include "slabs.h"
#include "allocation.h"
#include "cycles.h"
#include "operands.h"
#include "forward.h"
#include "reductions.h"
#include "members.h"
#include "partials.h"
#include "stale.h"
#include "order.h"
#include "walk.h"
#include "roles.h"
#include "sweep.h"
#include "adjoints.h"
#include "attributes.h"
#include "columns.h"
#include "export.h"
#include "compare.h"
#include "bulk.h"
#include "type.h"
#include "function.h"

/* The operators are slots of the type already. */
static PyObject *module_install(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    Py_RETURN_NONE;
}

static PyObject *module_watch(PyObject *Py_UNUSED(module), PyObject *given)
{
    Py_XSETREF(watcher, given == Py_None ? NULL : Py_NewRef(given));
    Py_RETURN_NONE;
}

static PyObject *module_constant(PyObject *Py_UNUSED(module), PyObject *given)
{
    double number = PyFloat_AsDouble(given);
    return number == -1.0 && PyErr_Occurred() ? NULL : new_constant(number);
}

PyDoc_STRVAR(dot_doc,
             "dot($module, /, weights, inputs, bias=0.0)\n--\n\n"
             "Return the sum of weights[i] * inputs[i], plus bias, as one node.\n\n"
             "Floats give a float. The parents are the weights, the inputs and the bias, in\n"
             "that order. Terms are added from left to right, the bias last. Tuples of Values\n"
             "are kept as given. Raises ValueError if the lengths differ.");

static PyMethodDef module_methods[] = {
    {"adjoints", module_adjoints, METH_VARARGS,
     "adjoints($module, root, wrt, /)\n--\n\n"
     "Return d root/d node for each node of `wrt`, 0.0 where root does not depend on it."},
    {"columns", module_columns, METH_VARARGS,
     "columns($module, nodes, parameters, leaves, drawn, /)\n--\n\n"
     "Return all that nodes depend on as columns; None where the first `leaves` of them are not\n"
     "different leaves. `parameters` of these are that, the others inputs; functions named `drawn`"
     "\nof constants are inputs as well."},
    {"constant", module_constant, METH_O,
     "constant($module, number, /)\n--\n\n"
     "Return a number as an operand: a leaf whose data is fixed and whose gradient stays 0."},
    {"dot", (PyCFunction)(void (*)(void))module_dot, METH_FASTCALL | METH_KEYWORDS, dot_doc},
    {"floats", module_floats, METH_VARARGS,
     "floats($module, sequence, numbers, /)\n--\n\n"
     "Write a list or tuple to an array of doubles; return whether it is plain floats and ints."},
    {"install", module_install, METH_VARARGS,
     "install($module, function, operator, /)\n--\n\nDo nothing: operators are in the type."},
    {"last_write", module_last_write, METH_NOARGS,
     "last_write($module, /)\n--\n\n"
     "Return a number that grows whenever the number of any leaf is written."},
    {"read", module_read, METH_VARARGS,
     "read($module, leaves, numbers, /)\n--\n\n"
     "Write the number of each leaf of a tuple to an array of doubles, unwatched."},
    {"share", module_share, METH_VARARGS,
     "share($module, function, values, /)\n--\n\n"
     "Return function(*values, k) for each k, as nodes that share their operands."},
    {"topological", module_topological, METH_O,
     "topological($module, root, /)\n--\n\n"
     "Return every node that root depends on, itself last, parents before children."},
    {"watch", module_watch, METH_O,
     "watch($module, watcher, /)\n--\n\n"
     "Tell `watcher` of nodes made, numbers looked at and sweeps begun; None ends it."},
    {"write", module_write, METH_VARARGS,
     "write($module, leaves, numbers, /)\n--\n\n"
     "Set the number of each leaf of a tuple from an array of doubles, or of none of them."},
    {0},
};

static int add_types(PyObject *module)
{
    for (PyType_Slot *slot = value_slots; slot->slot; slot++)
        if (slot->slot == Py_tp_hash)
            slot->pfunc = SLOT(PyBaseObject_Type.tp_hash);
    ValueType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &value_spec, NULL);
    FunctionType = (PyTypeObject *)PyType_FromModuleAndSpec(module, &function_spec, NULL);
    if (!ValueType || !FunctionType)
        return -1;
    ValueType->tp_vectorcall = value_vectorcall;
    ValueType->tp_name = "Value"; /* as Python's own messages name a Python class */
    FunctionType->tp_name = "Function";
    if (PyModule_AddObjectRef(module, "Value", (PyObject *)ValueType) < 0)
        return -1;
    return PyModule_AddObjectRef(module, "Function", (PyObject *)FunctionType);
}

static int add_names(PyObject *module)
{
    PyObject *names = PyTuple_New(CODES - DOT);
    for (int code = DOT; names && code < CODES; code++) {
        PyObject *name = PyUnicode_FromString(code_names[code]);
        if (!name)
            Py_CLEAR(names);
        else
            PyTuple_SET_ITEM(names, code - DOT, name);
    }
    int status = names ? PyModule_AddObjectRef(module, "hot_rows", names) : -1;
    Py_XDECREF(names);
    return status;
}

static int fill(PyObject *module)
{
    errors = PyImport_ImportModule("autograd.errors");
    reals = PyImport_ImportModule("autograd.reals");
    PyObject *sweep = PyImport_ImportModule("autograd.sweep");
    flat = sweep ? PyObject_GetAttrString(sweep, "flat") : NULL;
    Py_XDECREF(sweep);
    labels = PyDict_New();
    empty_text = PyUnicode_FromString("");
    created_text = PyUnicode_InternFromString("created");
    if (!errors || !reals || !flat || !labels || !empty_text || !created_text)
        return -1;
    if (add_types(module) < 0 || add_names(module) < 0)
        return -1;
    return PyModule_AddIntConstant(module, "interface", AUTOGRAD_INTERFACE);
}

static int execute(PyObject *module)
{
    if (ValueType) {
        PyErr_SetString(PyExc_ImportError, "autograd serves one interpreter in a process");
        return -1;
    }
    if (fill(module) == 0)
        return 0;
    Py_CLEAR(errors); /* the next import begins anew */
    Py_CLEAR(reals);
    Py_CLEAR(flat);
    Py_CLEAR(labels);
    Py_CLEAR(empty_text);
    Py_CLEAR(ValueType);
    Py_CLEAR(FunctionType);
    return -1;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, SLOT(execute)},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd._value",
    .m_doc = "The compiled implementation of Value; value.py is the readable one.",
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__value(void)
{
    return PyModuleDef_Init(&module_definition);
}
