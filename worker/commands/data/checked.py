"""A snapshot file that `arbtune data check` has checked; polars and rich come with this module."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from arbitrage.data.check.cautions import cautions, why_nothing_opens
from arbitrage.data.check.costs import Costs
from arbitrage.data.check.document import FileCheck
from arbitrage.data.check.file_check import check_file
from arbitrage.data.check.shown.text import print_check
from arbitrage.data.check.spec_to_try import spec_text, spec_to_try
from arbitrage.errors import ArbtuneError, DataError
from arbitrage.shell.console import warn
from worker.client.sweeps.data_place import name_in_root
from worker.settings import Settings


@dataclass(frozen=True)
class Checked:
    """What there is to say of a file, in each of the ways it can be said.

    Attributes:
        check: What was found.
        costs: What one execution is taken to cost.
        shown_file: The file as a spec would name it.
    """

    check: FileCheck
    costs: Costs
    shown_file: str

    @classmethod
    def of(cls, file: str, costs: Costs, settings: Settings) -> Self:
        """Check the file.

        Raises:
            DataError: It is not there, or cannot be used.
        """
        try:
            check = check_file(file, costs.total_bps, settings.data_limits)
        except FileNotFoundError as error:  # whose sentence is that of a job
            raise DataError(str(error)) from error
        return cls(check, costs, name_in_root(check.data_file, settings.data_root))

    def print_text(self) -> None:
        """Print it for people."""
        print_check(self.check, cautions(self.check))

    def print_json(self) -> None:
        """Print one JSON object."""
        spec = spec_to_try(self.check, self.costs, self.shown_file)
        document = {**self.check.as_json(), "cautions": [*cautions(self.check)], "spec": spec}
        print(json.dumps(document, ensure_ascii=False, allow_nan=False))

    def print_spec(self) -> None:
        """Print a sweep spec to begin with.

        Raises:
            ArbtuneError: No sweep would trade.
        """
        spec = spec_to_try(self.check, self.costs, self.shown_file)
        if spec is None:
            raise ArbtuneError(f"there is no sweep to suggest: {why_nothing_opens(self.check)}")
        if not self.costs.total_bps:
            warn("the costs in this spec are 0, as on no venue: pass --cost, or write them into it")
        print(spec_text(self.check, spec))
