"""Archives of configurations: what is packed is read back exactly, and what could lead elsewhere is never read."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.system.bundle import ENVIRONMENT, Bundle, differing, mode_of, variables
from harness.system.config_archive import MOST_BYTES, MOST_FILES, archive_name, pack, unpack

PLAIN = Bundle({"web.toml": b"a = 1\n", ENVIRONMENT: b"TOKEN=secret-word\n", "secrets/key": b"k"})
OTHER = Bundle({"web.toml": b"a = 2\n"})
LIVE = Bundle({"stale.toml": b"", ENVIRONMENT: b"TOKEN=live\n", "secrets/live": b"l"})
NAMES = st.lists(st.sampled_from(["a", "b.toml", ".c", "d e", "é"]), min_size=1, max_size=3).map("/".join)


def tar_of(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A compressed archive, as anybody could make it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for entry, content in entries:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, target
    return found


@pytest.mark.parametrize("other", [PLAIN, OTHER], ids=["alike", "different"])
def test_what_is_packed_is_read_back_for_each_service(other: Bundle) -> None:
    content = pack({"web": PLAIN, "api": other})
    packed = unpack(content)
    assert packed.whole
    assert packed.of("web", LIVE) == PLAIN
    assert packed.of("api", LIVE) == other
    assert content == pack({"web": PLAIN, "api": other})


@given(st.dictionaries(NAMES, st.binary(max_size=40), max_size=6))
def test_any_files_are_read_back(files: dict[str, bytes]) -> None:
    bundle = Bundle({f"d{index}/{path}": content for index, (path, content) in enumerate(files.items())})
    assert unpack(pack({"web": bundle})).of("web", LIVE) == bundle


def test_secrets_are_packed_for_their_owner_alone() -> None:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(pack({"web": PLAIN})))) as tar:
        assert {one.name: one.mode for one in tar if one.isfile()} == {
            "web.toml": 0o644,
            ENVIRONMENT: 0o600,
            "secrets/key": 0o600,
        }
    assert mode_of("secrets/deep/key") == 0o600


def test_an_archive_of_anybody_leaves_what_it_says_nothing_of_as_it_is() -> None:
    packed = unpack(tar_of((entry("./", tarfile.DIRTYPE), b""), (entry("./web.toml"), b"a = 1\n")))
    assert not packed.whole
    assert packed.of("web", LIVE) == Bundle({"web.toml": b"a = 1\n", **{k: LIVE.files[k] for k in LIVE.secrets}})
    with_secrets = unpack(tar_of((entry("secrets", tarfile.DIRTYPE), b""), (entry(ENVIRONMENT), b"A=1\n")))
    assert with_secrets.of("web", LIVE) == Bundle({ENVIRONMENT: b"A=1\n"})


def test_a_service_that_an_archive_has_nothing_for_has_none() -> None:
    packed = unpack(tar_of((entry("services/web/web.toml"), b"")))
    assert packed.of("api", LIVE) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (tar_of((entry("../out"), b"x")), "leads out"),
        (tar_of((entry("a/../../out"), b"x")), "leads out"),
        (tar_of((entry("/etc/passwd"), b"x")), "leads out"),
        (tar_of((entry("a\\..\\out"), b"x")), "leads out"),
        (tar_of((entry("link", tarfile.SYMTYPE, "/etc/passwd"), b"")), "is a link"),
        (tar_of((entry("link", tarfile.LNKTYPE, "web.toml"), b"")), "is a link"),
        (tar_of((entry("device", tarfile.CHRTYPE), b"")), "neither a file nor a folder"),
        (tar_of((entry("pipe", tarfile.FIFOTYPE), b"")), "neither a file nor a folder"),
        (tar_of((entry("a"), b"1"), (entry("./a"), b"2")), "twice"),
        (tar_of((entry("services/web"), b"1")), "expected services/NAME/FILE"),
        (tar_of(*((entry(f"f{number}"), b"") for number in range(MOST_FILES + 1))), f"more than {MOST_FILES} files"),
        (tar_of((entry("large"), b"\0" * MOST_BYTES)), f"more than {MOST_BYTES} bytes"),
        (b"no archive", "no whole gzip"),
        (b"", "cut short"),
        (gzip.compress(b"no tar, and much more than nothing" * 40, mtime=0), "no whole tar"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_damaged_or_leads_elsewhere_is_of_no_use(content: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        unpack(content)


@pytest.mark.parametrize("cut", [lambda n: n // n, lambda n: n // 2, lambda n: n - 1], ids=["begin", "middle", "end"])
def test_an_archive_that_is_cut_short_is_never_read_in_part(cut: Callable[[int], int]) -> None:
    content = pack({"web": PLAIN})
    with pytest.raises(InputError):
        unpack(content[: cut(len(content))])


def test_any_byte_that_is_altered_is_noticed_or_changes_nothing() -> None:
    content = pack({"web": PLAIN})
    for at in range(len(content)):
        damaged = content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]
        try:
            assert unpack(damaged).of("web", LIVE) == PLAIN  # a byte of gzip's head that means nothing
        except InputError:
            continue


@pytest.mark.parametrize("version", ["", "../x", "a/b", ".hidden", "x" * 200, "a b", "a\n"])
def test_what_is_no_version_is_no_name_of_an_archive(version: str) -> None:
    with pytest.raises(InputError, match="no version"):
        archive_name(version)


def test_nothing_shows_what_is_in_a_configuration() -> None:
    shown = f"{PLAIN!r} {PLAIN} {unpack(pack({'web': PLAIN}))!r}"
    assert "secret-word" not in shown
    with pytest.raises(InputError, match="line 2: expected NAME=VALUE") as error:
        variables(b"A=1\nsecret-word\n")
    assert "secret-word" not in str(error.value)


def test_differences_are_told_by_path_alone() -> None:
    assert differing(LIVE, PLAIN) == (
        "environment.env differs",
        "secrets/key missing",
        "secrets/live one too many",
        "stale.toml one too many",
        "web.toml missing",
    )
    assert differing(PLAIN, PLAIN) == ()


def test_what_is_empty_for_one_service_comes_back_empty() -> None:
    packed = unpack(pack({"web": PLAIN, "api": Bundle({})}))
    assert (packed.of("web", LIVE), packed.of("api", LIVE)) == (PLAIN, Bundle({}))


def test_a_folder_that_is_named_like_those_of_services_comes_back() -> None:
    bundle = Bundle({"services/foo/x.toml": b"", "services/y.toml": b"1"})
    assert unpack(pack({"web": bundle})).of("web", LIVE) == bundle


def test_what_an_archive_would_not_give_back_is_never_packed() -> None:
    with pytest.raises(InputError):
        pack({name: Bundle({f"{n}.toml": name.encode() for n in range(MOST_FILES // 2)}) for name in "abc"})


def test_secrets_of_one_service_say_nothing_of_anothers() -> None:
    packed = unpack(tar_of((entry("services/a/secrets/k"), b"k"), (entry("services/b/b.toml"), b"")))
    assert packed.of("a", LIVE) == Bundle({"secrets/k": b"k", ENVIRONMENT: LIVE.files[ENVIRONMENT]})
    assert packed.of("b", LIVE) == Bundle({"b.toml": b"", "secrets/live": b"l", ENVIRONMENT: LIVE.files[ENVIRONMENT]})


def test_a_sparse_file_is_refused_before_it_fills_the_memory() -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        large = entry("large.toml")
        large.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "99000000000"}
        large.size = 512
        tar.addfile(large, io.BytesIO(b"0\n".ljust(512, b"\0")))
    with pytest.raises(InputError):
        unpack(gzip.compress(raw.getvalue(), mtime=0))
