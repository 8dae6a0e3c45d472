# Turns a list of words into elements of a C array.
s/[\"]/\\&/g
s/.*/"&",/
