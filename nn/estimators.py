"""Networks as estimators of scikit-learn: for pipelines, grid searches and cross-validation.

>>> from nn.estimators import MLPClassifier
>>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["no", "yes", "yes", "no"]
>>> classifier = MLPClassifier((8,), activation="tanh", learning_rate_init=0.1, random_state=0)
>>> classifier.fit(X, y).predict(X).tolist()
['no', 'yes', 'yes', 'no']
"""

from nn.interop.estimators import MLPClassifier, MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
