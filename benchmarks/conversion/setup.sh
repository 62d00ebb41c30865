#!/usr/bin/env bash
# Makes the Python environment with the tool that conversions are compared with, once.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install mergekit==0.1.5
