import pytest
from _hooks.errors import BuildError
from _hooks.yaml_lines import line_of, load


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "facts.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refused(path):
    with pytest.raises(BuildError) as caught:
        load(path)
    return caught.value


def test_every_key_and_item_knows_its_line(written):
    data = load(written("# facts\na:\n  b: 1\n\n  c: {d: 2}\nlist:\n  - x\n  - e: 3\n"))
    assert data == {"a": {"b": 1, "c": {"d": 2}}, "list": ["x", {"e": 3}]}
    assert (line_of(data, "a"), line_of(data["a"], "b"), line_of(data["a"]["c"], "d")) == (2, 3, 5)
    assert (line_of(data["list"], 1), line_of(data["list"][1], "e")) == (8, 8)


def test_a_missing_key_has_the_line_of_its_mapping(written):
    data = load(written("- id: a\n\n- id: b\n"))
    assert line_of(data[1], "bound") == line_of(data[1]) == 3


def test_plain_data_has_no_lines():
    assert line_of({"a": 1}, "a") is None


def test_a_key_twice_is_refused_at_its_second_line(written):
    error = refused(written("a: 1\nb: 2\na: 3\n"))
    assert "'a'" in error.message
    assert error.line == 3


def test_malformed_yaml_is_refused_at_its_line(written):
    assert refused(written("a: 1\nb: [1, 2\nc: 3\n")).line == 3


def test_bytes_that_are_not_utf8_are_refused_at_their_line(written):
    assert refused(written(b"a: 1\nb: \xff\n")).line == 2


@pytest.mark.parametrize(
    "text",
    ["a: \x07\n", "[1]: 2\n", "a: !!python/name:os.system\n", "&a [*a]\n", "a: 1\n---\nb: 2\n"],
)
def test_what_is_not_plain_data_is_refused(written, text):
    assert str(refused(written(text))).count("\n") == 0
    assert refused(written(text)).line


def test_a_missing_file_is_refused(tmp_path):
    assert "cannot be read" in str(refused(tmp_path / "none.yml"))


def test_an_empty_file_is_none(written):
    assert load(written("")) is None
