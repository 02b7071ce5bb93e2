//! Addresses in every form, against a resolver of the tests and servers on the loopback alone: no
//! test contacts another address, allowed or refused.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use safelight_imaging::Rules;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::body::Pool;

/// A network whose names are the test's. Every connection goes to `server`, whatever its address,
/// and is counted.
#[derive(Default)]
struct Stub {
    names: BTreeMap<&'static str, Vec<&'static str>>,
    server: Option<SocketAddr>,
    connections: AtomicUsize,
}

impl Network for Stub {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let ips = self.names.get(host).ok_or_else(|| io::Error::other("no such name"));
        let address = |ip: &&str| SocketAddr::new(ip.parse().expect("an address"), port);
        let addresses = ips.map(|ips| ips.iter().map(address).collect());
        Box::pin(std::future::ready(addresses))
    }

    fn connect(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let server = self.server;
        Box::pin(async move {
            match server {
                Some(server) => TcpStream::connect(server).await,
                None => Err(io::Error::other("nothing is there")),
            }
        })
    }
}

fn fetcher(stub: Stub, change: impl FnOnce(&mut FetchSettings)) -> (Fetcher, Arc<Stub>) {
    let mut settings = FetchSettings {
        connect_timeout_seconds: 3600,
        timeout_seconds: 3600,
        ..FetchSettings::default()
    };
    change(&mut settings);
    let network = Arc::new(stub);
    (Fetcher::over(&settings, network.clone()).expect("no file"), network)
}

async fn fetch(fetcher: &Fetcher, url: &str) -> Result<Bytes> {
    let pool = Pool::new(1 << 20, 10);
    let memory = pool.open(1);
    let room = Room::for_files(&memory, Duration::ZERO);
    let rules = &Rules { max_bytes: 1000, ..Rules::ORDINARY };
    fetcher.fetch(1, Wanted { name: "image_url", url, rules }, &room).await
}

async fn refusal(fetcher: &Fetcher, url: &str) -> Fault {
    fetch(fetcher, url).await.map(drop).expect_err(url)
}

/// A server on the loopback that answers each request line with what `answer` makes of its path.
async fn server(answer: fn(&str) -> String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                let is_over = stream.read_buf(&mut head).await.unwrap_or(0) == 0;
                if is_over || !head.first().is_some_and(u8::is_ascii_alphabetic) {
                    break;
                }
            }
            if !head.first().is_some_and(u8::is_ascii_alphabetic) {
                // TLS, which it does not speak.
                continue;
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            assert!(!head.contains("cookie") && head.contains("accept-encoding: identity"));
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let _ = stream.write_all(answer(&path).as_bytes()).await;
        }
    });
    address
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn redirect(location: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nlocation: {location}\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
    )
}

#[test]
fn only_global_unicast_addresses_are_global() {
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2001:200::1",
        "2001:4860::8888",
        "2620:fe::fe",
        // What carries a global address of IPv4.
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ] {
        assert!(guard::is_global(text.parse().expect("an address")), "{text}");
    }
    for text in [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::8.8.8.8",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
        // What carries a private address of IPv4.
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "2002:a00:1::",
        "2606:4700::5efe:10.0.0.1",
        "2606:4700::200:5efe:192.168.0.1",
    ] {
        assert!(!guard::is_global(text.parse().expect("an address")), "{text}");
    }
}

