"""Make fercurate/detect/models/face_landmark.onnx from MediaPipe's face mesh.

    pip install tf2onnx tensorflow
    python tools/make_mesh.py face_landmark.tflite OUT.onnx

The .tflite is in the wheel of mediapipe 0.10.21, at mediapipe/modules/face_landmark. Both packages
are needed here and nowhere else. What is 16-bit in the one file is 32-bit in the other.
"""

import subprocess
import sys
from pathlib import Path


def main(tflite: Path, out: Path) -> None:
    convert = [sys.executable, "-m", "tf2onnx.convert", "--opset", "17"]
    subprocess.run([*convert, "--tflite", str(tflite), "--output", str(out)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
