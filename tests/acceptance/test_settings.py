"""Where settings come from, and which goes before which."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogue import ConfigurationError, DialogueApp, Settings, create_dialogue

from .command import dialogue


def app(**code: object) -> DialogueApp:
    """An application that says `code` itself."""
    return create_dialogue(rooms={}, settings=code)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DIALOGUE_PORT", raising=False)


def test_the_default_is_what_nobody_says_otherwise() -> None:
    assert app().settings.port == 3000
    assert app().settings.database == "sqlite:///dialogue.db"


def test_a_setting_that_does_not_exist_is_refused_wherever_it_is_given() -> None:
    with pytest.raises(ConfigurationError, match="There is no setting 'portt'; there are: host, port"):
        Settings(portt=1)
    assert Settings(port=1).port == 1


def test_the_code_goes_before_the_default() -> None:
    assert app(port=1).settings.port == 1
    assert create_dialogue(rooms={}, port=2).settings.port == 2


def test_env_goes_before_the_code(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('DIALOGUE_PORT=3\nDIALOGUE_ALLOWED_ORIGINS=["https://a.example"]\nOTHER=1\n')
    assert app(port=1).settings.port == 3
    assert app().settings.allowed_origins == ["https://a.example"]


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("https://x.example", ["https://x.example"]),
        (" https://x.example , http://y.example:80,", ["https://x.example", "http://y.example:80"]),
        ('["https://x.example", "*"]', ["https://x.example", "*"]),
        ("*", ["*"]),
        ("", []),
    ],
)
def test_a_list_is_written_with_commas_or_as_json(
    monkeypatch: pytest.MonkeyPatch, text: str, origins: list[str]
) -> None:
    monkeypatch.setenv("DIALOGUE_ALLOWED_ORIGINS", text)
    assert app().settings.allowed_origins == origins
    monkeypatch.delenv("DIALOGUE_ALLOWED_ORIGINS")
    assert app(allowed_origins=text).settings.allowed_origins == origins
    changed = app()
    changed.configure(allowed_origins=text)
    assert changed.settings.allowed_origins == origins


def test_what_kubernetes_makes_for_a_service_called_dialogue_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_3000_TCP", "PORT_3000_TCP_ADDR"):
        monkeypatch.setenv(f"DIALOGUE_{name}", "tcp://10.0.0.1:3000")
    assert app().settings.port == 3000


def test_a_name_in_env_that_is_no_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DIALOGUE_PROT=3\nOTHER=1\n")
    with pytest.raises(ConfigurationError, match="no setting DIALOGUE_PROT; is DIALOGUE_PORT meant"):
        app()


def test_the_environment_goes_before_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DIALOGUE_PORT=3\n")
    monkeypatch.setenv("DIALOGUE_PORT", "4")
    assert app(port=1).settings.port == 4


def test_the_command_line_goes_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_PORT", "4")
    changed = app(port=1)
    changed.configure(port=5, host=None)
    assert changed.settings.port == 5
    assert changed.settings.host == "127.0.0.1"


def test_the_command_reads_env_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DIALOGUE_DATABASE=nonsense\n")
    assert "'nonsense'" in dialogue(tmp_path, "serve", "--port", "0").complaint


def test_a_setting_that_is_not_there_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigurationError, match="'prot'"):
        app(prot=1)


def test_a_value_that_cannot_be_is_refused_with_its_setting() -> None:
    with pytest.raises(ConfigurationError, match=r"^max_backlog_frames: "):
        app(max_backlog_frames=1)


@pytest.mark.parametrize("origin", ["chat.example", "https://*.chat.example", "https://*", "https://chat.example/live"])
def test_an_origin_that_no_page_can_have_is_refused(origin: str) -> None:
    """It would be listed, and let nobody in."""
    with pytest.raises(ConfigurationError, match=r"^allowed_origins: .* must be an origin"):
        app(allowed_origins=["https://other.example", origin])