#[tokio::test]
async fn every_spelling_of_a_refused_address_is_answered_alike_and_not_contacted() {
    let names = [
        ("inner.example", vec!["10.0.0.1", "fd00::1"]),
        ("localhost", vec!["127.0.0.1", "::1"]),
        ("mapped.example", vec!["::ffff:127.0.0.1"]),
        ("xn--e1afmkfd.example", vec!["93.184.216.34"]),
    ];
    let stub = Stub { names: names.into(), ..Stub::default() };
    let (fetcher, stub) = fetcher(stub, |_| {});
    let mut wordings = std::collections::BTreeSet::new();
    for url in [
        // Names.
        "http://localhost/",
        "http://inner.example/a.png",
        "https://mapped.example/",
        "http://LOCALHOST:80/",
        // The loopback in decimal, octal, hexadecimal, short, and mixed.
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0177.0.0.0x1/",
        "http://127.0.0.1./",
        "http://0/",
        "http://%31%32%37.0.0.1/",
        "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
        "http://127。0。0。1/",
        "http:127.0.0.1",
        "http:\\\\127.0.0.1\\",
        " http://127.0.0.1/ ",
        "http://169.254.169.254/latest/meta-data",
        // IPv6, and IPv4 in it.
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25eth0]/",
        // Users, ports, schemes.
        "http://user@93.184.216.34/",
        "http://user:secret@93.184.216.34/",
        "http://8.8.8.8@127.0.0.1/",
        "http://93.184.216.34:22/",
        "http://93.184.216.34:8080/",
        "http://93.184.216.34:99999/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "gopher://93.184.216.34/",
        "data:text/plain,hi",
        "//93.184.216.34/",
        "93.184.216.34",
        "http://",
        "http:///",
        "nothing",
        // A name must be in ASCII.
        "http://пример.example/",
    ] {
        let fault = refusal(&fetcher, url).await;
        assert_eq!(fault.code(), Code::InvalidUrl, "{url}");
        wordings.insert(fault.message().to_owned());
        let check = fetcher.check(1, "image_url", url).await;
        assert_eq!(check.map_err(|fault| fault.code()), Err(Code::InvalidUrl), "{url}");
    }
    assert_eq!(wordings.len(), 1, "{wordings:?}");
    assert_eq!(stub.connections.load(Ordering::Relaxed), 0);
    let long = format!("http://example.com/{}", "a".repeat(MAX_URL));
    assert_eq!(refusal(&fetcher, &long).await.code(), Code::ContentTooLong);
}

#[tokio::test]
async fn addresses_that_are_allowed_are_connected_to() {
    let address = server(ok).await;
    let names = [("pictures.example", vec!["10.0.0.1", "93.184.216.34"])];
    let stub = Stub { names: names.into(), server: Some(address), ..Stub::default() };
    let (fetcher, stub) = fetcher(stub, |settings| settings.allow = vec![address]);
    for url in ["http://pictures.example/a?b=c#d", "http://93.184.216.34/a?b=c"] {
        assert_eq!(fetch(&fetcher, url).await.expect(url), "/a?b=c", "{url}");
    }
    let own = format!("http://127.0.0.1:{}/own", address.port());
    assert_eq!(fetch(&fetcher, &own).await.expect("allowed"), "/own");
    assert_eq!(stub.connections.load(Ordering::Relaxed), 3, "one each, the private one left out");
}

/// A resolver that answers a public address to the first question and a private one to the next
/// gains nothing: the address of the connection itself is judged.
#[tokio::test]
async fn the_address_of_the_connection_is_judged_too() {
    let address = server(|_| ok("secret")).await;
    let names = [("rebinding.example", vec!["93.184.216.34"])];
    let stub = Stub { names: names.into(), server: Some(address), ..Stub::default() };
    let (fetcher, stub) = fetcher(stub, |_| {});
    let fault = refusal(&fetcher, "http://rebinding.example/").await;
    assert_eq!(fault.code(), Code::InvalidUrl);
    assert_eq!(fault, refusal(&fetcher, "http://127.0.0.1/").await, "the same words");
    assert_eq!(stub.connections.load(Ordering::Relaxed), 1);
    let posted = fetcher.post("http://rebinding.example/", HeaderMap::new(), Bytes::new()).await;
    assert!(matches!(posted, Err(Failure::Refused)), "{posted:?}");
}

#[tokio::test]
async fn redirects_are_judged_anew_and_end() {
    let address = server(|path| match path {
        "/private" => redirect("http://10.0.0.1/"),
        "/loopback" => redirect("http://0x7f.1/"),
        "/port" => redirect("http://93.184.216.34:22/"),
        "/scheme" => redirect("ftp://93.184.216.34/"),
        "/again" => redirect("/3"),
        "/3" => redirect("2"),
        "/2" => redirect("http://93.184.216.34/1"),
        "/1" => ok("arrived"),
        "/often" => redirect("/again"),
        _ => "HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".into(),
    })
    .await;
    let stub = Stub { server: Some(address), ..Stub::default() };
    let (fetcher, _) = fetcher(stub, |settings| settings.allow = vec![address]);
    let base = "http://93.184.216.34";
    for path in ["/private", "/loopback", "/port", "/scheme"] {
        let fault = refusal(&fetcher, &format!("{base}{path}")).await;
        assert_eq!(fault.code(), Code::InvalidUrl, "{path}");
    }
    assert_eq!(fetch(&fetcher, &format!("{base}/again")).await.expect("three"), "arrived");
    for path in ["/often", "/nowhere"] {
        let fault = refusal(&fetcher, &format!("{base}{path}")).await;
        assert_eq!(fault.code(), Code::FileDownloadFailed, "{path}");
    }
}

