"""The policy language: read, checked, explained, and compiled to Python and to SQL.

YAML for structure, SQL expressions for conditions, a closed tower of types and three-valued NULL. The way in is
`reader.read_policy`, which never raises for any text and says what is wrong with line, column and the way out. This
file imports nothing, so that who needs only the types does not load a YAML reader.
"""
