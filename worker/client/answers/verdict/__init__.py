"""The verdict on a search: `maxima_in_queue` has the workers test it, `page` is read."""
