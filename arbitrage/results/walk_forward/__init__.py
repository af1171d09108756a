"""Walk-forward: tests a sweep's chosen config on rows that played no part in choosing it.

`windows` divides a file by time: each fold trains on some rows and is tested on those that follow.
`choosing` takes the best config of the training rows; `walking` goes from fold to fold and runs the
chosen ones on the test rows; `stitching` has their profit over time. `outcome` is the document.
"""
