/* Reading real numbers; reals.py knows the kinds that are not Python's own. */

/* Read one real number: 1 done, 0 not a number, -1 error; only 1 writes it. */
static int real(PyObject *thing, double *number)
{
    if (PyFloat_CheckExact(thing)) {
        *number = PyFloat_AS_DOUBLE(thing);
        return 1;
    }
    if (PyLong_CheckExact(thing)) {
        double whole = PyLong_AsDouble(thing);
        if (whole != -1.0 || !PyErr_Occurred()) {
            *number = whole;
            return 1;
        }
        PyErr_Clear(); /* too large: the Python code says so */
    }
    PyObject *result = PyObject_CallMethod(reals, "real", "(O)", thing);
    if (!result)
        return -1;
    int found = result != Py_None;
    if (found)
        *number = PyFloat_AsDouble(result);
    Py_DECREF(result);
    return found;
}

/* Read data for a leaf or a gradient; raises where it is not one real number. */
static int real_data(PyObject *thing, double *number)
{
    int found = real(thing, number);
    if (found == 0)
        refuse("not_a_number", "(O)", thing);
    return found > 0 ? 0 : -1;
}
