"""Figures with targets and negative controls: collected, shown as a table, judged."""

import json
import math
from pathlib import Path

import tone_pictures
import harness

assert tone_pictures  # puts the folder of `harness` on the path


class Figures:
    """The figures of one row; the first object holds those of all rows."""

    def __init__(self, title=""):
        self.title, self.parts, self.rows, self.notes = title, [], [], []

    def start(self, title):
        """A new row, which is part of this."""
        self.parts.append(Figures(title))
        return self.parts[-1]

    def note(self, name, text):
        """A detail without a target, printed at once."""
        self.notes.append((name, text))
        print(f"       {name}: {text}", flush=True)

    def least(self, name, value, wanted, control=None):
        """A figure that shall be this high; its control shall not be."""
        self.add(name, value, wanted, ">=", control, lambda v: v >= wanted)

    def most(self, name, value, wanted, control=None):
        """A figure that shall be no higher; its control shall be."""
        self.add(name, value, wanted, "<=", control, lambda v: v <= wanted)

    def shown(self, name, value, control=None):
        """A figure without a target of its own."""
        self.rows.append({"name": name, "value": float(value), "wanted": "", "control": control,
                          "proves": True, "holds": True})

    def add(self, name, value, wanted, sign, control, holds):
        """A figure with what judges it."""
        proves = control is None or not holds(control)
        value = float("nan") if value is None else float(value)
        self.rows.append({"name": name, "value": value, "wanted": f"{sign} {wanted:.4g}",
                          "control": control if control is None else float(control),
                          "proves": proves, "holds": bool(holds(value)) and proves})

    def show(self):
        """Prints the table and the verdicts."""
        print(f"\n{self.title}")
        cell = lambda v: "-" if v is None else "none" if math.isnan(v) else f"{v:.3g}"
        harness.table(["figure", "value", "wanted", "control"],
                      [[r["name"], cell(r["value"]), r["wanted"], cell(r["control"])]
                       for r in self.rows])
        for r in filter(lambda r: r["wanted"], self.rows):
            detail = f"{cell(r['value'])}, wanted {r['wanted']}"
            if not r["proves"]:
                detail += f"; the control meets it too: {cell(r['control'])}"
            harness.verdict(r["name"], r["holds"], detail)
        print(flush=True)

    def hold(self):
        """Whether every figure meets its target."""
        return all(r["holds"] for part in self.parts for r in part.rows)

    def write(self, path):
        """Writes all figures and notes as JSON."""
        content = {part.title: {"figures": part.rows, "notes": part.notes} for part in self.parts}
        Path(path).write_text(json.dumps(content, indent=1))
