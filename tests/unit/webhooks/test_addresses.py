"""Which addresses a webhook may have."""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.service.ticketing.domain.exceptions import WebhookAddressRefusedError
from onsale.service.ticketing.domain.webhook_address import (
    IPAddress,
    is_public,
    read_address,
    read_networks,
    require_allowed,
)

PUBLIC_V4, PUBLIC_V6 = ip_address("93.184.215.14"), ip_address("2606:2800:21f:cb07::1")


def is_allowed(url: str, *leads_to: str | IPAddress, allowed: str = "") -> bool:
    try:
        require_allowed(
            read_address(url), [ip_address(x) for x in leads_to], read_networks(allowed)
        )
    except WebhookAddressRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/Hook?a=B", "https://example.com/Hook?a=B"),
        ("https://example.com:8443?x", "https://example.com:8443/?x"),
        ("http://10.0.0.1:80/", "http://10.0.0.1/"),
        ("https://[2606:2800:021F::1]:8443/x", "https://[2606:2800:21f::1]:8443/x"),
        ("https://xn--bcher-kva.example/%20", "https://xn--bcher-kva.example/%20"),
    ],
)
def test_a_plain_address_is_read_as_it_is_meant(url: str, plain: str) -> None:
    assert str(read_address(url)) == plain
    assert str(read_address(plain)) == plain


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "//example.com", "https:/example.com", "https://", "https:///x"),
        *("ftp://example.com", "file:///etc/passwd", "javascript:alert(1)", "gopher://x:70/"),
        *("https://user@example.com/", "https://user:secret@example.com/", "https://@example.com"),
        *("https://example.com:0/", "https://example.com:65536/", "https://example.com:x/"),
        *("https://example.com:/", "https://example.com:-1/", "https://example.com:443:443/"),
        *(
            "https://example.com#x",
            "https://exa mple.com",
            "https://example.com/\n",
            "https://é.fr",
        ),
        *("https://example.com\\@10.0.0.1/", "https://exam\tple.com", " https://example.com"),
        *("https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/"),
        *("https://127.0.0.01/", "https://1.2.3.4.5/", "https://0x7f000001/", "https://256.1.1.1"),
        *("https://[::1/", "https://::1/", "https://[::ffff:127.0.0.1%lo]/", "https://[x]/"),
        *("https://-x.com/", "https://x..com/", "https://x.com./", f"https://{'a' * 64}.com/"),
        f"https://{'a.' * 130}com/",
        *(f"https://example.com/{character}" for character in '\\^`{|}<>"\x7f\x00é '),
        *(f"https://exam{character}ple.com/" for character in '\\^`{|}<>"'),
        f"https://example.com/{'a' * 2_000}",
    ],
)
def test_what_two_readers_might_read_differently_is_no_address(url: str) -> None:
    with pytest.raises(WebhookAddressRefusedError):
        read_address(url)


@pytest.mark.parametrize(
    "address",
    [
        *(str(IPv4Address(0)), "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1"),
        *("127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.9"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::5db8:d70e"),
        *("2002:7f00:1::", "2002:a00:1::1", "2001::1", "2001:0:5db8:d70e::1", "2001:db8::1"),
        *("100::1", "3fff::1", "3ffe::1", "3ffe:ffff::1", "5f00::1", "4000::1", "fe80::1%eth0"),
    ],
)
def test_what_is_not_for_everybody_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not is_allowed("https://example.com/", address)
    # One that is public beside it does not help.
    assert not is_allowed("https://example.com/", PUBLIC_V4, address)
    assert not is_allowed("https://example.com/", address, PUBLIC_V6)


@pytest.mark.parametrize(
    "address",
    [
        *(str(PUBLIC_V4), str(PUBLIC_V6), "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1"),
        *("::ffff:93.184.215.14", "64:ff9b::5db8:d70e", "2a00:1450:4001:80b::200e"),
    ],
)
def test_what_is_for_everybody_is_taken(address: str) -> None:
    assert is_public(ip_address(address))
    assert is_allowed("https://example.com/", address)
    assert is_allowed("https://example.com:8443/", address)


@given(address=st.ip_addresses(v=4))
def test_of_version_4_everything_is_refused_that_python_knows_to_be_special(
    address: IPv4Address,
) -> None:
    special = address.is_private or address.is_multicast or address.is_reserved
    if special or address.is_loopback or address.is_link_local or not address.is_global:
        assert not is_public(address)


@given(address=st.ip_addresses(v=6))
def test_of_version_6_everything_is_refused_that_python_knows_to_be_special(
    address: IPv6Address,
) -> None:
    special = address.is_private or address.is_multicast or address.is_reserved
    is_translated = address in ip_network("64:ff9b::/96") or address.ipv4_mapped is not None
    if (special or address.is_link_local or address.is_site_local) and not is_translated:
        assert not is_public(address)


@given(inside=st.ip_addresses(v=4))
def test_an_address_is_judged_alike_however_it_is_written(inside: IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        assert is_public(IPv6Address(int(IPv6Address(prefix)) + int(inside))) is is_public(inside)


@given(
    network=st.one_of(
        st.tuples(st.ip_addresses(v=4), st.integers(0, 32)),
        st.tuples(st.ip_addresses(v=6), st.integers(0, 128)),
    ),
    address=st.ip_addresses(),
)
def test_the_operators_networks_open_themselves_and_nothing_else(
    network: tuple[IPv4Address | IPv6Address, int], address: IPAddress
) -> None:
    allowed: IPv4Network | IPv6Network = ip_network(network, strict=False)
    plain = getattr(address, "ipv4_mapped", None) or address

    opened = is_allowed("http://in-house.example:9000/", address, allowed=str(allowed))

    assert opened is (plain in allowed)


def test_only_the_operators_networks_are_served_in_the_clear_and_at_any_port() -> None:
    inside = "10.1.2.3"
    assert is_allowed("http://x/", inside, allowed="10.0.0.0/8")
    assert is_allowed("https://x:9000/", inside, allowed="192.168.0.0/16, 10.0.0.0/8")
    assert not is_allowed("http://x/", PUBLIC_V4)
    assert not is_allowed("http://x/", PUBLIC_V4, allowed="10.0.0.0/8")
    assert not is_allowed("https://x:22/", PUBLIC_V4, allowed="10.0.0.0/8")
    assert not is_allowed("https://x:6379/", PUBLIC_V4)
    # A name that leads to both must keep to the rules of both.
    assert not is_allowed("http://x/", inside, PUBLIC_V4, allowed="10.0.0.0/8")
    assert is_allowed("https://x/", inside, PUBLIC_V4, allowed="10.0.0.0/8")


def test_a_name_that_leads_nowhere_is_refused_in_the_words_of_one_that_leads_inside() -> None:
    refusals = []
    for leads_to in ([], [ip_address("10.0.0.1")]):
        with pytest.raises(WebhookAddressRefusedError) as refused:
            require_allowed(read_address("https://example.com/"), leads_to, [])
        refusals.append(str(refused.value))
    assert len(set(refusals)) == 1


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "everything", "10.0.0.0/8;::1/128"])
def test_networks_are_written_as_networks(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|has host bits"):
        read_networks(text)
