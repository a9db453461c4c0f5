"""Which addresses are public."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbench.core.addresses import is_public

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "::ffff:0:7f00:1", "64:ff9b:1::1",
    "", "localhost", "example.com", "1.2.3", "0x7f.1", "2130706433", "8.8.8.8/32", "[::1]",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e",
          "64:ff9b::808:808"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_nobody_is_sent_there(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_hidden_in_a_longer_address_it_is_what_it_is(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number)
    sixtofour = ipaddress.IPv6Address(0x2002 << 112 | number << 80)
    if not is_public(str(inner)):
        assert not is_public(str(nat64))
        assert not is_public(str(sixtofour))
        assert not is_public(f"::ffff:{inner}")
