"""The ways to find clusters, for a window that imports no more than their names."""

METHODS = {"kmeans": "k-means", "mixture": "Gaussian mixture (EM)", "hdbscan": "HDBSCAN"}
