#!/usr/bin/env bash
# Makes the Python environments that the checks here compare with, once: transformers 5 with
# llama.cpp in .venv, transformers 4 in .venv4. Compiling llama.cpp takes about ten minutes on two
# cores; its converter is kept beside it, in llama.cpp/.
set -euo pipefail
cd "$(dirname "$0")"

python3 -m venv .venv
.venv/bin/pip install torch==2.13.0 transformers==5.23.0 safetensors numpy accelerate sentencepiece
.venv/bin/pip install llama-cpp-python==0.3.36
.venv/bin/pip download --no-deps --no-binary :all: -d llama.cpp llama-cpp-python==0.3.36
tar xzf llama.cpp/*.tar.gz -C llama.cpp

python3 -m venv .venv4
.venv4/bin/pip install torch==2.13.0 transformers==4.57.6 safetensors numpy accelerate
