"""Makes the reference numbers beside this file (`faces/*.json`, `faces/*.png`), independently of the
program: the same models through onnxruntime, the pictures through OpenCV.

    pip install numpy==1.26.4 onnxruntime==1.19.2 opencv-python-headless==4.10.0.84 && python faces.py
"""

import json
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
PHOTOS = ("astronaut.png", "grace_hopper.jpg")

# Where the five points lie in the picture of 112 x 112 that the recogniser wants.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def session(name):
    onnxruntime.set_default_logger_severity(3)
    path = str(ROOT / "models" / f"{name}.onnx")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def detect(model, photo, side=640, threshold=0.6):
    """YuNet on the photo with its longest side at `side`: boxes, points and scores, best first."""
    scale = side / max(photo.shape[:2])
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    height, width = (-(-length // 32) * 32 for length in small.shape[:2])
    padded = np.zeros((1, height, width, 3), np.uint8)
    padded[0, : small.shape[0], : small.shape[1]] = small[:, :, ::-1]
    names = [output.name for output in model.get_outputs()]
    out = dict(zip(names, model.run(None, {"input": padded})))
    found = []
    for stride in (8, 16, 32):
        score = np.sqrt(out[f"cls_{stride}"].ravel() * out[f"obj_{stride}"].ravel())
        for cell in np.flatnonzero(score > threshold):
            row, column = divmod(int(cell), width // stride)
            dx, dy, w, h = out[f"bbox_{stride}"][0, cell]
            w, h = np.exp(w) * stride, np.exp(h) * stride
            box = np.array([(column + dx) * stride - w / 2, (row + dy) * stride - h / 2, w, h])
            points = (out[f"kps_{stride}"][0, cell].reshape(5, 2) + [column, row]) * stride
            found.append((float(score[cell]), box / scale, points / scale))
    kept = []
    for candidate in sorted(found, key=lambda face: -face[0]):
        if all(overlap(candidate[1], other[1]) <= 0.3 for other in kept):
            kept.append(candidate)
    return kept


def overlap(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def warp(photo, matrix, size, border):
    """The photo through a matrix; averaged first where it is made much smaller."""
    block = int(1 / np.hypot(matrix[0, 0], matrix[1, 0]))
    if block > 1:
        photo = cv2.blur(photo, (block, block))
        # OpenCV's box of an even side lies half a pixel to the upper left.
        shift = 0.5 * (block % 2 == 0)
        matrix = np.hstack([matrix[:, :2], (matrix[:, 2] - matrix[:, :2] @ [shift, shift])[:, None]])
    return cv2.warpAffine(photo, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border)


def square(centre, side, angle, size):
    """The matrix that puts a square of the photo, turned by `angle`, on `size` x `size` pixels."""
    c, s = np.cos(angle) * size / side, np.sin(angle) * size / side
    turn = np.array([[c, s], [-s, c]])
    return np.hstack([turn, (size / 2 - turn @ centre)[:, None]])


def angle_of(left, right):
    return np.arctan2(right[1] - left[1], right[0] - left[0])


def hull_square(points, margin):
    """Centre, side and angle of the square around points, upright in the face's own frame."""
    angle = angle_of(points[33], points[263])
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    own = points[:, :2] @ turn.T
    low, high = own.min(0), own.max(0)
    return turn.T @ ((low + high) / 2), max(high - low) * margin, angle


def mesh_pass(model, photo, centre, side, angle):
    matrix = square(centre, side, angle, 256)
    crop = warp(photo, matrix, 256, cv2.BORDER_REPLICATE)
    feed = {"input": crop[None, :, :, ::-1].astype(np.float32) / 255}
    points, presence = model.run(["landmarks", "presence_logit"], feed)
    points = points.reshape(478, 3)
    back = cv2.invertAffineTransform(matrix)
    flat = points[:, :2] @ back[:, :2].T + back[:, 2]
    return np.hstack([flat, points[:, 2:] * side / 256]), 1 / (1 + np.exp(-presence.item()))


def mesh(model, photo, box, points):
    centre = box[:2] + box[2:] / 2
    first, _ = mesh_pass(model, photo, centre, max(box[2:]) * 1.5, angle_of(points[0], points[1]))
    return mesh_pass(model, photo, *hull_square(first, 1.5))


def similarity(source, target):
    """Umeyama's least squares similarity without reflection."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, d, v = np.linalg.svd(b.T @ a)
    sign = np.diag([1, np.sign(np.linalg.det(u @ v))])
    turn = u @ sign @ v * np.sum(d * np.diag(sign)) / np.sum(a**2)
    return np.hstack([turn, (target.mean(0) - turn @ source.mean(0))[:, None]])


def embed(model, photo, points):
    chip = warp(photo, similarity(points, TEMPLATE), 112, cv2.BORDER_CONSTANT)
    feed = {"data": chip[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)}
    vector = model.run(None, feed)[0].ravel()
    return vector / np.linalg.norm(vector)


def parse(model, photo, box, points):
    """Labels of 512 x 512 cells of the upright square around the face."""
    angle = angle_of(points[0], points[1])
    up = np.array([np.sin(angle), -np.cos(angle)])
    centre = box[:2] + box[2:] / 2 + 0.05 * box[3] * up
    matrix = square(centre, max(box[2:]) * 1.8, angle, 512)
    crop = warp(photo, matrix, 512, cv2.BORDER_REPLICATE)[:, :, ::-1] / 255
    crop = (crop - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    logits = model.run(None, {"input": crop.transpose(2, 0, 1)[None].astype(np.float32)})[0][0]
    return cv2.resize(logits.transpose(1, 2, 0), (512, 512)).argmax(2).astype(np.uint8)


def upright(photo, box, points, size):
    """The square around the detector's box, turned so that the eyes are level."""
    centre, angle = box[:2] + box[2:] / 2, angle_of(points[0], points[1])
    matrix = square(centre, max(box[2:]), angle, size)
    return warp(photo, matrix, size, cv2.BORDER_CONSTANT)[:, :, ::-1].astype(np.float32)


def planes(crop):
    return np.ascontiguousarray(crop.transpose(2, 0, 1)[None].astype(np.float32))


# How much larger than the points of the mesh each square is that the model for age sees, and how far its
# middle is moved across and down the face, in its sides.
LOOKS = ((1, 0, 0), (1.1, 0, 0), (1.05, 0.02, 0), (1.05, -0.02, 0), (1.05, 0, 0.02), (1.05, 0, -0.02))


def age_and_gender(model, photo, points):
    """The mean over the looks and their mirror images."""
    ages, males = [], []
    for margin, across, down in LOOKS:
        centre, side, angle = hull_square(points[:468], margin)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centre = centre + turn @ [across * side, down * side]
        crop = warp(photo, square(centre, side, angle, 112), 112, cv2.BORDER_CONSTANT)[:, :, ::-1]
        for look in (crop, crop[:, ::-1]):
            age, gender = model.run(["age", "gender"], {"input": planes(look)})
            ages.append(age.item())
            males.append(gender[0, 0].item())
    return np.mean(ages).item(), np.mean(males).item()


def emotion(first, second, photo, box, points):
    """Neutral, happy, surprised, angry, sad, disgusted, afraid: the mean of two models."""
    one = first.run(None, {"input": planes(upright(photo, box, points, 112))})[0][0]
    two = second.run(None, {"input": upright(photo, box, points, 170)[None] / 255})[0][0]
    return (one[[0, 1, 6, 3, 2, 5, 4]] + two[[6, 3, 5, 0, 4, 1, 2]]) / 2


def mask(model, photo, box, points):
    return model.run(None, {"input": upright(photo, box, points, 224)[None] / 127.5 - 1})[0][0, 0].item()


def quality(model, photo, box, points):
    crop = (upright(photo, box, points, 128) / 255 - 0.5) / 0.5
    return model.run(None, {"input": planes(crop)})[0].item()


# The points that the blendshape model takes.
EXPRESSIVE = [
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67),
    *(70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146),
    *(148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181),
    *(185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293),
    *(295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361),
    *(362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398),
    *(400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477),
]


def blendshapes(model, points):
    """From the points turned upright."""
    angle = angle_of(points[33], points[263])
    c, s = np.cos(angle), np.sin(angle)
    points = points[:, :2] @ np.array([[c, -s], [s, c]])
    return model.run(None, {"points": points[None, EXPRESSIVE, :2].astype(np.float32)})[0].ravel()


def numbers(array, digits):
    return np.round(np.asarray(array, np.float64), digits).tolist()


def main():
    names = ("yunet", "face_mesh", "sface", "face_parsing", "age_gender", "expression", "emotion")
    names += ("face_mask", "face_quality", "face_blendshapes")
    models = {name: session(name) for name in names}
    (HERE / "faces").mkdir(exist_ok=True)
    for name in PHOTOS:
        photo = cv2.imread(str(ROOT / "photos" / name))
        score, box, points = max(detect(models["yunet"], photo), key=lambda face: face[1][2] * face[1][3])
        points3, presence = mesh(models["face_mesh"], photo, box, points)
        age, male = age_and_gender(models["age_gender"], photo, points3)
        moods = emotion(models["expression"], models["emotion"], photo, box, points)
        facts = {
            "box": numbers(box, 3),
            "points": numbers(points, 3),
            "score": round(score, 4),
            "mesh": numbers(points3, 2),
            "presence": round(presence, 4),
            "embedding": numbers(embed(models["sface"], photo, points), 5),
            "age": round(age, 3),
            "male": round(male, 4),
            "emotion": numbers(moods, 4),
            "mask": round(mask(models["face_mask"], photo, box, points), 4),
            "quality": round(quality(models["face_quality"], photo, box, points), 4),
            "blendshapes": numbers(blendshapes(models["face_blendshapes"], points3), 4),
        }
        stem = Path(name).stem
        (HERE / "faces" / f"{stem}.json").write_text(json.dumps(facts) + "\n")
        labels = parse(models["face_parsing"], photo, box, points)
        cv2.imwrite(str(HERE / "faces" / f"{stem}.png"), labels[::2, ::2], [cv2.IMWRITE_PNG_COMPRESSION, 9])
        print(name, facts["box"], facts["score"], facts["presence"], facts["age"], facts["male"], facts["emotion"], facts["mask"], facts["quality"])


if __name__ == "__main__":
    main()
