"""Discord's limits on what a bot sends: its OpenAPI where that is at hand, and what the schema misses."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from jsonschema import Draft202012Validator, validators
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.support.paths import SHARED

OPENAPI = SHARED / "contracts" / "discord-openapi.json"
COMPONENTS_V2 = 1 << 15
UPDATE_MESSAGE, AUTOCOMPLETE = 7, 8
ACTION_ROW, BUTTON, SELECT, TEXT_DISPLAY, THUMBNAIL, GALLERY = 1, 2, 3, 10, 11, 12
MESSAGE_WITH_CONTENT = 4
SLASH_COMMAND, MOST_MENUS = 1, 5  # a type of commands; how many of each other type an app may have
MOST_BYTES = 10_170

_MESSAGE_KEYS = {
    *("content", "embeds", "allowed_mentions", "components", "flags", "attachments", "poll", "tts", "sticker_ids"),
    *("message_reference", "nonce", "enforce_nonce", "username", "avatar_url", "thread_name", "applied_tags"),
}
_COMPONENT_KEYS = {
    1: {"components"},
    2: {"custom_id", "style", "label", "disabled", "url", "sku_id", "emoji"},
    3: {"custom_id", "options", "placeholder", "min_values", "max_values", "disabled", "required"},  # in modals
    6: {"custom_id", "placeholder", "min_values", "max_values", "disabled", "required", "default_values"},
    8: {
        *("custom_id", "placeholder", "min_values", "max_values", "disabled", "required", "default_values"),
        "channel_types",
    },
    9: {"components", "accessory"},
    10: {"content"},
    11: {"media", "description", "spoiler"},
    12: {"items"},
    13: {"file", "spoiler"},
    14: {"divider", "spacing"},
    17: {"components", "accent_color", "spoiler"},
}


def check_body(method: str, path: str, body: Any) -> None:
    """Fail where Discord would refuse `body`, or show it otherwise than meant."""
    problems = [*_violations(method, path, body)] or [*_misses(method, path, body)]
    assert not problems, f"{method} {path}: {'; '.join(problems)}\n{json.dumps(body, ensure_ascii=False)[:2000]}"


def check_message(body: dict[str, Any]) -> None:
    """`check_body` for a message that is created in a channel."""
    check_body("POST", "/channels/1/messages", body)


def _misses(method: str, path: str, body: Any) -> Iterator[str]:
    """What is wrong with `body` that the schema does not know of."""
    if path.endswith("/callback"):
        data = body.get("data") or {}
        if body["type"] == AUTOCOMPLETE:
            yield from _choice_problems(data["choices"])
        elif body["type"] in {MESSAGE_WITH_CONTENT, UPDATE_MESSAGE}:
            yield from _message_problems(data, created=body["type"] == MESSAGE_WITH_CONTENT)
    elif path.endswith("/threads"):
        yield from _message_problems(body["message"], created=True) if "message" in body else ()
    elif "/messages" in path or path.startswith("/webhooks/"):
        posted = method in {"POST", "PATCH"} and body is not None
        yield from _message_problems(body, created=method == "POST") if posted else ()
    elif method == "PUT" and path.endswith("/commands"):
        yield from _registration_problems(body)


def _message_problems(message: dict[str, Any], *, created: bool) -> Iterator[str]:
    if unknown := message.keys() - _MESSAGE_KEYS:
        yield f"unknown keys {unknown}"
    if len(message.get("content") or "") > 2000:
        yield "content of more than 2000 characters"
    if created and (message.get("allowed_mentions") or {}).get("parse") != []:
        yield "it may ping"
    if (length := len(json.dumps(message.get("components") or [], ensure_ascii=False).encode())) > MOST_BYTES:
        yield f"{length:,} bytes of components, which have been answered with a 500"
    components = list(walk(message.get("components") or []))
    v2 = [each for each in components if each["type"] not in {1, 2, 3, 5, 6, 7, 8}]
    flagged = bool((message.get("flags") or 0) & COMPONENTS_V2)
    if created and bool(v2) != flagged:
        yield "Components V2 without their flag, or the flag without them"
    if v2 and (message.get("content") or message.get("embeds") or message.get("poll")):
        yield "content, embeds or a poll beside Components V2"
    yield from _components_problems(components)


def walk(components: Any) -> Iterator[dict[str, Any]]:
    """Every component, nested ones and accessories included."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        yield from walk([component["accessory"]] if component.get("accessory") else [])


def _components_problems(components: list[dict[str, Any]]) -> Iterator[str]:
    if len(components) > 40:
        yield f"{len(components)} components"
    characters = sum(len(each["content"]) for each in components if each["type"] == TEXT_DISPLAY)
    if characters > 4000:
        yield f"{characters} characters of text"
    used = Counter(each["custom_id"] for each in components if each.get("custom_id"))
    yield from (f"custom_id {each!r} is used twice" for each, times in used.items() if times > 1)
    for component in components:
        yield from _component_problems(component)


def _component_problems(component: dict[str, Any]) -> Iterator[str]:
    kind = component["type"]
    if unknown := component.keys() - _COMPONENT_KEYS.get(kind, set()) - {"type", "id"}:
        yield f"unknown keys {unknown} in a component of type {kind}"
    if kind == TEXT_DISPLAY and not component["content"].strip():
        yield "a text display that shows nothing"
    if kind == ACTION_ROW and not 1 <= len(component["components"]) <= 5:
        yield "an action row holds one to five buttons"
    if kind == BUTTON:
        yield from _button_problems(component)
    if kind == SELECT:
        yield from _select_problems(component)
    for picture in component["items"] if kind == GALLERY else [component] if kind == THUMBNAIL else []:
        if not 1 <= len((picture.get("description") or "").strip()) <= 1024:
            yield f"what people hear of a picture: {picture.get('description')!r}"


