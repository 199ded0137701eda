//! What is between a fleet and its store: it is slow, and may lead elsewhere.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    thread::{self, sleep},
    time::Duration,
};

pub(crate) struct Proxy {
    pub(crate) port: u16,
    target: Arc<AtomicU16>,
}

impl Proxy {
    /// Whatever is sent arrives `later`.
    pub(crate) fn start(target: u16, later: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(target));
        let leads = Arc::clone(&target);
        thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let leads = leads.load(Ordering::SeqCst);
                let Ok(to) = TcpStream::connect(("127.0.0.1", leads)) else {
                    continue;
                };
                let (from_too, to_too) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                thread::spawn(move || pass(from, to, later));
                thread::spawn(move || pass(to_too, from_too, Duration::ZERO));
            }
        });
        Self { port, target }
    }

    pub(crate) fn lead_to(&self, target: u16) {
        self.target.store(target, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, later: Duration) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        sleep(later);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
