"""The requests that provoke the error codes of reading text."""

from PIL import Image, ImageDraw

READING = "/api/image/ocr"
GENERAL, TABLE, CARD = (f"{READING}/{name}-recognition" for name in ("general-text", "table", "identity-card"))


def page():
    """A sheet with two lines of text."""
    sheet = Image.new("RGB", (600, 200), (250, 250, 250))
    draw = ImageDraw.Draw(sheet)
    for index, line in enumerate(("This is running text,", "and no table at all.")):
        draw.text((40, 40 + 60 * index), line, (20, 20, 20), font_size=36)
    return sheet


def blank(*size):
    """A sheet without anything."""
    return Image.new("RGB", size, (250, 250, 250))


# Code, words for the request, function of the world.
CASES = [
    ("ERROR_MISSING_MIN_HEIGHT_PARAMETER", "general text without min_height",
     lambda w: w.post(GENERAL, image=page())),
    ("ERROR_MISSING_ASSURE_DIRECTION_PARAMETER", "a table without assure_direction",
     lambda w: w.post(TABLE, image=page(), output_format="html")),
    ("ERROR_MISSING_OUTPUT_FORMAT", "a table without output_format",
     lambda w: w.post(TABLE, image=page(), assure_direction="true")),
    ("ERROR_INVALID_OUTPUT_FORMAT", "a table as PDF",
     lambda w: w.post(TABLE, image=page(), assure_direction="true", output_format="pdf")),
    ("ERROR_INVALID_SIDE_PARAMETER", "an identity card with side=left",
     lambda w: w.post(CARD, image=page(), side="left")),
    ("MISSING_PARAMETERS", "an identity card without side", lambda w: w.post(CARD, image=page())),
    ("ERROR_HIGH_RESOLUTION", "a page of 8,193 px",
     lambda w: w.post(GENERAL, image=blank(8193, 20), min_height="1")),
    ("ERROR_NO_RECOGNITION_TARGET_DETECTED", "general text of a blank sheet",
     lambda w: w.post(GENERAL, image=blank(400, 300), min_height="1")),
    ("ERROR_IMAGE_RECOGNITION_FAILED", "a table on a page of running text",
     lambda w: w.post(TABLE, image=page(), assure_direction="true", output_format="json")),
]