def _button_problems(button: dict[str, Any]) -> Iterator[str]:
    if not 1 <= len(button.get("label") or "") <= 80:
        yield f"button label {button.get('label')!r}"
    if ("url" in button) == ("custom_id" in button):
        yield "a button has either a url or a custom_id"
    if not 1 <= len(button.get("custom_id", "x")) <= 100:
        yield f"custom_id {button['custom_id']!r}"
    if len(button.get("url", "")) > 512:
        yield "a url of more than 512 characters"


def _select_problems(select: dict[str, Any]) -> Iterator[str]:
    options = select["options"]
    if not 1 <= len(options) <= 25:
        yield f"{len(options)} options"
    if len({each["value"] for each in options}) < len(options):
        yield "two options with the same value"
    if len(select.get("placeholder") or "") > 150:
        yield "a placeholder of more than 150 characters"
    for option in options:
        for name in ("label", "value", "description"):
            text = option.get(name)
            if not 1 <= len("x" if text is None else text.strip()) <= 100:
                yield f"the {name} of option {option}"


def _choice_problems(choices: list[dict[str, Any]]) -> Iterator[str]:
    if len(choices) > 25:
        yield f"{len(choices)} choices"
    for choice in choices:
        if not 1 <= len(choice["name"]) <= 100 or not 1 <= len(str(choice["value"])) <= 100:
            yield f"choice {choice}"


def _registration_problems(commands: list[dict[str, Any]]) -> Iterator[str]:
    """Of all commands together: those that are typed, and those in menus, of which people see the names alone."""
    menus = [each for each in commands if each["type"] != SLASH_COMMAND]
    for kind, number in Counter(each["type"] for each in menus).items():
        if number > MOST_MENUS:
            yield f"{number} commands of the type {kind}"
    for each in commands:
        if each not in menus:
            yield from _command_problems(each, each["name"])
        elif not 1 <= len(each["name"]) <= 32 or each.get("description") or each.get("options"):
            yield f"the command {each['name']} of a menu"


def _command_problems(command: dict[str, Any], name: str) -> Iterator[str]:
    """Of a command, or of an option: both have a name, a description and options."""
    if not re.fullmatch(r"[-_\w]{1,32}", command["name"]) or command["name"] != command["name"].lower():
        yield f"the name of {name}"
    if not 1 <= len(command["description"]) <= 100:
        yield f"the description of {name}"
    options = command.get("options") or []
    if len(options) > 25 or len(command.get("choices") or []) > 25:
        yield f"more than 25 options or choices in {name}"
    yield from _choice_problems(command.get("choices") or [])
    for option in options:
        yield from _command_problems(option, f"{name} {option['name']}")


def _violations(method: str, path: str, body: Any) -> tuple[str, ...]:
    """What Discord's own schema has against `body`; nothing where the schema is not at hand."""
    for template in _templates(method) if OPENAPI.exists() else ():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return _schema_errors(method, template, json.dumps(_with_text_ids(body)))
    return ()


@lru_cache(1000)  # every test registers the same commands
def _schema_errors(method: str, template: str, body: str) -> tuple[str, ...]:
    errors = _validator(method, template).iter_errors(json.loads(body))
    return tuple(f"{error.json_path}: {error.message[:500]}" for error in errors)


def _with_text_ids(body: Any) -> Any:
    """discord.py writes some ids as numbers, which Discord takes but its schema does not know."""
    if isinstance(body, list):
        return [_with_text_ids(each) for each in body]
    if not isinstance(body, dict):
        return body
    changed = {name: _with_text_ids(value) for name, value in body.items()}
    if "recipient_id" in changed:
        changed["recipient_id"] = str(changed["recipient_id"])
    for name in ("attachments", "default_values"):
        if changed.get(name):
            changed[name] = [each | {"id": str(each["id"])} for each in changed[name]]
    if "parse" in changed:  # of mentions
        changed |= {name: [str(each) for each in changed[name]] for name in ("roles", "users") if name in changed}
    return changed


@cache
def _openapi() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OPENAPI.read_text(encoding="utf-8"))
    return document


@cache
def _templates(method: str) -> list[str]:
    """The paths with a JSON body for `method`, those with fewest parameters first."""
    paths = _openapi()["paths"]
    known = [path for path in paths if "requestBody" in paths[path].get(method.lower(), {})]
    return sorted(known, key=lambda path: path.count("{"))


@cache
def _validator(method: str, template: str) -> Any:
    registry: Registry[Any] = Registry().with_resource("urn:discord", DRAFT202012.create_resource(_openapi()))
    place = "/".join(
        part.replace("~", "~0").replace("/", "~1")
        for part in ("", "paths", template, method.lower(), "requestBody", "content", "application/json", "schema")
    )
    return _Validator({"$ref": f"urn:discord#{place}"}, registry=registry)


def _one_of(validator: Any, kinds: list[dict[str, Any]], value: Any, schema: Any) -> Iterator[Any]:
    """`oneOf`, which tries only those kinds of component that `value` says it is: that is several times as fast."""
    if isinstance(value, dict) and "type" in value:
        kinds = [each for each in kinds if value["type"] in (_types(each.get("$ref", "")) or [value["type"]])] or kinds
    yield from Draft202012Validator.VALIDATORS["oneOf"](validator, kinds, value, schema)


@cache
def _types(reference: str) -> list[int]:
    """The types of component that a schema describes, where it names them."""
    known = _openapi()["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return list(known.get("properties", {}).get("type", {}).get("enum", []))


_Validator: Any = validators.extend(Draft202012Validator, {"oneOf": _one_of})  # type: ignore[no-untyped-call]
