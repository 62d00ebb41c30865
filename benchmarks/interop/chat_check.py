"""Do Cambium's chat templates render as transformers renders them?

    python chat_check.py                 compares the expectations of ChatTemplateTest (pip install transformers jinja2)
    python chat_check.py --write         writes them anew

The templates are the files *.jinja under training/src/test/resources/.../chat; constructs.json
beside them holds small templates, each about one construct. Every template is rendered by
transformers itself with every conversation here. A null stands for an error of jinja2: there
Cambium may refuse too, or say nothing but what a template's own raise_exception says. The time that
strftime_now formats is fixed. Exit code 1 on a difference.
"""

import datetime
import json
import sys
from pathlib import Path

import jinja2
from transformers.utils import chat_template_utils

DIRECTORY = (
    Path(__file__).parents[2] / "training/src/test/resources/io/cambium/training/data/chat"
)
NOW = datetime.datetime(2026, 3, 5, 16, 7, 9)

# What a template may see beside the messages.
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def turn(role, content):
    return {"role": role, "content": content}


CONVERSATIONS = {
    "user": [turn("user", "Why is the sky blue?")],
    "system": [turn("system", " You are terse.\n"), turn("user", "Hi")],
    "false": [turn("user", "false")],
    "code": [turn("user", "  {{ bos_token }} {% if x %} \\n \"quoted\" 'too' {# no #}\n\n")],
    "unicode": [turn("system", "Être bref"), turn("user", "\u00a0naïve 😀 日本\u2003")],
    "turns": [turn("user", "1 + 1?"), turn("assistant", "<think>\nhm\n</think>\n\n2"), turn("user", "Sure?")],
    "two users": [turn("user", "a"), turn("user", "b")],
}


class FixedDate(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOW


def render(template, messages):
    """The text that transformers makes, or None where it fails."""
    try:
        texts, _ = chat_template_utils.render_jinja_template(
            [messages], chat_template=template, add_generation_prompt=True, **TOKENS
        )
        return texts[0]
    except (jinja2.TemplateError, TypeError, ValueError, KeyError):
        return None


def expectations():
    templates = {path.name: path.read_text() for path in sorted(DIRECTORY.glob("*.jinja"))}
    constructs = json.loads((DIRECTORY / "constructs.json").read_text())
    return {
        "now": NOW.isoformat(),
        "tokens": TOKENS,
        "conversations": CONVERSATIONS,
        "templates": {
            name: {key: render(text, messages) for key, messages in CONVERSATIONS.items()}
            for name, text in templates.items()
        },
        "constructs": {text: render(text, CONVERSATIONS["turns"]) for text in constructs},
    }


def main():
    chat_template_utils.datetime = FixedDate
    path = DIRECTORY / "expected.json"
    text = json.dumps(expectations(), indent=1, ensure_ascii=False) + "\n"
    if "--write" in sys.argv[1:]:
        path.write_text(text)
        print(f"wrote {path}")
        return
    same = path.read_text() == text
    print(f"{path.name} is {'what transformers renders' if same else 'DIFFERENT'}")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
