/* The type Value. */

static PyGetSetDef value_attributes[] = {
    {"data", get_data, set_data, "The number; writable on leaves only.", NULL},
    {"grad", get_grad, set_grad,
     "The derivative of the last root by this node; on a leaf, the sum over all passes.", NULL},
    {"label", get_label, value_set_label, "The name shown in messages, formulas and pictures.",
     NULL},
    {"op", get_op, NULL, "The name of the primitive that made this node; \"\" for a leaf.", NULL},
    {"constant", get_constant, NULL, "Whether this is a number that was used as an operand.", NULL},
    {"parents", get_parents, NULL,
     "The operands in order, repeated where an operand is; () for a leaf.", NULL},
    {"operands", get_operands, NULL,
     "The operands in order as they are kept: a constant may still be a plain float.", NULL},
    {"partials", get_partials, NULL, "d self/d parent for each parent, 0.0 for a constant.", NULL},
    {"_data", get_unwatched_data, NULL, NULL, NULL},
    {"_family", get_family, NULL, NULL, NULL},
    {"_index", get_index, NULL, NULL, NULL},
    {"_lent", get_lent, set_lent, NULL, NULL},
    {"_partials", get_unwatched_partials, NULL, NULL, NULL},
    {0},
};

static PyMemberDef value_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Node, weakrefs), READONLY, NULL},
    {0},
};

PyDoc_STRVAR(backward_doc,
             "backward($self, /, seed=1.0)\n--\n\n"
             "Add seed * d self/d leaf to the .grad of every leaf this node depends on.\n\n"
             "The .grad of computed nodes is set afresh by each call. Nothing is changed if an\n"
             "error is raised: StaleGraphError where a leaf was changed after its use,\n"
             "ZeroDivisionError or DomainError where a local partial does not exist.");

static PyMethodDef value_methods[] = {
    {"backward", (PyCFunction)(void (*)(void))value_backward, METH_VARARGS | METH_KEYWORDS,
     backward_doc},
    {"__complex__", value_complex, METH_NOARGS, NULL},
    {"__format__", value_format, METH_O, NULL},
    {"__init_subclass__", (PyCFunction)(void (*)(void))value_init_subclass,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, NULL},
    {0},
};

PyDoc_STRVAR(value_doc,
             "Value(data, label='')\n--\n\n"
             "One number in a computation graph, and the derivative of a result by it.\n\n"
             "Value(data, label=\"\") starts a leaf. Operators and functions of Values make new\n"
             "nodes which remember their operands, and backward walks them in reverse, adding\n"
             "up d root/d node = sum of d root/d user * d user/d node.");

static PyType_Slot value_slots[] = {
    {Py_tp_doc, (void *)value_doc},
    {Py_tp_new, SLOT(value_new)},
    {Py_tp_dealloc, SLOT(value_dealloc)},
    {Py_tp_traverse, SLOT(value_traverse)},
    {Py_tp_clear, SLOT(value_clear)},
    {Py_tp_is_gc, SLOT(value_is_gc)},
    {Py_tp_repr, SLOT(value_repr)},
    {Py_tp_richcompare, SLOT(value_compare)},
    {Py_tp_hash, NULL}, /* filled in: identity */
    {Py_tp_methods, value_methods},
    {Py_tp_getset, value_attributes},
    {Py_tp_members, value_members},
    {Py_nb_add, SLOT(value_add)},
    {Py_nb_subtract, SLOT(value_sub)},
    {Py_nb_multiply, SLOT(value_mul)},
    {Py_nb_true_divide, SLOT(value_div)},
    {Py_nb_power, SLOT(value_pow)},
    {Py_nb_negative, SLOT(value_neg)},
    {Py_nb_absolute, SLOT(value_abs)},
    {Py_nb_bool, SLOT(value_bool)},
    {Py_nb_float, SLOT(value_float)},
    {Py_nb_int, SLOT(value_int)},
    {0, NULL},
};

static PyType_Spec value_spec = {
    .name = "autograd.Value",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = value_slots,
};
