"""Tests that depend on chance, run several times."""

import functools
import unittest


def repeat_with_success_at_least(times, min_success):
    """A decorator of a test method: it is run up to `times` times and must succeed in `min_success` of them.

    Each run has a fresh object of the test class with its own `setUp` and `tearDown`. A skip ends the test.
    """
    assert times >= min_success, f"{min_success} successes in {times} runs are impossible."

    def decorate(method):
        @functools.wraps(method)
        def test(instance, *args, **kwargs):
            successes, failed = 0, []
            while successes < min_success:
                if len(failed) > times - min_success:
                    errors = [text for result in failed for _, text in result.failures + result.errors]
                    instance.fail(
                        f"Fail: {len(failed)}, Success: {successes}\n\nThe first error:\n{errors[0]}"
                    )
                result = _run_once(instance, method, args, kwargs)
                if result.skipped:
                    instance.skipTest(result.skipped[0][1])
                elif result.wasSuccessful():
                    successes += 1
                else:
                    failed.append(result)

        return test

    return decorate


def _run_once(instance, method, args, kwargs):
    fresh = type(instance)(instance._testMethodName)
    case = unittest.FunctionTestCase(
        lambda: method(fresh, *args, **kwargs), setUp=fresh.setUp, tearDown=fresh.tearDown
    )
    result = unittest.TestResult()
    case.run(result)
    return result


def repeat(times):
    """A decorator: the test must succeed `times` times in a row."""
    return repeat_with_success_at_least(times, times)


def retry(times):
    """A decorator: the test must succeed once in up to `times` runs."""
    return repeat_with_success_at_least(times, 1)
