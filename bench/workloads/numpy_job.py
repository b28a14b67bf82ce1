"""A numpy job: whole-array steps over 16 MB arrays, few Python objects, many temporaries."""

import numpy as np
import pyperf


def job(rows: int) -> float:
    rng = np.random.default_rng(2013)
    table = rng.standard_normal((rows, 16))
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    wide = np.hstack([table, table**2, np.sqrt(np.abs(table))])
    covariance = wide.T @ wide / rows
    values, vectors = np.linalg.eigh(covariance)
    scores = wide @ vectors[:, values > np.median(values)]
    distances = np.sqrt((scores**2).sum(axis=1))
    kept = scores[distances < np.percentile(distances, 95)]
    spectrum = np.abs(np.fft.rfft(np.sort(kept, axis=0), axis=0))
    return float(np.round(spectrum.sum(), 3))


if __name__ == "__main__":
    pyperf.Runner().bench_func("numpy_job", job, 131_072)
