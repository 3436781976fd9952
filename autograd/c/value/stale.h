/* Whether a node is older than the number of a leaf that it used. */

static PyObject *stale_operand(PyObject *operand, uint64_t stamp)
{
    int is_stale =
        operand && IS_VALUE(operand) && NODE(operand)->code == LEAF && NODE(operand)->stamp > stamp;
    return is_stale ? operand : NULL;
}

static PyObject *stale_in(PyObject *tuple, uint64_t stamp)
{
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple); k++)
        if (stale_operand(PyTuple_GET_ITEM(tuple, k), stamp))
            return PyTuple_GET_ITEM(tuple, k);
    return NULL;
}

/* The operands of a family are looked at once, for they are those of all its nodes. */
static PyObject *stale_in_family(Node *node)
{
    Family *family = FAMILY(node);
    if (family->fresh != now || node->stamp < family->age) {
        PyObject *leaf = stale_in(family->values, node->stamp);
        if (leaf)
            return leaf;
        family->fresh = now;
        family->age = node->stamp;
    }
    return stale_operand(right_of(node), node->stamp);
}

/* Return a leaf that was written after this node had used it, or NULL. */
static PyObject *stale_leaf(Node *node)
{
    PyObject *leaf = NULL;
    if (node->stamp >= now || node->code == LEAF)
        return NULL;
    if (is_member(node))
        return stale_in_family(node);
    if (!has_tuples(node)) {
        leaf = stale_operand(left_of(node), node->stamp);
        return leaf ? leaf : stale_operand(right_of(node), node->stamp);
    }
    if (node->code == DOT)
        leaf = stale_in(node->a, node->stamp);
    if (!leaf)
        leaf = stale_in(node->b, node->stamp);
    if (!leaf && node->code == DOT && !(node->flags & C_NUMBER))
        leaf = stale_operand(BIAS(node), node->stamp);
    return leaf;
}

static int require_fresh(Node *node)
{
    PyObject *leaf = stale_leaf(node);
    if (!leaf)
        return 0;
    refuse("stale", "(OO)", leaf, node);
    return -1;
}
