#!/usr/bin/env bash
# Installs both sizes with pip alone into new environments, and uses each: no uv, no overrides.
#
#   scripts/pip_alone.sh [PYTHON] [FOLDER]
#
# Prints seconds and megabytes (without compiled Python files). The larger one takes 7 GB.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
folder=${2:-$(mktemp -d)}

install() { # name, what
  "$python" -m venv "$folder/$1"
  local started=$SECONDS
  "$folder/$1/bin/python" -m pip install --quiet --disable-pip-version-check "$2"
  local taken=$((SECONDS - started))
  "$folder/$1/bin/python" -m pip check
  local size
  size=$(du -sm --exclude=__pycache__ "$folder/$1" | cut -f1)
  echo "$2: $taken s, $size MB"
}

install small .
home=$folder/home && mkdir -p "$home"
export HOME=$home
(cd "$home" && "$folder/small/bin/fercurate" doctor && "$folder/small/bin/fercurate" predict "$OLDPWD/docs/live-window.png")

install curate ".[curate]"
"$folder/curate/bin/python" -m pip list 2>/dev/null | grep -iE "^(opencv|fiftyone|starlette|torch|numpy|mediapipe)"
"$folder/curate/bin/python" -c "import cv2; print('OpenCV', cv2.__version__, 'windows:', cv2.currentUIFramework() or 'none')"
(cd "$home" && "$folder/curate/bin/fercurate" doctor && time "$folder/curate/bin/fercurate" demo)
echo "Both sizes work."
