"""The policy in force: a pack that comes with patchgate, or a file of the control repository."""

from __future__ import annotations

from patchgate.app.settings import Settings
from patchgate.core.ids import RepoName, Sha
from patchgate.core.policy import Policy, limited, load_policy
from patchgate.data import data_dir
from patchgate.errors import ConfigError
from patchgate.ports import ForgeReader


def shipped_pack(name: str) -> tuple[str, str] | None:
    """The text of a shipped policy and the name of its file; None where there is none."""
    if name not in pack_names():
        return None
    path = data_dir("policies") / f"{name}.yml"
    return path.read_text(encoding="utf-8"), path.name


def pack_names() -> list[str]:
    """Every shipped policy."""
    names = (path.stem for path in data_dir("policies").glob("*.yml"))
    return sorted(name for name in names if "." not in name)


def utf8(raw: bytes, source: str) -> str:
    """The text of a file; ConfigError names a file that is none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source} is not UTF-8 text") from error


def policy_of(settings: Settings, forge: ForgeReader, control: RepoName, head: Sha) -> Policy:
    """The shipped pack of that name, or the file of that path in the control repository."""

    def source(name: str) -> tuple[str, str]:
        shipped = shipped_pack(name)
        if shipped is not None:
            return shipped
        raw = forge.read_file(control, head, name)
        if raw is None:
            raise ConfigError(
                f"policy {name!r} is neither a shipped pack nor a file of {control}@{head[:12]}",
                "Correct `policy` in the settings, or add the file to the default branch.",
            )
        return utf8(raw, name), name

    policy = load_policy(*source(settings.policy), source)
    patch = settings.limits.patch
    given = {name: getattr(patch, name) for name in patch.model_fields_set}
    return limited(
        policy, files=given.get("files"), lines=given.get("lines"), size=given.get("bytes")
    )
