"""The table of image layer cases: one line, one case, called outside training and twice in it."""

import numpy as np
from keras import layers

FIRST, LAST = "channels_first", "channels_last"
BATCH = 3


class Images:
    """How to draw a batch of images, or one, as Keras is given them: alone or in a dict."""

    def __init__(self, shape, dtype="float32", low=0, high=255, **beside):
        self.shape, self.dtype, self.low, self.high, self.beside = shape, dtype, low, high, beside

    def draw(self, rng):
        images = rng.uniform(self.low, self.high, self.shape)
        if self.dtype == "uint8":
            images = rng.integers(0, 256, self.shape)
        images = images.astype(self.dtype)
        if not self.beside:
            return images
        lead = self.shape[:-3]
        first = self.beside.get("layout") == FIRST
        height, width = self.shape[-2:] if first else self.shape[-3:-1]
        data = {"images": images}
        if self.beside.get("labels"):
            data["labels"] = np.eye(4, dtype="float32")[rng.integers(0, 4, lead)]
        if self.beside.get("boxes"):
            found = np.sort(rng.uniform(-0.1, 1.1, (*lead, 3, 2, 2)), axis=-2)
            scale = np.array([width, height] * 2 if not self.beside.get("relative") else [1.0] * 4)
            boxes = found.reshape(*lead, 3, 4) * scale
            data["bounding_boxes"] = {"boxes": boxes.astype("float32"),
                                      "labels": rng.integers(0, 5, (*lead, 3)).astype("int32")}
        if self.beside.get("masks"):
            shape = (*lead, 1, height, width) if first else (*lead, height, width, 1)
            data["segmentation_masks"] = rng.integers(0, 3, shape).astype("uint8")
        return data


def batch(height=6, width=5, channels=3, **options):
    return Images((BATCH, height, width, channels), **options)


def first(height=6, width=5, channels=3, **options):
    return Images((BATCH, channels, height, width), **options)


def one(height=6, width=5, channels=3, **options):
    return Images((height, width, channels), **options)


def bytes_(height=6, width=5, channels=3):
    return Images((BATCH, height, width, channels), "uint8")


EVERYTHING = {"labels": True, "boxes": True, "masks": True}


class Row:
    def __init__(self, layer, images, build):
        self.layer, self.images, self.build = layer, images, build


ROWS = []


def row(layer, images, build=None, **config):
    ROWS.append(Row(layer, images, build or (lambda: getattr(layers, layer)(**config))))


def varied(layer, boxes=True, masks=True, **config):
    """What most random layers are recorded with: both layouts, one image, dicts."""
    row(layer, batch(), seed=1, **config)
    row(layer, first(), seed=2, data_format=FIRST, **config)
    row(layer, one(), seed=3, **config)
    beside = {"labels": True, "boxes": boxes, "masks": masks}
    row(layer, batch(**beside), seed=4, bounding_box_format="xyxy", **config)
    row(layer, one(**beside), seed=5, bounding_box_format="xyxy", **config)


# Sizes.
for options in [{}, {"interpolation": "nearest"}, {"interpolation": "bicubic"},
                {"interpolation": "lanczos3"}, {"interpolation": "lanczos5"}, {"antialias": True},
                {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True, "fill_value": 9.0}]:
    row("Resizing", batch(), height=4, width=7, **options)
row("Resizing", bytes_(), height=12, width=10)
row("Resizing", bytes_(), height=4, width=4, interpolation="bicubic")
row("Resizing", first(), height=4, width=7, data_format=FIRST)
row("Resizing", one(), height=8, width=8)
row("Resizing", batch(), height=4, width=7, dtype="mixed_bfloat16")
for options in [{}, {"crop_to_aspect_ratio": True}, {"pad_to_aspect_ratio": True}]:
    row("Resizing", batch(**EVERYTHING), height=4, width=9, bounding_box_format="xyxy", **options)
for form in ["yxyx", "xywh", "center_xywh", "center_yxhw"]:
    row("Resizing", batch(boxes=True), height=4, width=9, bounding_box_format=form)
for form in ["rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"]:
    row("Resizing", batch(boxes=True, relative=True), height=4, width=9, bounding_box_format=form)
