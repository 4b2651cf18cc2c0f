"""Operations of the API, for whoever writes them: how one is declared, what its handler sees, how it answers.

The API puts its gate before every operation, its own and those of the modules that protections name (`api` in
`kernel.protection`): the key is checked and counted, its scope is there, and an Idempotency-Key is honoured. No handler
can be reached without, and none asks for itself.
"""
