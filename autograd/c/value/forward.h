/* Applying rows to operands, and the operators. */

#define FORWARD_CASE(name, domain, ...) \
    case OP_##name: \
        if (!(domain)) \
            return 0; \
        *result = op_##name(x, y, 0.0); \
        return 1;

static int unary_forward(int code, double x, double *result)
{
    const double y = 0.0;
    switch (code) {
        UNARY_ROWS(FORWARD_CASE)
    }
    return 0;
}

static inline int binary_forward(int code, double x, double y, double *result)
{
    switch (code) {
        BINARY_ROWS(FORWARD_CASE)
    }
    return 0;
}

/* Return Values and floats as they are, and any other real number as a float. */
static PyObject *exact_operand(Function *function, PyObject *operand)
{
    if (IS_VALUE(operand) || PyFloat_CheckExact(operand))
        return Py_NewRef(operand);
    double number;
    int found = real(operand, &number);
    if (found == 0)
        return refuse("bad_operand", "(OO)", function->name, operand);
    return found < 0 ? NULL : PyFloat_FromDouble(number);
}

static PyObject *exact_operands(Function *function, PyObject *const *args, Py_ssize_t n)
{
    PyObject *operands = PyTuple_New(n);
    for (Py_ssize_t k = 0; operands && k < n; k++) {
        PyObject *operand = exact_operand(function, args[k]);
        if (!operand)
            Py_CLEAR(operands);
        else
            PyTuple_SET_ITEM(operands, k, operand);
    }
    return operands;
}

static int has_value(PyObject *operands)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(operands); k++)
        if (IS_VALUE(PyTuple_GET_ITEM(operands, k)))
            return 1;
    return 0;
}

/* Return the numbers of the operands, and `out` behind them if it is given, as a tuple. */
static PyObject *numbers_of(PyObject *operands, const double *out)
{
    Py_ssize_t n = PyTuple_GET_SIZE(operands), all = out ? n + 1 : n;
    PyObject *numbers = PyTuple_New(all);
    for (Py_ssize_t k = 0; numbers && k < all; k++) {
        double x = out && k == n ? *out : number_of(PyTuple_GET_ITEM(operands, k));
        PyObject *number = PyFloat_FromDouble(x);
        if (!number)
            Py_CLEAR(numbers);
        else
            PyTuple_SET_ITEM(numbers, k, number);
    }
    return numbers;
}

/* Say why the forward function of a row refused its operands, if it did. */
static void word_refusal(Function *function, PyObject *operands)
{
    if (PyErr_ExceptionMatches(PyExc_ZeroDivisionError)) {
        PyErr_Clear();
        refuse("division_by_zero", "(OO)", function->name, operands);
    } else if (PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        refuse("outside_domain", "(OOO)", function->name, function->domain, operands);
    }
}

/* Apply a row through its Python forward function; steals the tuple of exact operands. */
static PyObject *apply_row(Function *function, PyObject *operands)
{
    PyObject *numbers = numbers_of(operands, NULL);
    PyObject *result = numbers ? PyObject_CallObject(function->forward, numbers) : NULL;
    Py_XDECREF(numbers);
    if (!result) {
        word_refusal(function, operands);
        Py_DECREF(operands);
        return NULL;
    }
    if (!has_value(operands)) {
        Py_DECREF(operands);
        return result;
    }
    double data = PyFloat_AsDouble(result);
    Py_DECREF(result);
    if (data == -1.0 && PyErr_Occurred()) {
        Py_DECREF(operands);
        return NULL;
    }
    int collected = (function->encloses && !function->lasting) || any_collected(operands);
    Node *node = collected ? new_collected(GENERIC, data) : new_node(GENERIC, data);
    if (!node) {
        Py_DECREF(operands);
        return NULL;
    }
    node->a = Py_NewRef(function);
    node->b = operands;
    return created(node);
}

static PyObject *apply_unary(int code, PyObject *operand)
{
    double data;
    if (IS_VALUE(operand)) {
        if (unary_forward(code, NODE(operand)->data, &data)) {
            Node *node = is_collected(operand) ? new_collected(code, data) : new_node(code, data);
            if (!node)
                return NULL;
            node->a = Py_NewRef(operand);
            return created(node);
        }
    } else if (PyFloat_CheckExact(operand)) {
        if (unary_forward(code, PyFloat_AS_DOUBLE(operand), &data))
            return PyFloat_FromDouble(data);
    }
    Function *function = (Function *)functions[code];
    PyObject *exact = exact_operand(function, operand);
    if (exact && exact != operand && unary_forward(code, PyFloat_AS_DOUBLE(exact), &data)) {
        Py_DECREF(exact);
        return PyFloat_FromDouble(data);
    }
    PyObject *operands = exact ? PyTuple_Pack(1, exact) : NULL;
    Py_XDECREF(exact);
    return operands ? apply_row(function, operands) : NULL;
}

