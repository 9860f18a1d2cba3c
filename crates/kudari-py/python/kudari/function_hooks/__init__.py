"""Hooks that look on while functions written in Python are computed."""

from kudari.function_hooks.debug_print import PrintHook
from kudari.function_hooks.timer import TimerHook

__all__ = ["PrintHook", "TimerHook"]
