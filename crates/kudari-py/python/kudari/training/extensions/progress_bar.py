"""A bar that shows how far training is."""

from kudari.training import extension
from kudari.training.extensions import util


class ProgressBar(extension.Extension):
    """Draws the progress of the whole training and of this epoch, speed and time left.

    Args:
        training_length: pair `(20, 'epoch')` or `(1000, 'iteration')`; None asks the stop trigger.
        update_interval: iterations between drawings.
        bar_length: in characters.
        out: stream; None is standard output, and only where that is a terminal.
    """

    def __init__(self, training_length=None, update_interval=100, bar_length=50, out=None):
        self._update_interval = update_interval
        self._bar = _TrainingBar(training_length, bar_length, out)

    def __call__(self, trainer):
        if trainer.updater.iteration % self._update_interval == 0:
            self._bar.trainer = trainer
            self._bar.update()

    def finalize(self):
        self._bar.close()


class _TrainingBar(util.ProgressBar):
    trainer = None

    def __init__(self, training_length, bar_length, out):
        super().__init__(bar_length, out)
        self._training_length = training_length

    def get_lines(self):
        updater = self.trainer.updater
        if self._training_length is None:
            self._training_length = self.trainer.stop_trigger.get_training_length()
        length, unit = self._training_length
        iteration, epoch = updater.iteration, updater.epoch_detail
        speeds = self.update_speed(iteration, epoch)
        done, speed = (iteration, speeds[0]) if unit == "iteration" else (epoch, speeds[1])
        seconds_left = max((length - done) / speed, 0.0) if speed else float("inf")
        return [
            self.bar("total", min(done / length, 1.0)),
            self.bar("this epoch", epoch - int(epoch)),
            f"{iteration:10} iter, {updater.epoch} epoch / {length} {unit}s\n",
            util.speed_line(speeds[0], seconds_left),
        ]
