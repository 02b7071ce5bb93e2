//! Which connections may be open: how many in all, how many of one client, and which one is closed
//! for a new one.
//!
//! A connection is busy from the header of a request until the last byte of its answer is handed
//! to the system, and idle otherwise. Only idle connections are closed.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The open connections, and the limits on their number.
pub(super) struct Places {
    total: usize,
    /// Connections of one client; 0 means no limit.
    per_client: usize,
    /// Networks that `per_client` does not count for.
    proxies: Vec<IpNet>,
    open: Mutex<HashMap<u64, Arc<Link>>>,
    /// Counts connections and the ends of requests, so that both have an order.
    turn: AtomicU64,
    /// A connection ended or became idle.
    freed: Notify,
}

/// What is known about one open connection.
struct Link {
    client: Option<IpAddr>,
    activity: Mutex<Activity>,
    close: Notify,
}

#[derive(Clone, Copy, PartialEq)]
enum Activity {
    /// Waits for a request since this turn.
    Idle(u64),
    /// Has this many requests, one or more.
    Busy(usize),
    /// Is being closed for another connection; serves no request any more.
    Closing,
}

/// What became of an attempt to find a place.
enum Attempt {
    Taken(Place),
    Wait,
    Refused,
}

impl Places {
    pub fn new(total: usize, per_client: usize, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_client,
            proxies,
            open: Mutex::default(),
            turn: AtomicU64::new(0),
            freed: Notify::new(),
        })
    }

    /// A place for a connection from `address`. Where none is free, the connection that has been
    /// idle for longest is closed; where all are busy, this waits for the first that is not.
    /// `None` when the client has all the connections that one may have, and all are busy.
    ///
    /// One task at a time may wait here.
    pub async fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let client = self.counted(address);
        loop {
            match self.attempt(client) {
                Attempt::Taken(place) => return Some(place),
                Attempt::Refused => return None,
                Attempt::Wait => self.freed.notified().await,
            }
        }
    }

    /// Closes the connection that has been idle for longest.
    pub fn close_one(&self) {
        close_longest_idle(self.open.lock().values());
    }

    fn attempt(self: &Arc<Self>, client: Option<IpAddr>) -> Attempt {
        let mut open = self.open.lock();
        if client.is_some() {
            let own = open.values().filter(|link| link.client == client);
            if own.clone().count() >= self.per_client {
                return if close_longest_idle(own) { Attempt::Wait } else { Attempt::Refused };
            }
        }
        if open.len() >= self.total {
            close_longest_idle(open.values());
            return Attempt::Wait;
        }
        let id = self.next_turn();
        let activity = Mutex::new(Activity::Idle(id));
        let link = Arc::new(Link { client, activity, close: Notify::new() });
        open.insert(id, link.clone());
        Attempt::Taken(Place { places: self.clone(), id, link })
    }

    /// Whom a connection from `address` counts for: an IPv4 address, or a network of IPv6
    /// addresses, since a client has 2^64 of them. `None` where there is no limit.
    fn counted(&self, address: IpAddr) -> Option<IpAddr> {
        let address = address.to_canonical();
        if self.per_client == 0 || self.proxies.iter().any(|proxies| proxies.contains(&address)) {
            return None;
        }
        Some(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        })
    }

    fn next_turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

/// Closes the link that has been idle for longest, unless one is being closed already. Answers
/// whether one is.
fn close_longest_idle<'a>(links: impl Iterator<Item = &'a Arc<Link>> + Clone) -> bool {
    if links.clone().any(|link| *link.activity.lock() == Activity::Closing) {
        return true;
    }
    loop {
        let idle = links.clone().filter_map(|link| Some((link.idle_since()?, link)));
        match idle.min_by_key(|(since, _)| *since) {
            None => return false,
            Some((since, link)) if link.close(since) => return true,
            // It has got a request since.
            Some(_) => {}
        }
    }
}

impl Link {
    fn idle_since(&self) -> Option<u64> {
        match *self.activity.lock() {
            Activity::Idle(since) => Some(since),
            Activity::Busy(_) | Activity::Closing => None,
        }
    }

    /// Closes the connection if it has been idle since this turn.
    fn close(&self, since: u64) -> bool {
        let mut activity = self.activity.lock();
        if *activity != Activity::Idle(since) {
            return false;
        }
        *activity = Activity::Closing;
        self.close.notify_one();
        true
    }
}

/// The place of one connection, free again when this is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    id: u64,
    link: Arc<Link>,
}

