//! Which addresses this house connects to: public ones, and private ones by explicit exception.
//!
//! A feed's address, a redirect and a name server's answer are foreign. Without this gate each of
//! them could make the daemon ask the cloud's metadata service or the intranet for something. What
//! counts is the address that is connected to, so the gate stands in three places: on literal
//! addresses (which no resolver sees), on what the name server answers, and on the peer of the
//! connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// Networks of the special-purpose registries (IANA, RFC 6890) that are no public hosts.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// The same inside the only network of IPv6 that is global unicast, `2000::/3`: protocol
/// assignments with Teredo, documentation, and 6to4, which hides any IPv4 address.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// An IPv4 address in its last 32 bits is where packets to this network go (RFC 6052).
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// An entry of `allow_private` that is no host name, address or network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host name, address or network (10.1.0.0/16)")]
pub struct BadException(pub String);

/// The gate of one client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gate {
    exceptions: Vec<Exception>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    /// Whatever this name resolves to.
    Host(String),
    /// Every address of a network, under whatever name.
    Net(IpAddr, u32),
}

/// Why the gate stays closed. Holds no address: it may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    #[error("only http and https are fetched")]
    Scheme,
    #[error("the address has no host")]
    NoHost,
    #[error("the host is a private or reserved address, see `allow_private`")]
    Private,
}

impl Gate {
    /// A gate that is open for public addresses and for these hosts, addresses and networks.
    ///
    /// # Errors
    /// An entry that is none of these.
    pub fn new(allow_private: &[String]) -> Result<Self, BadException> {
        let exceptions = allow_private
            .iter()
            .map(|entry| exception(entry.trim()).ok_or_else(|| BadException(entry.clone())))
            .collect::<Result<_, _>>()?;
        Ok(Self { exceptions })
    }

    /// Lets an address through before anything is asked. A host name passes: its addresses are
    /// tested when they are known.
    ///
    /// # Errors
    /// Why not.
    pub fn admits_url(&self, url: &Url) -> Result<(), Closed> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Closed::Scheme);
        }
        let literal = match url.host() {
            None => return Err(Closed::NoHost),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        };
        match self.admits("", literal) {
            true => Ok(()),
            false => Err(Closed::Private),
        }
    }

    /// Whether this address may be connected to for this host name.
    pub fn admits(&self, host: &str, address: IpAddr) -> bool {
        let address = plain(address);
        is_public(address)
            || self.exceptions.iter().any(|exception| match exception {
                Exception::Host(name) => name == &host.to_ascii_lowercase(),
                Exception::Net(net, bits) => is_in(address, *net, *bits),
            })
    }

    /// The addresses of a name server's answer that may be connected to.
    pub fn filter(&self, host: &str, answer: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        answer
            .filter(|address| self.admits(host, address.ip()))
            .collect()
    }
}

fn exception(entry: &str) -> Option<Exception> {
    let (address, bits) = match entry.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (entry, None),
    };
    if let Ok(address) = address.trim_matches(['[', ']']).parse::<IpAddr>() {
        let address = plain(address);
        let bits = bits.unwrap_or_else(|| width(address));
        return (bits <= width(address)).then_some(Exception::Net(address, bits));
    }
    match Host::parse(entry) {
        Ok(Host::Domain(name)) if bits.is_none() => Some(Exception::Host(name)),
        _ => None,
    }
}

/// The IPv4 address inside a mapped one, else the address.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn is_in(address: IpAddr, net: IpAddr, bits: u32) -> bool {
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => in_v4(address, (net, bits)),
        (IpAddr::V6(address), IpAddr::V6(net)) => in_v6(address, (net, bits)),
        _ => false,
    }
}

fn in_v4(address: Ipv4Addr, (net, bits): (Ipv4Addr, u32)) -> bool {
    let differs = u32::from(address) ^ u32::from(net);
    differs.checked_shr(32 - bits).unwrap_or(0) == 0
}