row("Resizing", one(**EVERYTHING), height=4, width=9, bounding_box_format="xyxy")
for size in [(4, 3), (8, 3), (8, 9), (3, 9)]:
    row("CenterCrop", batch(), height=size[0], width=size[1])
    row("CenterCrop", batch(**EVERYTHING), height=size[0], width=size[1],
        bounding_box_format="xyxy")
row("CenterCrop", first(), height=3, width=4, data_format=FIRST)
row("CenterCrop", bytes_(), height=3, width=4)
row("CenterCrop", one(), height=3, width=4)
row("CenterCrop", one(), height=7, width=4)
varied("RandomCrop", height=4, width=3)
row("RandomCrop", bytes_(), height=4, width=3, seed=6)
row("RandomCrop", batch(), height=8, width=3, seed=7)
row("RandomCrop", batch(), height=8, width=9, seed=7)
row("RandomCrop", batch(), height=6, width=5, seed=7)
row("RandomCrop", batch(boxes=True, relative=True), height=4, width=3, seed=8,
    bounding_box_format="rel_xyxy")

# Geometry.
for mode in ["horizontal", "vertical"]:
    row("RandomFlip", batch(), mode=mode, seed=6)
    row("RandomFlip", batch(boxes=True), mode=mode, seed=7, bounding_box_format="xywh")
varied("RandomFlip")
row("RandomFlip", bytes_(), seed=8)
row("RandomFlip", batch())
FILLS = ["reflect", "wrap", "constant", "nearest"]
for layer, options in [("RandomRotation", {"factor": 0.2}),
                       ("RandomTranslation", {"height_factor": 0.3, "width_factor": (-0.1, 0.4)}),
                       ("RandomZoom", {"height_factor": (-0.3, 0.5)}),
                       ("RandomShear", {"x_factor": 0.4, "y_factor": (0.1, 0.3)})]:
    for fill in FILLS:
        row(layer, batch(), fill_mode=fill, fill_value=7.0, seed=6, **options)
    row(layer, batch(), interpolation="nearest", seed=7, **options)
    row(layer, bytes_(), seed=8, **options)
    varied(layer, **options)
    row(layer, batch(boxes=True), seed=10, bounding_box_format="center_xywh", **options)
    row(layer, batch(boxes=True, relative=True), seed=10, bounding_box_format="rel_xyxy", **options)
row("RandomRotation", batch(), factor=(0.1, 0.3), seed=11)
row("RandomZoom", batch(), height_factor=0.2, width_factor=(-0.2, 0.4), seed=11)
row("RandomZoom", batch(boxes=True), height_factor=0.2, width_factor=0.4, seed=11,
    bounding_box_format="xyxy")
row("RandomShear", batch(), x_factor=0.5, seed=11)
varied("RandomPerspective")
row("RandomPerspective", batch(), factor=0.7, scale=0.4, interpolation="nearest", seed=6)
row("RandomPerspective", batch(), factor=(0.2, 0.6), scale=0.3, fill_value=5.0, seed=7)
row("RandomPerspective", bytes_(), seed=8)
varied("RandomElasticTransform", boxes=False, masks=False)
for fill in ["constant", "nearest", "wrap", "mirror"]:
    row("RandomElasticTransform", batch(9, 12), factor=(0.5, 1.0), scale=(0.6, 1.0), fill_mode=fill,
        fill_value=3.0, seed=6)
row("RandomElasticTransform", batch(24, 20), interpolation="nearest", seed=7, value_range=(20, 200))
row("RandomElasticTransform", batch(), scale=0.0, seed=7)

# Colours: labels, boxes and masks stay.
UNIT = {"value_range": (0.0, 1.0)}
for layer, factor in [("RandomBrightness", 0.3), ("RandomContrast", 0.6), ("RandomHue", 0.8),
                      ("RandomColorDegeneration", 0.7), ("RandomInvert", 0.6),
                      ("RandomPosterization", 6), ("RandomSharpness", 0.9)]:
    varied(layer, factor=factor)
    row(layer, bytes_(), factor=factor, seed=6)
    row(layer, batch(high=1), factor=factor, seed=7, **UNIT)
    lower = 3 if layer == "RandomPosterization" else factor / 2
    row(layer, batch(), factor=(lower, factor), seed=8)