#[test]
fn redirects_never_leave_tls() {
    let secure = Target::parse("https://example.com/a").expect("a URL");
    assert!(matches!(secure.redirected("http://example.com/a"), Err(Failure::Refused)));
    assert!(secure.redirected("https://example.com/b").is_ok_and(|target| target.is_secure()));
    assert!(secure.redirected("/b").is_ok_and(|target| target.is_secure()));
    let plain = Target::parse("http://example.com/a").expect("a URL");
    assert!(plain.redirected("https://example.com/a").is_ok());
    assert!(matches!(plain.redirected("http://user@example.com/"), Err(Failure::Refused)));
}

#[tokio::test]
async fn what_goes_wrong_has_its_code_and_says_nothing_of_the_answer() {
    let address = server(|path| match path {
        "/404" => "HTTP/1.1 404 Not Found\r\ncontent-length: 6\r\n\r\nsecret".into(),
        "/large" => "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n".into(),
        "/chunked" => {
            let chunk = "x".repeat(600);
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n258\r\n{chunk}\r\n258\r\n{chunk}\r\n0\r\n\r\n")
        }
        "/half" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsecret".into(),
        "/no-http" => "secret\r\n\r\n".into(),
        _ => ok("fine"),
    })
    .await;
    let stub = Stub { server: Some(address), ..Stub::default() };
    let (fetcher, _) = fetcher(stub, |settings| settings.allow = vec![address]);
    for (url, code) in [
        ("http://93.184.216.34/404", Code::FileDownloadFailed),
        ("http://93.184.216.34/half", Code::FileDownloadFailed),
        ("http://93.184.216.34/no-http", Code::FileDownloadFailed),
        ("http://unknown.example/", Code::FileDownloadFailed),
        // It speaks no TLS.
        ("https://93.184.216.34/", Code::FileDownloadFailed),
        ("http://93.184.216.34/large", Code::FileSizeExceedsLimit),
        ("http://93.184.216.34/chunked", Code::FileSizeExceedsLimit),
    ] {
        let fault = refusal(&fetcher, url).await;
        assert_eq!(fault.code(), code, "{url}: {fault}");
        assert!(fault.message().starts_with("image_url"), "{fault}");
        assert!(!fault.message().contains("secret"), "{fault}");
    }
    let nothing = Stub::default();
    let (unreachable, _) = self::fetcher(nothing, |_| {});
    let fault = refusal(&unreachable, "http://93.184.216.34/").await;
    assert_eq!(fault.code(), Code::FileDownloadFailed);
}

#[tokio::test]
async fn memory_and_parallel_fetches_are_bounded() {
    let address = server(|_| ok(&"x".repeat(1000))).await;
    let stub = || Stub { server: Some(address), ..Stub::default() };
    let (fetcher, _) = fetcher(stub(), |settings| settings.allow = vec![address]);
    let pool = Pool::new(100, 10);
    let memory = pool.open(1);
    let room = Room::for_files(&memory, Duration::ZERO);
    let wanted =
        || Wanted { name: "image_url", url: "http://93.184.216.34/", rules: &Rules::ORDINARY };
    let fault = fetcher.fetch(1, wanted(), &room).await.expect_err("no memory");
    assert_eq!(fault.code(), Code::AiServiceFlowRestriction);
    let (busy, _) = self::fetcher(stub(), |settings| {
        settings.parallel = 1;
        settings.timeout_seconds = 0;
    });
    let _taken = busy.enter(1, Duration::from_secs(1)).await.expect("free");
    assert_eq!(
        refusal(&busy, "http://93.184.216.34/").await.code(),
        Code::AiServiceFlowRestriction
    );
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stub = Stub { server: Some(address), ..Stub::default() };
    let (fetcher, _) = fetcher(stub, |settings| {
        settings.allow = vec![address];
        settings.timeout_seconds = 1;
    });
    let fault = refusal(&fetcher, "http://93.184.216.34/").await;
    assert_eq!(fault.code(), Code::FileDownloadTimeout);
    drop(listener);
}

#[test]
fn allowed_addresses_are_exact() {
    let allow = vec!["10.1.2.3:9000".parse().expect("an address")];
    let guard = Guard::new(&FetchSettings { allow, ..FetchSettings::default() });
    let allows = |ip: &str, port| {
        guard.allows(SocketAddr::new(ip.parse::<IpAddr>().expect("an address"), port))
    };
    assert!(allows("10.1.2.3", 9000) && allows("::ffff:10.1.2.3", 9000));
    assert!(!allows("10.1.2.3", 80) && !allows("10.1.2.4", 9000) && !allows("8.8.8.8", 9000));
    assert!(allows("8.8.8.8", 443));
}
