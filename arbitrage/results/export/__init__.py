"""The rows of a sweep as one file for other programs.

`exporting` is the door: it chooses the format by the file's name. `tables` writes CSV and Parquet,
`result_documents` JSON lines, and `optuna_journal` a journal of the trials that `trials` chooses.
"""