row("RandomBrightness", batch(), factor=(-0.4, -0.1), value_range=(20, 200), seed=9)
row("RandomContrast", batch(), factor=0.5, dtype="mixed_bfloat16", seed=9)
row("RandomPosterization", batch(), factor=(3, 3), seed=9)
row("RandomSaturation", batch(high=1), factor=0.8, seed=1, **UNIT)
row("RandomSaturation", first(high=1), factor=(0.3, 0.9), seed=2, data_format=FIRST, **UNIT)
row("RandomSaturation", one(high=1), factor=0.8, seed=3, **UNIT)
row("RandomSaturation", batch(high=1, **EVERYTHING), factor=0.8, seed=4, bounding_box_format="xyxy")
for factor in [0.0, 0.5, 1.0]:
    row("RandomGrayscale", batch(), factor=factor)
row("RandomGrayscale", bytes_())
row("RandomGrayscale", first(), data_format=FIRST)
row("RandomGrayscale", one())
JITTER = {"brightness_factor": 0.2, "contrast_factor": 0.3, "saturation_factor": (0.3, 0.7),
          "hue_factor": 0.4}
row("RandomColorJitter", batch(high=1), seed=1, **UNIT, **JITTER)
row("RandomColorJitter", batch(), seed=2, brightness_factor=(0.1, 0.3), hue_factor=0.5)
row("RandomColorJitter", batch(high=1, **EVERYTHING), seed=3, bounding_box_format="xyxy", **UNIT,
    **JITTER)
row("RandomColorJitter", one(high=1), seed=4, **UNIT, **JITTER)
row("RandomColorJitter", bytes_(), seed=5, contrast_factor=0.4)
row("RandomColorJitter", batch(), seed=6)
varied("Solarization", threshold_factor=0.5)
row("Solarization", bytes_(), addition_factor=0.3, threshold_factor=(0.2, 0.8), seed=6)
row("Solarization", batch(high=1), addition_factor=0.3, threshold_factor=0.4, seed=7, **UNIT)
varied("RandomGaussianBlur")
row("RandomGaussianBlur", batch(9, 8), factor=0.6, kernel_size=(3, 5), sigma=(0.3, 1.0), seed=6)
row("RandomGaussianBlur", bytes_(), kernel_size=5, sigma=0.4, seed=7)
row("RandomGaussianBlur", batch(high=1), seed=8, **UNIT)

# Histograms.
for layer in ["AutoContrast", "Equalization"]:
    row(layer, batch())
    row(layer, batch(low=40, high=90))
    row(layer, bytes_())
    row(layer, first(), data_format=FIRST)
    row(layer, one())
    row(layer, batch(high=1), **UNIT)
    row(layer, batch(low=7, high=7))
    row(layer, batch(**EVERYTHING), bounding_box_format="xyxy")
row("Equalization", batch(), bins=16)
CLAHE = "ContrastLimitedAdaptiveHistogramEqualization"
row(CLAHE, batch(16, 12))
row(CLAHE, Images((2, 16, 24, 3), "uint8"), clip_limit=2.0, tile_grid_size=(4, 3))
row(CLAHE, first(15, 13), tile_grid_size=(4, 4), clip_limit=0.0, data_format=FIRST)
row(CLAHE, one(10, 11), tile_grid_size=(2, 3))
row(CLAHE, batch(12, 12, high=1), tile_grid_size=(2, 2), **UNIT)

# Mixing.
varied("MixUp", masks=False)
row("MixUp", batch(**EVERYTHING), alpha=1.0, seed=6, bounding_box_format="xyxy")
row("MixUp", bytes_(), alpha=0.6, seed=7)
ROWS.pop(-3)  # one image with boxes: Keras fails
varied("CutMix", boxes=False)
row("CutMix", batch(9, 8), factor=(0.4, 0.8), seed=6)
row("CutMix", bytes_(), seed=7)
varied("RandomErasing")
row("RandomErasing", batch(), factor=0.6, scale=(0.1, 0.9), fill_value=3.0, seed=6)
row("RandomErasing", bytes_(), seed=8)
row("RandomErasing", batch(high=1), seed=9, **UNIT)

# Several layers.
for layer in ["RandAugment", "AugMix"]:
    varied(layer)
    row(layer, bytes_(), seed=6)
    row(layer, batch(high=1), factor=0.8, seed=7, **UNIT)
    row(layer, batch(), interpolation="nearest", factor=(0.2, 0.6), seed=8)
