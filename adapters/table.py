"""Writes what `wireseam replay --format json` found as a table in Markdown: implementation by area of fixtures.

A cell counts fixtures; one counts as the worst of its trials: `27 ok, 2 informational, 1 FAILED`. Fixtures in which there is
nothing to replay are not counted.
"""

import json
import pathlib
import sys

WORDS = {"OK": "ok", "INFORMATIONAL": "informational", "NON-STRICT": "non-strict", "UNIMPLEMENTED": "unimplemented",
         "FAILED": "FAILED", "NO RESULT": "no result"}


def worst(trials):
    words = ["NO RESULT" if trial["no_result"] else trial["verdict"] for trial in trials]
    return max(words, key=list(WORDS).index)


def rows(files):
    for file in map(pathlib.Path, files):
        document, label = json.loads(file.read_text()), file.with_suffix(".label")
        for implementation in document["implementations"]:
            counts = {}
            for fixture in document["fixtures"]:
                trials = [trial for trial in fixture["trials"] if trial["to"] == implementation["to"]]
                if trials:
                    area = counts.setdefault(pathlib.Path(fixture["fixture"]).parent.name, {})
                    area[worst(trials)] = area.get(worst(trials), 0) + 1
            yield label.read_text().strip() if label.exists() else implementation["name"], counts


def cell(counts):
    return "<br>".join(f"{counts[word]} {text}" for word, text in WORDS.items() if word in counts) or "-"


def main(files):
    found = list(rows(files))
    areas = sorted({area for _, counts in found for area in counts})
    print("| | " + " | ".join(areas) + " |")
    print("|---|" + "---|" * len(areas))
    for name, counts in sorted(found, key=lambda row: row[0].lower()):
        print(f"| {name} | " + " | ".join(cell(counts.get(area, {})) for area in areas) + " |")


main(sys.argv[1:])
