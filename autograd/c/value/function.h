/* The type Function. */

static PyObject *function_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf,
                                     PyObject *names)
{
    Function *function = (Function *)self;
    Py_ssize_t n = PyVectorcall_NARGS(nargsf);
    int code = function->code;
    if (names && PyTuple_GET_SIZE(names))
        return PyErr_Format(PyExc_TypeError, "%U takes no keyword arguments", function->name);
    if (function->arity >= 0 && n != function->arity)
        return refuse("wrong_count", "(Onn)", function->name, function->arity, n);
    if (code >= FIRST_UNARY)
        return apply_unary(code, args[0]);
    if (code == TOTAL || code == MEAN || code == LOGSUMEXP)
        return apply_many(code, args, n);
    if (SOFTMAX <= code && code <= TAKE)
        return apply_indexed(code, args, n);
    PyObject *operands = exact_operands(function, args, n);
    if (!operands)
        return NULL;
    if (code >= FIRST_BINARY && has_value(operands)) {
        PyObject *left = PyTuple_GET_ITEM(operands, 0), *right = PyTuple_GET_ITEM(operands, 1);
        PyObject *result = record_binary(code, IS_VALUE(left) ? left : NULL, number_of(left),
                                         IS_VALUE(right) ? right : NULL, number_of(right));
        Py_DECREF(operands);
        return result;
    }
    return apply_row(function, operands);
}

static int code_of(PyObject *name)
{
    for (int code = DOT; code < CODES; code++)
        if (!PyUnicode_CompareWithASCIIString(name, code_names[code]))
            return code;
    return GENERIC;
}

static int function_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"name", "forward", "partials", "domain", NULL};
    Function *function = (Function *)self;
    PyObject *name, *forward, *partials, *domain;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "UOOU:Function", names, &name, &forward,
                                     &partials, &domain))
        return -1;
    if (function->name) { /* what a sweep or a call is using just now must stay */
        refuse("made_already", "(O)", function->name);
        return -1;
    }
    function->name = Py_NewRef(name);
    function->forward = Py_NewRef(forward);
    function->partials = Py_NewRef(partials);
    function->domain = Py_NewRef(domain);
    function->arity = PyTuple_Check(partials) ? PyTuple_GET_SIZE(partials) : -1;
    function->encloses = (char)encloses(forward, partials);
    function->stops = (char)has_flat(partials);
    function->vectorcall = function_vectorcall;
    function->code = code_of(name);
    if (function->code == GENERIC)
        return 0;
    if (functions[function->code]) /* the name is taken: a row of its own, without C */
        function->code = GENERIC;
    else
        functions[function->code] = Py_NewRef(self);
    return 0;
}

static int function_traverse(PyObject *self, visitproc visit, void *arg)
{
    Function *function = (Function *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(function->dict);
    Py_VISIT(function->forward);
    Py_VISIT(function->partials);
    return 0;
}

static int function_clear(PyObject *self)
{
    Function *function = (Function *)self;
    Py_CLEAR(function->dict);
    Py_CLEAR(function->name);
    Py_CLEAR(function->forward);
    Py_CLEAR(function->partials);
    Py_CLEAR(function->domain);
    return 0;
}

static void function_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    function_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *function_get(PyObject *self, PyObject *node, PyObject *Py_UNUSED(owner))
{
    return node && node != Py_None ? PyMethod_New(self, node) : Py_NewRef(self);
}

/* Raises AttributeError where __init__ was never called, as Python's own attributes do. */
static PyObject *function_name(PyObject *self)
{
    return PyObject_GetAttrString(self, "name");
}

static PyObject *function_repr(PyObject *self)
{
    PyObject *name = function_name(self);
    PyObject *text = name ? PyUnicode_FromFormat("<function %U of autograd>", name) : NULL;
    Py_XDECREF(name);
    return text;
}

static PyObject *function_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return function_name(self);
}

static PyObject *function_arity(PyObject *self, void *Py_UNUSED(closure))
{
    Py_ssize_t arity = ((Function *)self)->arity;
    return arity < 0 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(arity);
}

static PyObject *function_init_subclass(PyObject *Py_UNUSED(type), PyObject *Py_UNUSED(args),
                                        PyObject *Py_UNUSED(keywords))
{
    return refuse("final", "(s)", "Function");
}

static PyMemberDef function_members[] = {
    {"name", T_OBJECT_EX, offsetof(Function, name), READONLY, NULL},
    {"forward", T_OBJECT_EX, offsetof(Function, forward), READONLY, NULL},
    {"partials", T_OBJECT_EX, offsetof(Function, partials), READONLY, NULL},
    {"lasting", T_BOOL, offsetof(Function, lasting), 0, NULL},
    {"domain", T_OBJECT_EX, offsetof(Function, domain), READONLY, NULL},
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Function, vectorcall), READONLY, NULL},
    {"__dictoffset__", T_PYSSIZET, offsetof(Function, dict), READONLY, NULL},
    {0},
};

static PyGetSetDef function_attributes[] = {
    {"arity", function_arity, NULL, NULL, NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {0},
};

static PyMethodDef function_methods[] = {
    {"__reduce__", function_reduce, METH_NOARGS, NULL},
    {"__init_subclass__", (PyCFunction)(void (*)(void))function_init_subclass,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {0},
};

PyDoc_STRVAR(function_doc,
             "A differentiable function: floats give a float, anything with a Value a new node.");

static PyType_Slot function_slots[] = {
    {Py_tp_doc, (void *)function_doc},
    {Py_tp_new, SLOT(PyType_GenericNew)},
    {Py_tp_init, SLOT(function_init)},
    {Py_tp_dealloc, SLOT(function_dealloc)},
    {Py_tp_traverse, SLOT(function_traverse)},
    {Py_tp_clear, SLOT(function_clear)},
    {Py_tp_call, SLOT(PyVectorcall_Call)},
    {Py_tp_descr_get, SLOT(function_get)},
    {Py_tp_repr, SLOT(function_repr)},
    {Py_tp_members, function_members},
    {Py_tp_getset, function_attributes},
    {Py_tp_methods, function_methods},
    {0, NULL},
};

static PyType_Spec function_spec = {
    .name = "autograd.primitives.Function",
    .basicsize = sizeof(Function),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC |
             Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .slots = function_slots,
};
