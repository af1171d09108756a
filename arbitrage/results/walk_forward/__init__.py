"""Walk-forward: what is left of a sweep's best config on rows that it was not chosen on.

`windows` divides a file by time: each fold trains on some rows and tests on those that follow.
`choosing` takes the best config of the training rows, `judging` runs it on the test rows, `walking`
does so fold by fold. `outcome` is what comes of it, as a document.
"""
