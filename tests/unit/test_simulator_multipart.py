"""The form reader takes what clients in the field send, and nothing that is not a form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.simulator.multipart import MalformedBody, read_form

TYPE = "multipart/form-data; boundary=B"
PART = b'Content-Disposition: form-data; name="a"\r\n\r\n'


@given(st.binary(max_size=300).filter(lambda content: b"\r\n--B" not in content))
def test_the_bytes_of_a_part_come_out_as_they_went_in(content: bytes) -> None:
    body = b"--B\r\n" + PART + content + b"\r\n--B--\r\n"
    assert read_form(TYPE, body)["a"].content == content


def test_a_quoted_boundary_a_preamble_and_an_epilogue_are_allowed() -> None:
    body = b"ignored\r\n--B\r\n" + PART + b"x\r\n--B--\r\nignored too"
    assert read_form('multipart/form-data; charset=utf-8; boundary="B"', body)["a"].content == b"x"


def test_filename_and_type_of_a_part_are_read() -> None:
    head = b'content-disposition: form-data; filename="n; name=z.xml"; name=a\r\n'
    part = read_form(TYPE, b"--B\r\n" + head + b"Content-Type: Application/XML; charset=x\r\n\r\n\r\n--B--")[
        "a"
    ]
    assert (part.filename, part.content_type, part.content) == ("n; name=z.xml", "application/xml", b"")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--B--"),
        (TYPE, b""),
        (TYPE, b"--B\r\n" + PART + b"cut in the mid"),
        (TYPE, b"--B\r\n" + PART + b"x\r\n--B\r\n" + PART + b"y\r\n--B--"),
        (TYPE, b'--B\r\nContent-Disposition: form-data; name="a"\r\n--B--'),
        (TYPE, b"--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--"),
        (TYPE, b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--"),
        (TYPE, b"--B\r\nno colon here\r\n\r\nx\r\n--B--"),
        (TYPE, b"--Bx\r\n" + PART + b"x\r\n--B--"),
    ],
)
def test_what_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_form(content_type, body)
