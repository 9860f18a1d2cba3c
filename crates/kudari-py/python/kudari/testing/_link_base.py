"""What the test cases of links share."""

from kudari.testing._comparison import LinkTestError, require_arrays, require_variables
from kudari.testing.array import _as_noncontiguous_array


class LinkTestBase:
    """Makes a link, its parameters and its inputs by the methods that the test case defines."""

    backend_config = None
    contiguous = None
    param_names = ()

    def before_test(self, test_name):
        """Called before each test; may raise unittest.SkipTest."""

    def generate_params(self):
        """A tuple of initializers or arrays, one for each argument of `create_link`."""
        raise NotImplementedError("generate_params is not implemented.")

    def generate_inputs(self):
        """A tuple of arrays."""
        raise NotImplementedError("generate_inputs is not implemented.")

    def create_link(self, initializers):
        """The link, with these initializers."""
        raise NotImplementedError("create_link is not implemented.")

    def forward(self, link, inputs, device):
        """The outputs of the link for a tuple of variables, as a tuple."""
        outputs = link(*inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    def _params(self):
        params = self.generate_params()
        if not isinstance(params, (tuple, list)):
            raise TypeError("`generate_params` must return a tuple or a list.")
        return params

    def _create_initialized_link(self, initializers):
        """A link whose parameters have their shapes after a first call, the inputs of that call and its
        outputs."""
        from kudari import Link, Variable

        link = self.create_link(initializers)
        if not isinstance(link, Link):
            raise TypeError(f"`create_link` must return a Link object, got {type(link).__name__}.")
        link.to_device(self.backend_config.device)
        inputs = self._laid_out(require_arrays(self.generate_inputs(), "generate_inputs"))
        outputs = self._forward(link, [Variable(x) for x in inputs])
        link.cleargrads()
        return link, inputs, outputs

    def _forward(self, link, inputs):
        with self.backend_config:
            outputs = self.forward(link, tuple(inputs), self.backend_config.device)
        return require_variables(outputs, "forward", LinkTestError)

    def _param(self, link, name):
        param = getattr(link, name, None)
        if param is None:
            raise LinkTestError(f"Link does not have a parameter named '{name}'.")
        return param

    def _laid_out(self, arrays):
        arrays = self.backend_config.get_array(arrays)
        return arrays if self.contiguous == "C" else _as_noncontiguous_array(arrays)
