//! Which addresses may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::settings::FetchSettings;

/// Networks of IPv4 that are not global unicast, after IANA's registry of special-purpose addresses.
const NOT_GLOBAL_V4: [(Ipv4Addr, u8); 15] = [
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
    // Multicast, reserved, broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The only part of IPv6 that is global unicast.
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not global within it: protocol assignments (with Teredo), and documentation.
const NOT_GLOBAL_V6: [(Ipv6Addr, u8); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Judges addresses.
pub(super) struct Guard {
    pub ports: Vec<u16>,
    allow: Vec<SocketAddr>,
    /// Whether it lets everything pass.
    everything: bool,
}

impl Guard {
    pub fn new(settings: &FetchSettings) -> Self {
        Self { ports: settings.ports.clone(), allow: settings.allow.clone(), everything: false }
    }

    /// For addresses that the operator names.
    pub fn none() -> Self {
        Self { ports: Vec::new(), allow: Vec::new(), everything: true }
    }

    /// Whether a connection may go there: the operator allows this very address and port, or it is
    /// a global address at one of the ports.
    pub fn allows(&self, address: SocketAddr) -> bool {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        self.everything
            || self.allow.contains(&address)
            || self.ports.contains(&address.port()) && is_global(address.ip())
    }
}

/// Whether an address is global unicast. An address of IPv6 that carries one of IPv4 is judged by
/// that.
pub(super) fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => match carried(v6) {
            Some(v4) => is_global_v4(v4),
            None => is_global_v6(v6),
        },
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let holds =
        |(network, bits): (Ipv4Addr, u8)| Ipv4Net::new_assert(network, bits).contains(&address);
    !NOT_GLOBAL_V4.into_iter().any(holds)
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let holds =
        |(network, bits): (Ipv6Addr, u8)| Ipv6Net::new_assert(network, bits).contains(&address);
    holds(GLOBAL_V6) && !NOT_GLOBAL_V6.into_iter().any(holds)
}

/// The address of IPv4 that one of IPv6 stands for: mapped (`::ffff:0:0/96`), translated by NAT64
/// (`64:ff9b::/96`), tunnelled by 6to4 (`2002::/16`) or by ISATAP.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low] => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        [.., 0 | 0x0200, 0x5efe, high, low] => v4(high, low),
        _ => None,
    }
}