fn in_v6(address: Ipv6Addr, (net, bits): (Ipv6Addr, u32)) -> bool {
    let differs = u128::from(address) ^ u128::from(net);
    differs.checked_shr(128 - bits).unwrap_or(0) == 0
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|net| in_v4(address, *net)),
        IpAddr::V6(address) if in_v6(address, NAT64) => {
            let [.., a, b, c, d] = address.octets();
            is_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
        }
        IpAddr::V6(address) => {
            in_v6(address, GLOBAL_V6) && !SPECIAL_V6.iter().any(|net| in_v6(address, *net))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way that we know to write an address that is not public, as a URL's host.
    const CLOSED: [&str; 62] = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "0x0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "167772161",
        "0xa000001",
        "012.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0xa9.0xfe.0xa9.0xfe",
        "169.254.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "3232235521",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "１２７.0.0.1",
        "127。0。0。1",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[ff02::1]",
    ];
    const OPEN: [&str; 14] = [
        "8.8.8.8",
        "134744072",
        "0x08080808",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.255.255",
        "223.255.255.255",
        "[2606:4700:4700::1111]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::8.8.8.8]",
    ];

    fn verdict(gate: &Gate, host: &str) -> Result<(), Closed> {
        gate.admits_url(&Url::parse(&format!("http://{host}/feed")).unwrap())
    }

    #[test]
    fn private_and_reserved_addresses_stay_closed_in_every_spelling() {
        for host in CLOSED {
            assert_eq!(
                verdict(&Gate::default(), host),
                Err(Closed::Private),
                "{host}"
            );
        }
        for host in OPEN {
            assert_eq!(verdict(&Gate::default(), host), Ok(()), "{host}");
        }
    }

    /// Addresses that look like something else: what is asked of is what the gate sees.
    #[test]
    fn no_disguise_opens_the_gate() {
        let closed = [
            "http://8.8.8.8@127.0.0.1/",
            "http://8.8.8.8:80@127.0.0.1/",
            "http://user:8.8.8.8@[::1]:80/",
            "http://127.0.0.1:80/",
            "https://127.0.0.1:65535/",
            "http://[::ffff:127.0.0.1]:8080/",
            "http://127.0.0.1#@8.8.8.8/",
            "http://127.0.0.1?@8.8.8.8/",
            "http://127.0.0.1\\@8.8.8.8/",
            "http:\\\\127.0.0.1\\",
            "http:127.0.0.1",
            "http:///127.0.0.1",
            "http://%31%32%37.0.0.1/",
            "http://127.0.\t0.1/",
            "http://127.0.0\n.1/",
            " http://127.0.0.1 ",
            "HTTP://127.0.0.1/",
            "http://0x7F.0X0.0.1/",
            "http://00000177.0.0.1/",
            "http://127.0x000001/",
            "http://①②⑦.0.0.1/",
            "http://[0:0:0:0:0:ffff:127.0.0.1]/",
            "http://[::ffff:0a00:0001]/",
            "http://[::7f00:1]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:a9fe:a9fe::1]/",
            "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
            "http://[fe80::a9fe:a9fe]/",
            "http://[fec0::1]/",
            "http://[fd00:ec2::254]/",
            "http://[ff0e::1]/",
            "http://[3fff::1]/",
            "http://[5f00::1]/",
        ];
        for url in closed {
            let parsed = Url::parse(url).unwrap();
            assert_eq!(
                Gate::default().admits_url(&parsed),
                Err(Closed::Private),
                "{url:?}"
            );
        }
        // What is no address is asked of nobody.
        for url in [
            "http://[fe80::1%25eth0]/",
            "http://256.0.0.1/",
            "http://127.0.0.1:99999/",
        ] {
            assert!(Url::parse(url).is_err(), "{url}");
        }
        // And what only mentions a private one is open.
        for url in [
            "http://127.0.0.1:80@8.8.8.8/",
            "http://8.8.8.8/?u=http://127.0.0.1/",
        ] {
            let parsed = Url::parse(url).unwrap();
            assert_eq!(Gate::default().admits_url(&parsed), Ok(()), "{url}");
        }
    }

    #[test]
    fn other_schemes_stay_closed() {
        let gate = Gate::default();
        for url in [
            "file:///etc/passwd",
            "ftp://feeds.example/",
            "gopher://feeds.example/1",
        ] {
            assert_eq!(
                gate.admits_url(&Url::parse(url).unwrap()),
                Err(Closed::Scheme),
                "{url}"
            );
        }
    }

    #[test]
    fn a_name_servers_answer_goes_through_the_same_gate() {
        let answer = [
            "127.0.0.1:0",
            "8.8.8.8:0",
            "[::1]:0",
            "[fe80::1]:0",
            "[2606:4700::1]:0",
        ];
        let answer = || {
            answer
                .iter()
                .map(|text| text.parse::<SocketAddr>().unwrap())
        };
        let kept = |allow: &[&str]| {
            let allow: Vec<String> = allow.iter().map(|text| (*text).to_owned()).collect();
            Gate::new(&allow)
                .unwrap()
                .filter("Intranet.Example", answer())
                .len()
        };
        assert_eq!(kept(&[]), 2);
        assert_eq!(kept(&["127.0.0.0/8"]), 3);
        assert_eq!(kept(&["::1", "fe80::/10"]), 4);
        assert_eq!(kept(&["intranet.example"]), 5);
        assert_eq!(kept(&["other.example"]), 2);
    }

    #[test]
    fn exceptions_are_read_or_refused() {
        let open =
            |allow: &str, host: &str| verdict(&Gate::new(&[allow.to_owned()]).unwrap(), host);
        assert_eq!(open("10.1.0.0/16", "10.1.2.3"), Ok(()));
        assert_eq!(open("10.1.0.0/16", "[::ffff:10.1.2.3]"), Ok(()));
        assert_eq!(open("10.1.0.0/16", "10.2.0.1"), Err(Closed::Private));
        assert_eq!(open("0.0.0.0/0", "192.168.1.1"), Ok(()));
        assert_eq!(open("[::1]", "[::1]"), Ok(()));
        for bad in ["", "10.1.0.0/33", "::1/129", "host/8", "a b", "10.1.0.0/x"] {
            assert_eq!(
                Gate::new(&[bad.to_owned()]),
                Err(BadException(bad.to_owned())),
                "{bad}"
            );
        }
    }
}
