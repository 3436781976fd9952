/* Comparisons, conversions and texts of a Value. */

static int compared(PyObject *self, PyObject *other, const char *symbol, int verdict)
{
    if (!watcher)
        return 0;
    PyObject *truth = verdict ? Py_True : Py_False;
    PyObject *told = PyObject_CallMethod(watcher, "compared", "OOsO", self, other, symbol, truth);
    Py_XDECREF(told);
    return told ? 0 : -1;
}

static const char *const symbols[] = {"<", "<=", "==", "!=", ">", ">="}; /* Py_LT … Py_GE */

/* Read a number that a double holds exactly; 0 where it may be any other thing. */
static int exact_double(PyObject *thing, double *number)
{
    if (PyFloat_CheckExact(thing)) {
        *number = PyFloat_AS_DOUBLE(thing);
        return 1;
    }
    int overflow = PyLong_CheckExact(thing) ? 0 : 1;
    long long whole = overflow ? 0 : PyLong_AsLongLongAndOverflow(thing, &overflow);
    *number = (double)whole;
    return !overflow && -(1LL << 53) <= whole && whole <= 1LL << 53;
}

/* Compare with what C does not know: reals.py says what Python's floats do. */
static PyObject *compare_by_row(PyObject *self, PyObject *other, int how)
{
    PyObject *verdict =
        PyObject_CallMethod(reals, "compared", "dsO", NODE(self)->data, symbols[how], other);
    if (verdict && verdict != Py_NotImplemented &&
        compared(self, other, symbols[how], verdict == Py_True) < 0)
        Py_CLEAR(verdict);
    return verdict;
}

static PyObject *value_compare(PyObject *self, PyObject *other, int how)
{
    double left = NODE(self)->data, right = 0.0;
    if (IS_VALUE(other)) {
        if (how == Py_EQ || how == Py_NE)
            Py_RETURN_NOTIMPLEMENTED; /* Python then compares identity */
        right = NODE(other)->data;
    } else if (!exact_double(other, &right)) {
        return compare_by_row(self, other, how);
    }
    const int verdicts[] = {left<right, left <= right, left == right, left != right, left> right,
                            left >= right};
    int verdict = verdicts[how];
    if (compared(self, other, symbols[how], verdict) < 0)
        return NULL;
    return PyBool_FromLong(verdict);
}

static int value_bool(PyObject *self)
{
    int verdict = NODE(self)->data != 0.0;
    if (watcher) {
        PyObject *zero = PyFloat_FromDouble(0.0);
        int status = zero ? compared(self, zero, "!=", verdict) : -1;
        Py_XDECREF(zero);
        if (status < 0)
            return -1;
    }
    return verdict;
}

static PyObject *value_float(PyObject *Py_UNUSED(self))
{
    return refuse("would_lose_gradient", "(s)", "float");
}

static PyObject *value_int(PyObject *Py_UNUSED(self))
{
    return refuse("would_lose_gradient", "(s)", "int");
}

static PyObject *value_complex(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(ignored))
{
    return refuse("would_lose_gradient", "(s)", "complex");
}

static PyObject *value_repr(PyObject *self)
{
    PyObject *label = get_label(self, NULL);
    PyObject *data = PyFloat_FromDouble(NODE(self)->data);
    PyObject *grad = get_grad(self, NULL);
    PyObject *text = NULL;
    if (label && data && grad && PyUnicode_GET_LENGTH(label))
        text = PyUnicode_FromFormat("Value(data=%R, grad=%R, label=%R)", data, grad, label);
    else if (label && data && grad)
        text = PyUnicode_FromFormat("Value(data=%R, grad=%R)", data, grad);
    Py_XDECREF(label);
    Py_XDECREF(data);
    Py_XDECREF(grad);
    return text;
}

static PyObject *value_format(PyObject *self, PyObject *spec)
{
    if (!PyUnicode_Check(spec))
        return PyErr_Format(PyExc_TypeError, "__format__() takes text; got %R", spec);
    if (PyUnicode_GET_LENGTH(spec) == 0)
        return value_repr(self);
    PyObject *data = get_data(self, NULL);
    PyObject *text = data ? PyObject_Format(data, spec) : NULL;
    Py_XDECREF(data);
    return text;
}
