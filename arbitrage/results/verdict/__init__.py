"""Whether the best config of a search has an edge, or is luck, or whether too little can be told.

`search` is what was tried on the data, each config once, and `winner` the best of it. `luck` tests
every config of the search, `beside` works out what stands beside that test. `judging` puts all of
it into a `verdict`, the document that is kept; `words` says it to people.
"""