impl Place {
    /// Completes when the connection has to be closed.
    pub async fn closing(&self) {
        self.link.close.notified().await;
    }

    /// What begins the connection's requests.
    pub fn requests(&self) -> Requests {
        Requests { places: self.places.clone(), link: self.link.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.open.lock().remove(&self.id);
        self.places.freed.notify_one();
    }
}

/// Begins the requests of one connection.
#[derive(Clone)]
pub(super) struct Requests {
    places: Arc<Places>,
    link: Arc<Link>,
}

impl Requests {
    /// Makes the connection busy until the answer is dropped. `None` when the connection is being
    /// closed: the request must not be served.
    pub fn begin(&self) -> Option<Busy> {
        let mut activity = self.link.activity.lock();
        *activity = match *activity {
            Activity::Idle(_) => Activity::Busy(1),
            Activity::Busy(requests) => Activity::Busy(requests + 1),
            Activity::Closing => return None,
        };
        Some(Busy(self.clone()))
    }
}

/// Keeps a connection busy until it is dropped.
pub(super) struct Busy(Requests);

impl Drop for Busy {
    fn drop(&mut self) {
        let Requests { places, link } = &self.0;
        let mut activity = link.activity.lock();
        match *activity {
            Activity::Busy(requests) if requests > 1 => *activity = Activity::Busy(requests - 1),
            _ => {
                *activity = Activity::Idle(places.next_turn());
                places.freed.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 8));

    /// A place if there is one now.
    fn take(places: &Arc<Places>, address: IpAddr) -> Option<Place> {
        places.take(address).now_or_never().flatten()
    }

    fn must_close(place: &Place) -> bool {
        place.closing().now_or_never().is_some()
    }

    #[test]
    fn the_longest_idle_connection_makes_room() {
        let places = Places::new(3, 0, Vec::new());
        let [first, second, third] = [(); 3].map(|()| take(&places, CLIENT).expect("room"));
        // The first is busy, the second has just been: the third has been idle for longest.
        let busy = first.requests().begin().expect("open");
        drop(second.requests().begin().expect("open"));
        assert!(take(&places, OTHER).is_none(), "full until a connection has ended");
        assert!(must_close(&third) && !must_close(&second) && !must_close(&first));
        assert!(third.requests().begin().is_none(), "no request on a connection that is closed");
        assert!(take(&places, OTHER).is_none() && !must_close(&second), "one at a time");
        drop(third);
        let fourth = take(&places, OTHER).expect("room");
        assert!(take(&places, OTHER).is_none() && must_close(&second));
        drop((busy, fourth));
    }

    #[test]
    fn busy_connections_stay_and_others_wait_for_the_first_that_is_idle() {
        let places = Places::new(1, 0, Vec::new());
        let place = take(&places, CLIENT).expect("room");
        let (one, two) = (place.requests().begin(), place.requests().begin());
        let mut waiting = Box::pin(places.take(OTHER));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(one);
        assert!(waiting.as_mut().now_or_never().is_none() && !must_close(&place));
        drop(two);
        assert!(waiting.as_mut().now_or_never().is_none() && must_close(&place));
        drop(place);
        assert!(waiting.now_or_never().flatten().is_some());
    }

    #[test]
    fn a_client_gets_its_share_and_proxies_get_more() {
        let proxies = vec!["10.0.0.0/8".parse().expect("a network")];
        let places = Places::new(100, 2, proxies);
        let busy = |place: &Place| place.requests().begin().expect("open");
        let mine = [(); 2].map(|()| take(&places, CLIENT).expect("room"));
        let work = mine.each_ref().map(busy);
        assert!(places.take(CLIENT).now_or_never().is_some_and(|place| place.is_none()), "refused");
        let _other = take(&places, OTHER).expect("others are served");
        drop(work);
        assert!(places.take(CLIENT).now_or_never().is_none(), "waits for an idle one to close");
        assert!(must_close(&mine[0]));
        let proxy = "::ffff:10.1.2.3".parse().expect("an address");
        let many: Vec<_> = (0..20).map(|_| take(&places, proxy).expect("no limit")).collect();
        drop(many);
    }

    #[test]
    fn a_network_of_ipv6_addresses_is_one_client() {
        let places = Places::new(100, 1, Vec::new());
        let counted = |text: &str| places.counted(text.parse().expect("an address"));
        assert_eq!(counted("2001:db8:1:2::1"), counted("2001:db8:1:2:ffff::9"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_eq!(counted("::ffff:203.0.113.7"), Some(CLIENT));
    }
}