for seed in range(9, 15):
    row("RandAugment", batch(**EVERYTHING), num_ops=4, seed=seed, bounding_box_format="xyxy")
row("AugMix", batch(), all_ops=False, num_chains=4, chain_depth=2, alpha=0.6, seed=9)
row("AugMix", batch(), chain_depth=1, num_chains=2, seed=10)
row("Pipeline", batch(), build=lambda: layers.Pipeline([
    layers.AutoContrast(), layers.RandomZoom(0.2, seed=1), layers.RandomRotation(0.2, seed=2)]))
row("Pipeline", batch(**EVERYTHING), build=lambda: layers.Pipeline([
    layers.RandomFlip(seed=3, bounding_box_format="xyxy"),
    layers.RandomTranslation(0.2, 0.1, seed=4, bounding_box_format="xyxy")]))
row("MaxNumBoundingBoxes", batch(**EVERYTHING), max_number=2, bounding_box_format="xyxy")
row("MaxNumBoundingBoxes", batch(boxes=True), max_number=5, bounding_box_format="xyxy")
row("MaxNumBoundingBoxes", batch(), max_number=5)


def corners(*lead, size=20.0):
    def draw(rng):
        points = np.sort(rng.uniform(0, size, (*lead, 2, 2)), axis=-2)
        return points.reshape(*lead, 4).astype("float32")

    return draw


def numbers(*shape, scale=1.0):
    return lambda rng: (rng.normal(size=shape) * scale).astype("float32")


# keras.utils.bounding_boxes.
BOXES = []


def boxes(function, **arguments):
    count = sum(name.startswith(f"{function}_") for name, _, _ in BOXES)
    BOXES.append((f"{function}_{count + 1}", function, arguments))


FORMATS = ["xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh",
           "rel_center_xywh"]
for at, form in enumerate(FORMATS):
    boxes("convert_format", boxes=corners(2, 3), source=form, target=FORMATS[at - 3], height=20,
          width=16)
boxes("affine_transform", boxes=corners(2, 3), angle=numbers(2, scale=30),
      translate_x=numbers(2, scale=0.1), translate_y=numbers(2, scale=0.1),
      scale=lambda rng: rng.uniform(0.5, 2, 2).astype("float32"), shear_x=numbers(2, scale=9),
      shear_y=numbers(2, scale=9), height=20, width=16)
boxes("crop", boxes=corners(2, 3), top=3, left=2, height=12, width=9)
boxes("pad", boxes=corners(2, 3), top=3, left=2)
boxes("compute_iou", boxes1=corners(3), boxes2=corners(4), bounding_box_format="xyxy")
boxes("compute_iou", boxes1=corners(2, 3), boxes2=corners(2, 4), bounding_box_format="yxyx")
boxes("compute_iou", boxes1=corners(2, 3), boxes2=corners(4), bounding_box_format="xywh")
boxes("compute_iou", boxes1=corners(3, size=1.0), boxes2=corners(4, size=1.0),
      bounding_box_format="rel_xyxy", image_shape=(20, 16, 3))
boxes("compute_ciou", boxes1=corners(5), boxes2=corners(5), bounding_box_format="xyxy")
boxes("compute_ciou", boxes1=corners(2, 5), boxes2=corners(2, 5), bounding_box_format="center_xywh")
for form in ["center_yxhw", "center_xywh"]:
    boxes("encode_box_to_deltas", anchors=corners(3), boxes=corners(2, 3), anchor_format="xyxy",
          box_format="xywh", encoding_format=form, variance=[0.1, 0.1, 0.2, 0.2])
    boxes("decode_deltas_to_boxes", anchors=corners(3), boxes_delta=numbers(2, 3, 4, scale=0.3),
          anchor_format="xyxy", box_format="yxyx", encoded_format=form)
boxes("encode_box_to_deltas", anchors=corners(3, size=1.0), boxes=corners(3), box_format="xyxy",
      anchor_format="rel_xyxy", image_shape=(20, 16, 3))
boxes("decode_deltas_to_boxes", anchors=corners(3), boxes_delta=numbers(3, 4, scale=0.3),
      anchor_format="xyxy", box_format="rel_xywh", variance=[0.1, 0.2, 0.3, 0.4],
      image_shape=(20, 16, 3))
