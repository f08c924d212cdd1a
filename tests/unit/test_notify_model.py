"""[[notify]] of drill.toml: who is told, where secrets are found, and every mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from harness.errors import ConfigurationError
from harness.notify.notice import target_of
from harness.system.load import load_system
from harness.system.model import SystemModel
from harness.system.notify_model import PAGERDUTY, Receiver, SecretFrom, Way

SYSTEM = """\
name = "shop"
releases = { path = "{version}", current = "1.0" }
services.web = { command = ["web"], probe = { path = "/" } }

"""


def loaded(folder: Path, text: str) -> SystemModel:
    path = folder / "drill.toml"
    path.write_text(SYSTEM + text, encoding="utf-8")
    return load_system(path)


def test_a_receiver_is_told_where_its_secret_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUTING_KEY", " key \n")
    (tmp_path / "slack.url").write_text("https://hooks.example/T1\n", encoding="utf-8")
    model = loaded(
        tmp_path,
        """
        [[notify]]
        name = "pager"
        way = "pagerduty"
        secret = { env = "ROUTING_KEY" }
        [[notify]]
        name = "chat"
        way = "slack"
        secret = { file = "slack.url" }
        [[notify]]
        name = "hook"
        way = "webhook"
        url = "http://127.0.0.1:9/notices"
        """,
    )
    pager, chat, hook = (target_of(one, model.root) for one in model.notify)
    assert (pager.address, pager.key) == (SecretStr(PAGERDUTY), SecretStr("key"))
    assert (chat.address, chat.key) == (SecretStr("https://hooks.example/T1"), None)
    assert (hook.address, hook.key) == (SecretStr("http://127.0.0.1:9/notices"), None)
    assert "key" not in model.model_dump_json().replace("ROUTING_KEY", "").replace("routing", "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('way = "slack"', "say where notices go: either 'url', or 'secret'"),
        ('way = "slack"\nurl = "https://a"\nsecret = { env = "A" }', "say where notices go"),
        ('way = "webhook"\nurl = "ftp://a"', "expected an address that begins with http:// or https://"),
        ('way = "pagerduty"', "PagerDuty needs its routing key"),
        ('way = "pagerduty"\nsecret = {}', "name either 'env' or 'file'"),
        ('way = "pagerduty"\nsecret = { env = "A", file = "b" }', "name either 'env' or 'file'"),
        ('way = "smoke"\nurl = "https://a"', "'slack', 'pagerduty' or 'webhook'"),
    ],
)
def test_who_cannot_be_told_is_a_mistake_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=r"drill\.toml:") as raised:
        loaded(tmp_path, f'[[notify]]\nname = "one"\n{text}\n')
    assert told in str(raised.value)


def test_two_receivers_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    one = '[[notify]]\nname = "one"\nway = "webhook"\nurl = "https://a"\n'
    with pytest.raises(ConfigurationError, match="another receiver is called 'one'"):
        loaded(tmp_path, one * 2)


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        (SecretFrom(env="NOT_SET"), "the environment variable NOT_SET is not set"),
        (SecretFrom(env="SET_TO_NOTHING"), "the environment variable SET_TO_NOTHING is empty"),
        (SecretFrom(file="none"), "none cannot be read: No such file or directory"),
        (SecretFrom(file="binary"), "binary cannot be read"),
    ],
)
def test_a_secret_that_is_not_there_is_told_before_anything_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: SecretFrom, told: str
) -> None:
    monkeypatch.setenv("SET_TO_NOTHING", " ")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    model = loaded(tmp_path, "")
    with pytest.raises(ConfigurationError) as raised:
        target_of(Receiver(name="one", way=Way.SLACK, secret=secret), model.root)
    assert told in str(raised.value)
