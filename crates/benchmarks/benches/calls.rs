//! A closer look at the two calls that a program makes, each beside its reference: `cargo bench`.

use std::time::Duration;

use benchmarks::{cached, cold_login, server::Server};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use directlink_auth::Transport;
use tokio::runtime::Runtime;

fn cached_header(criterion: &mut Criterion) {
    let (authenticator, reference) = cached::subjects().unwrap();
    let mut group = criterion.benchmark_group("cached header");
    group.bench_function("ours", |bencher| {
        bencher.iter(|| cached::at_once(authenticator.authorization()));
    });
    group.bench_function("reference", |bencher| {
        bencher.iter(|| cached::at_once(reference.authorization()));
    });
}

fn cold_login(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let server = Server::start(Duration::ZERO, Duration::from_secs(3600)).unwrap();
    let transport = Transport::shared().unwrap();
    let bare = cold_login::Bare::new(&server).unwrap();
    let mut group = criterion.benchmark_group("cold login");
    group.bench_function("ours", |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || cold_login::authenticator(&server, &transport).unwrap(),
            async |authenticator| authenticator.authorization().await.unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("reference", |bencher| {
        let login = || async { bare.authorization().await.unwrap() };
        bencher.to_async(&runtime).iter(login);
    });
}

criterion_group!(benches, cached_header, cold_login);
criterion_main!(benches);
