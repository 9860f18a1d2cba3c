"""Worked calculations: any number of one step of training, as on paper."""

import json as _json

import numpy

from kudari import _core

__all__ = ["Explanation", "explain"]


class Explanation:
    """A worked calculation. A notebook shows it as a page; ``print`` shows it as text.

    ``text``, ``html``, ``latex`` and ``markdown`` give it in other forms, ``numbers`` all its numbers, ``check`` judges
    numbers that somebody worked out by hand, ``save`` writes a file in the form that its ending names.
    """

    def __init__(self, worked, lang):
        self._worked = worked
        self.lang = lang

    def text(self, lang=None, ascii=False, columns=110):
        """As text; ``ascii`` with the keyboard's signs only."""
        return self._worked.text(lang or self.lang, ascii, columns).rstrip("\n")

    def html(self, lang=None):
        """As a page of its own, which has both languages."""
        return self._worked.html(lang or self.lang)

    def latex(self, lang=None, body=False):
        """As a LaTeX document, or only what stands in one."""
        return self._worked.latex(lang or self.lang, body)

    def markdown(self, lang=None):
        """As Markdown with formulas."""
        return self._worked.markdown(lang or self.lang)

    def numbers(self):
        """All numbers by name, nested as the arrays are."""
        return _json.loads(self._worked.json())

    def check(self, answers, lang=None):
        """Judges numbers worked out by hand: a dictionary, or a text with a line for each, as in ``z1 = 0.6457``."""
        if isinstance(answers, dict):
            answers = "\n".join(f"{name} = {float(number)!r}" for name, number in answers.items())
        return Verdict(*self._worked.check(answers, lang or self.lang))

    def save(self, path):
        """Writes a file: .html, .tex, .md, .json or .txt."""
        import os

        ending = os.path.splitext(os.fspath(path))[1].lower()
        forms = {".html": self.html, ".tex": self.latex, ".md": self.markdown, ".json": self._worked.json, ".txt": self.text}
        if ending not in forms:
            raise ValueError(f"{path}: the ending names no form\n  expected: {', '.join(forms)}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(forms[ending]())

    def __str__(self):
        return self.text()

    def __repr__(self):
        return self.text()

    def _repr_html_(self):
        import html

        # A page in a frame keeps its style and its script to itself.
        page = html.escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:40em;border:1px solid #8884" title="worked calculation"></iframe>'

    def _repr_latex_(self):
        return self.latex(body=True)


class Verdict:
    """What somebody's own numbers are worth: ``right`` if all are, and the lines that say which are not and why."""

    def __init__(self, text, right):
        self._text = text.rstrip("\n")
        self.right = right

    def __bool__(self):
        return self.right

    def __str__(self):
        return self._text

    def __repr__(self):
        return self._text


def explain(what, x=None, t=None, *, loss="sum_squared_error", optimizer=None, learning_rate=None, seed=1, digits=4,
            carry="exact", notation=None, terms=8, only=None, unit=None, steps=1, all=False, lang="en"):
    """Works out one step of training: every number, every gradient.

    ``what`` is the name of a function or layer ("conv2d", "lstm": a tiny example), a worksheet (its path or its text), a
    network in the notation ("linear(2) sigmoid linear(1)") with samples ``x`` and targets ``t``, an estimator that
    was fitted, or a ``Sequential`` of links and functions.

    ``only`` names one gradient ("0.weight[1,2]"), ``unit`` one unit ("2:5"). ``carry="shown"`` rounds at every line as by
    hand, ``terms`` shortens longer sums (None: never), ``lang`` is "en" or "ja".
    """
    settings = {
        "digits": digits, "carry": carry, "notation": notation, "terms": terms, "only": only, "unit": unit, "steps": steps,
        "optimizer": optimizer, "learning_rate": learning_rate,
    }
    if isinstance(what, str) and x is None:
        if what.isidentifier():
            return Explanation(_core.explain_name(what, settings, all), lang)
        return Explanation(_core.explain_worksheet(what, settings), lang)
    if x is None or t is None:
        raise ValueError("a network needs samples and targets\n  give x and t, as in explain(net, [[1, 2]], [[0]])")
    x = numpy.atleast_2d(numpy.asarray(x, dtype=numpy.float64))
    network, name, loss = _network(what, x, loss, seed)
    t = numpy.asarray(t)
    if t.dtype.kind == "f" or network.outputs(x[:1].astype(numpy.float64)).shape[1:] == t.shape[1:] and t.ndim > 1:
        t = t.astype(numpy.float64).reshape(len(x), -1)
    return Explanation(_core.explain_network(network, x, t, name, loss, settings), lang)


def _network(what, x, loss, seed):
    """The engine's network for what is to be explained, its name and its loss."""
    if isinstance(what, str):
        return _core.Network(what, x.shape[1:], seed, True), what, loss
    if isinstance(what, _core.Network):
        return what, what.notation, loss
    fitted = getattr(what, "network_", None)
    if fitted is not None:
        return fitted, type(what).__name__, what.loss_name_
    from kudari.notation import network_of

    return network_of(what, x.shape[1:]), type(what).__name__, loss
