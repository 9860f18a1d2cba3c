"""Drawing of the graph behind a variable, in Graphviz's DOT language."""

import heapq

from kudari import variable

_VARIABLE_STYLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}
_FUNCTION_STYLE = {"shape": "record", "fillcolor": "#6495ED", "style": "filled"}


def _is_variable_node(node):
    return hasattr(node, "creator_node")


def _is_function_node(node):
    return hasattr(node, "inputs") and hasattr(node, "rank")


class ComputationalGraph:
    """Nodes (of variables and functions) and edges (pairs of nodes, along the forward computation).

    Args:
        variable_style, function_style: dictionaries of DOT attributes; 'default', or None for DOT's own look.
        rankdir: direction of drawing, one of TB, BT, LR, RL.
        remove_variable: draw functions only.
        show_name: put the names of variables in front of their shapes.
    """

    def __init__(
        self,
        nodes,
        edges,
        variable_style="default",
        function_style="default",
        rankdir="TB",
        remove_variable=False,
        show_name=True,
    ):
        if rankdir not in ("TB", "BT", "LR", "RL"):
            raise ValueError(f"rankdir is {rankdir!r}.\nUse 'TB', 'BT', 'LR' or 'RL'.")
        self.nodes = nodes
        self.edges = edges
        self.variable_style = _style(variable_style, _VARIABLE_STYLE)
        self.function_style = _style(function_style, _FUNCTION_STYLE)
        self.rankdir = rankdir
        self.remove_variable = remove_variable
        self.show_name = show_name

    def dump(self, format="dot"):
        """The graph as text; only 'dot' is there."""
        if format != "dot":
            raise NotImplementedError(f"Graphs cannot be written as {format!r}.\nUse format='dot'.")
        nodes, edges = self.nodes, self.edges
        if self.remove_variable:
            nodes, edges = _functions_only(nodes, edges)
        # Numbers instead of addresses: the same model gives the same file.
        ids = {node: f"n{number}" for number, node in enumerate(nodes)}
        lines = [f"digraph graphname{{rankdir={self.rankdir};"]
        lines += [f"{ids[node]} [{self._attributes(node)}];" for node in nodes]
        lines += [f"{ids[tail]} -> {ids[head]};" for tail, head in edges]
        return "\n".join(lines) + "\n}\n"

    def _attributes(self, node):
        if _is_variable_node(node):
            named = self.show_name and node.name is not None
            attributes = {"label": f"{node.name}: {node.label}" if named else node.label, "shape": "oval"}
            attributes.update(self.variable_style)
        else:
            attributes = {"label": node.label, "shape": "box"}
            attributes.update(self.function_style)
        return ",".join(f'{key}="{_quoted(value)}"' for key, value in attributes.items())


def _style(style, default):
    if style == "default":
        return dict(default)
    return {} if style is None else style


def _quoted(value):
    return str(value).replace("\\", "\\\\").replace('"', '\\"')


def _functions_only(nodes, edges):
    """Join each function to those that take its outputs."""
    takers = {}
    for tail, head in edges:
        if _is_variable_node(tail):
            takers.setdefault(tail, []).append(head)
    joined = {}
    for tail, head in edges:
        if _is_function_node(tail):
            for taker in takers.get(head, []):
                joined[tail, taker] = None
    return [node for node in nodes if _is_function_node(node)], list(joined)


def build_computational_graph(
    outputs,
    remove_split=True,
    variable_style="default",
    function_style="default",
    rankdir="TB",
    remove_variable=False,
    show_name=True,
):
    """The graph that computed `outputs`: a variable or a node, or a sequence of those. Other arguments: the
    class above.
    """
    if not remove_split:
        raise ValueError("remove_split=False is not supported.\nLeave the argument out.")
    nodes, edges = {}, {}  # dictionaries as ordered sets
    waiting = []
    pushed = 0

    def push(node):
        nonlocal pushed
        heapq.heappush(waiting, (-node.rank, pushed, node))
        pushed += 1

    for output in outputs if isinstance(outputs, (list, tuple)) else [outputs]:
        node = output.node if isinstance(output, variable.Variable) else output
        if not (_is_variable_node(node) or _is_function_node(node)):
            raise TypeError(f"outputs holds a {type(output).__name__}.\nGive variables or nodes of a graph.")
        nodes[node] = None
        push(node)
    while waiting:
        _, _, node = heapq.heappop(waiting)
        if _is_variable_node(node):
            sources = [] if node.creator_node is None else [node.creator_node]
        else:
            sources = node.inputs
        for source in sources:
            if (source, node) not in edges:
                edges[source, node] = None
                nodes[source] = None
                push(source)
    return ComputationalGraph(
        list(nodes), list(edges), variable_style, function_style, rankdir, remove_variable, show_name
    )
