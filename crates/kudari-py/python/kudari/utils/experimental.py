"""The mark of an interface that may still change."""


def experimental(api_name):
    """Warns with FutureWarning that `api_name` may change, unless `disable_experimental_feature_warning` is
    set.

    The switch is an attribute of the package: `kudari.disable_experimental_feature_warning = True`.
    """
    import kudari

    if not getattr(kudari, "disable_experimental_feature_warning", False):
        import warnings

        warnings.warn(
            f"{api_name} is experimental. The interface can change in the future.",
            FutureWarning,
            stacklevel=2,
        )