/* Record x ∘ y, where a side that is not a Value is given by its number alone. */
static PyObject *record_binary(int code, PyObject *left, double x, PyObject *right, double y)
{
    double data;
    if (!binary_forward(code, x, y, &data)) {
        PyObject *l = left ? Py_NewRef(left) : PyFloat_FromDouble(x);
        PyObject *r = right ? Py_NewRef(right) : PyFloat_FromDouble(y);
        PyObject *operands = l && r ? PyTuple_Pack(2, l, r) : NULL;
        Py_XDECREF(l);
        Py_XDECREF(r);
        return operands ? apply_row((Function *)functions[code], operands) : NULL;
    }
    int collected = is_collected(left) || is_collected(right);
    Node *node = collected ? new_collected(code, data) : new_node(code, data);
    if (!node)
        return NULL;
    if (left)
        node->a = Py_NewRef(left);
    else
        node->a_number = x, node->flags = A_NUMBER;
    if (right)
        node->b = Py_NewRef(right);
    else
        node->b_number = y, node->flags |= B_NUMBER;
    return created(node);
}

/* Read an operand of an operator: 1 done, 0 leave it to the other side, -1 error. */
static int operator_operand(int code, PyObject *operand, double *number)
{
    int found = real(operand, number);
    if (found)
        return found;
    PyObject *foreign = PyObject_CallMethod(reals, "is_foreign", "(O)", operand);
    if (!foreign)
        return -1;
    int other_may_know = PyObject_IsTrue(foreign);
    Py_DECREF(foreign);
    if (other_may_know)
        return 0;
    refuse("bad_operand", "(sO)", code_names[code], operand);
    return -1;
}

static PyObject *apply_binary(int code, PyObject *left, PyObject *right)
{
    int l = IS_VALUE(left), r = IS_VALUE(right);
    if (l && r)
        return record_binary(code, left, NODE(left)->data, right, NODE(right)->data);
    double number;
    PyObject *other = l ? right : left;
    if (PyFloat_CheckExact(other)) {
        number = PyFloat_AS_DOUBLE(other);
    } else {
        int found = operator_operand(code, other, &number);
        if (found < 0)
            return NULL;
        if (found == 0)
            Py_RETURN_NOTIMPLEMENTED;
    }
    if (l)
        return record_binary(code, left, NODE(left)->data, NULL, number);
    return record_binary(code, NULL, number, right, NODE(right)->data);
}

/* An operator between two Values, or a Value and a float, where nobody watches: what programs do
 * most of the time, compiled for each operator apart. */
INLINE PyObject *operate(int code, PyObject *left, PyObject *right)
{
    int l = IS_VALUE(left), r = IS_VALUE(right);
    if (watcher || !(l || PyFloat_CheckExact(left)) || !(r || PyFloat_CheckExact(right)))
        return apply_binary(code, left, right);
    double data, x = l ? NODE(left)->data : PyFloat_AS_DOUBLE(left);
    double y = r ? NODE(right)->data : PyFloat_AS_DOUBLE(right);
    if ((l && NODE(left)->collected) || (r && NODE(right)->collected) ||
        !binary_forward(code, x, y, &data))
        return apply_binary(code, left, right);
    Node *node = new_node(code, data);
    if (!node)
        return NULL;
    node->flags = (l ? 0 : A_NUMBER) | (r ? 0 : B_NUMBER);
    if (l)
        node->a = Py_NewRef(left);
    else
        node->a_number = x;
    if (r)
        node->b = Py_NewRef(right);
    else
        node->b_number = y;
    return (PyObject *)node;
}

#define BINARY_SLOT(SLOT, CODE) \
    static PyObject *SLOT(PyObject *left, PyObject *right) \
    { \
        return operate(CODE, left, right); \
    }
BINARY_SLOT(value_add, OP_add)
BINARY_SLOT(value_sub, OP_sub)
BINARY_SLOT(value_mul, OP_mul)
BINARY_SLOT(value_div, OP_div)

static PyObject *value_pow(PyObject *left, PyObject *right, PyObject *modulus)
{
    if (modulus != Py_None)
        Py_RETURN_NOTIMPLEMENTED;
    return operate(OP_pow, left, right);
}

static PyObject *value_neg(PyObject *self)
{
    return apply_unary(OP_neg, self);
}

static PyObject *value_abs(PyObject *self)
{
    return apply_unary(OP_abs, self);
}
