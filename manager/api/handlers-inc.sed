# ops.h -> the rows of the handler table.
/^OP(/!d
s/^OP(\([A-Z_0-9]*\),.*/[OP_\1] = op_\L\1,/
