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

static PyObject *value_compare(PyObject *self, PyObject *other, int how)
{
    if ((how == Py_EQ || how == Py_NE) && IS_VALUE(other))
        Py_RETURN_NOTIMPLEMENTED; /* Python then compares identity */
    double left = NODE(self)->data, right = 0.0;
    if (IS_VALUE(other)) {
        right = NODE(other)->data;
    } else {
        int found = real(other, &right);
        if (found < 0)
            return NULL;
        if (found == 0)
            Py_RETURN_NOTIMPLEMENTED;
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
    PyObject *grad = PyFloat_FromDouble(NODE(self)->grad);
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
