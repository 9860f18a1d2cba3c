"""The paths of Chainer's modules, so that an import of one is told from a misspelt one."""

_FILES = {
    "functions.activation": (
        "clipped_relu crelu elu hard_sigmoid leaky_relu log_softmax maxout prelu relu rrelu selu sigmoid "
        "softmax softplus swish tanh"
    ),
    "functions.array": (
        "as_strided broadcast cast concat copy depth2space diagonal dstack expand_dims flatten flip "
        "fliplr flipud get_item hstack im2col moveaxis pad pad_sequence permutate repeat reshape "
        "resize_images rollaxis scatter_add select_item separate space2depth spatial_transformer_grid "
        "spatial_transformer_sampler split_axis squeeze stack swapaxes tile transpose transpose_sequence "
        "vstack where"
    ),
    "functions.connection": (
        "bilinear convolution_2d convolution_nd deconvolution_2d deconvolution_nd "
        "deformable_convolution_2d_sampler depthwise_convolution_2d dilated_convolution_2d embed_id "
        "linear local_convolution_2d shift"
    ),
    "functions.evaluation": "accuracy binary_accuracy classification_summary r2_score",
    "functions.loss": (
        "absolute_error black_out contrastive crf1d cross_covariance ctc decov discriminative_loss hinge "
        "huber_loss mean_absolute_error mean_squared_error negative_sampling sigmoid_cross_entropy "
        "softmax_cross_entropy squared_error triplet vae"
    ),
    "functions.math": (
        "arctanh average basic_math batch_l2_norm_squared bias ceil cholesky clip cumprod cumsum det "
        "digamma einsum erf erfc erfcinv erfcx erfinv exponential exponential_m1 fft fix floor fmod "
        "hyperbolic identity inv lgamma linear_interpolate log_ndtr logarithm_1p logsumexp matmul maximum "
        "minimum minmax ndtr ndtri polygamma prod scale sign sparse_matmul sqrt square sum tensordot "
        "trigonometric zeta"
    ),
    "functions.noise": "dropout gaussian gumbel_softmax simplified_dropconnect zoneout",
    "functions.normalization": (
        "batch_normalization batch_renormalization decorrelated_batch_normalization group_normalization "
        "l2_normalization layer_normalization local_response_normalization"
    ),
    "functions.pooling": (
        "average_pooling_2d average_pooling_nd max_pooling_nd pooling_2d pooling_nd roi_average_align_2d "
        "roi_average_pooling_2d roi_max_align_2d roi_max_pooling_2d roi_pooling_2d "
        "spatial_pyramid_pooling_2d unpooling_2d unpooling_nd upsampling_2d max_pooling_2d"
    ),
    "functions.rnn": "lstm n_step_gru n_step_lstm n_step_rnn slstm tree_lstm",
    "functions.util": "forget",
    "links.activation": "maxout prelu simplified_dropconnect swish",
    "links.connection": (
        "bias bilinear convolution_2d convolution_nd deconvolution_2d deconvolution_nd "
        "deformable_convolution_2d depthwise_convolution_2d dilated_convolution_2d embed_id highway "
        "inception inceptionbn linear local_convolution_2d mlp_convolution_2d parameter scale"
    ),
    "links.loss": "black_out crf1d hierarchical_softmax negative_sampling",
    "links.model": "classifier",
    "links.normalization": (
        "batch_normalization batch_renormalization decorrelated_batch_normalization group_normalization "
        "layer_normalization"
    ),
    "links.rnn": "gru lstm mgu n_step_gru n_step_lstm n_step_rnn peephole tree_lstm zoneoutlstm",
    "datasets": (
        "cifar concatenated_dataset dict_dataset fashion_mnist image_dataset kuzushiji_mnist mnist "
        "pickle_dataset ptb sub_dataset svhn text_dataset transform_dataset tuple_dataset"
    ),
    "dataset": "convert dataset_mixin download iterator",
    "function_hooks": "debug_print timer",
    "initializers": "constant normal orthogonal sampling uniform",
    "iterators": "multiprocess_iterator multithread_iterator order_samplers serial_iterator",
    "link_hooks": "spectral_normalization timer weight_standardization",
    "optimizer_hooks": (
        "gradient_clipping gradient_hard_clipping gradient_lars gradient_noise lasso weight_decay"
    ),
    "optimizers": (
        "ada_delta ada_grad adam corrected_momentum_sgd momentum_sgd msvag nesterov_ag rmsprop "
        "rmsprop_graves sgd smorms3"
    ),
    "serializers": "hdf5 npz",
    "training": "extension trainer trigger updater util",
    "training.extensions": (
        "_snapshot computational_graph evaluator exponential_shift fail_on_nonnumber inverse_shift "
        "linear_shift log_report micro_average multistep_shift parameter_statistics plot_report "
        "polynomial_shift print_report progress_bar snapshot_writers step_shift value_observation "
        "variable_statistics_plot variable_unchain warmup_shift"
    ),
    "training.triggers": (
        "early_stopping_trigger interval_trigger manual_schedule_trigger minmax_value_trigger "
        "once_trigger time_trigger"
    ),
    "training.updaters": "standard_updater",
    "testing": (
        "array attr condition function_link helper matrix parameterized random serializer training "
        "unary_math_function_test"
    ),
    "utils": "argument array cache conv conv_nd experimental meta precision sparse type_check walker_alias",
}

PACKAGES = {f"chainer.{package}" for package in _FILES} | {
    "chainer.functions",
    "chainer.links",
    "chainer.backends",
}
MODULES = {f"chainer.{package}.{file}" for package, files in _FILES.items() for file in files.split()}
