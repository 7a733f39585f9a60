//! From where somebody asks: the other end of the connection, or, behind proxies of ours, what these say.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Networks of proxies whose word is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// A list with commas, of networks (`10.0.0.0/8`) and single addresses.
    ///
    /// # Errors
    /// The entry that is neither.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let network = |entry: &str| {
            let single = || entry.parse::<IpAddr>().map(IpNet::from);
            entry.parse::<IpNet>().or_else(|_| single()).map_err(|_| entry.to_owned())
        };
        entries.map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Who asks, if `peer` has the connection and these are the values of `X-Forwarded-For`, in their order.
    ///
    /// Each proxy adds at the end whom it heard. So it is read from there, for as long as a proxy of ours has said it:
    /// what stands before that, anybody may have written.
    pub(crate) fn client<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        for said in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.0.iter().any(|network| network.contains(&client)) {
                break;
            }
            let Some(before) = address(said.trim()) else { break };
            client = before.to_canonical();
        }
        client
    }
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_proxies_of_ours_say_is_believed() {
        let proxies = Proxies::parse("10.0.0.0/8, 192.0.2.7,2001:db8:1::/48").unwrap();
        for (peer, forwarded, client) in [
            ("198.51.100.1", &["203.0.113.9"][..], "198.51.100.1"),
            ("10.1.1.1", &[], "10.1.1.1"),
            ("10.1.1.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.1.1.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.1.1.1", &["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            ("10.1.1.1", &["127.0.0.1", "203.0.113.9"], "203.0.113.9"),
            ("10.1.1.1", &["203.0.113.9, 192.0.2.7"], "203.0.113.9"),
            ("10.1.1.1", &["203.0.113.9", "192.0.2.7,2001:db8:1::2"], "203.0.113.9"),
            ("10.1.1.1", &["203.0.113.9, 192.0.2.8"], "192.0.2.8"),
            ("10.1.1.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.1.1.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.1.1.1", &["203.0.113.9, unknown"], "10.1.1.1"),
            ("10.1.1.1", &["203.0.113.9, "], "10.1.1.1"),
            ("10.1.1.1", &["10.2.2.2"], "10.2.2.2"),
        ] {
            let found = proxies.client(peer.parse().unwrap(), forwarded.iter().copied());
            assert_eq!(found.to_string(), client, "{peer} {forwarded:?}");
        }
        let nobody = Proxies::default().client("10.1.1.1".parse().unwrap(), ["203.0.113.9"].into_iter());
        assert_eq!(nobody.to_string(), "10.1.1.1");
    }

    #[test]
    fn a_list_names_the_entry_that_is_no_network() {
        assert_eq!(Proxies::parse(""), Ok(Proxies::default()));
        assert_eq!(Proxies::parse("10.0.0.0/8, caddy"), Err("caddy".to_owned()));
        assert_eq!(Proxies::parse("10.0.0.0/33"), Err("10.0.0.0/33".to_owned()));
    }
}
