"""Extensions of the trainer: evaluation, logs, plots, snapshots, schedules of values and checks."""

from kudari.training.extensions import snapshot_writers
from kudari.training.extensions._snapshot import snapshot, snapshot_object
from kudari.training.extensions.computational_graph import DumpGraph
from kudari.training.extensions.evaluator import Evaluator
from kudari.training.extensions.exponential_shift import ExponentialShift
from kudari.training.extensions.fail_on_nonnumber import FailOnNonNumber
from kudari.training.extensions.inverse_shift import InverseShift
from kudari.training.extensions.linear_shift import LinearShift
from kudari.training.extensions.log_report import LogReport
from kudari.training.extensions.micro_average import MicroAverage
from kudari.training.extensions.multistep_shift import MultistepShift
from kudari.training.extensions.notebook import NotebookPlot, PrintReportNotebook
from kudari.training.extensions.parameter_statistics import ParameterStatistics
from kudari.training.extensions.plot_report import PlotReport
from kudari.training.extensions.polynomial_shift import PolynomialShift
from kudari.training.extensions.print_report import PrintReport
from kudari.training.extensions.progress_bar import ProgressBar
from kudari.training.extensions.step_shift import StepShift
from kudari.training.extensions.value_observation import observe_lr, observe_value
from kudari.training.extensions.variable_statistics_plot import VariableStatisticsPlot
from kudari.training.extensions.variable_unchain import unchain_variables
from kudari.training.extensions.warmup_shift import WarmupShift

dump_graph = DumpGraph  # the name in older programs

__all__ = [
    "DumpGraph",
    "Evaluator",
    "ExponentialShift",
    "FailOnNonNumber",
    "InverseShift",
    "LinearShift",
    "LogReport",
    "MicroAverage",
    "MultistepShift",
    "NotebookPlot",
    "ParameterStatistics",
    "PlotReport",
    "PolynomialShift",
    "PrintReport",
    "PrintReportNotebook",
    "ProgressBar",
    "StepShift",
    "VariableStatisticsPlot",
    "WarmupShift",
    "dump_graph",
    "observe_lr",
    "observe_value",
    "snapshot",
    "snapshot_object",
    "snapshot_writers",
    "unchain_variables",
]
