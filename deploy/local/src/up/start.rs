//! From nothing to a page that answers.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use muster_contracts::permissions::ServiceUser;
use muster_testkit::{
    broker::Broker,
    credentials::Credentials,
    nats,
    process::Command,
    service::{self, Service},
    sqlite,
};

use super::{
    UpError, agent, first_run, programs,
    supervise::{Kept, Running},
    transport::Transport,
};
use crate::{
    cli,
    data_dir::{self, DataDir},
    ports,
    report::Report,
    web, workspace,
};

/// Unless said otherwise.
const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
const NATS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4222);
/// Holds the first account's password.
const PASSWORD: &str = "MUSTER_ADMIN_PASSWORD";
/// The api's alone.
const OIDC_SECRET: &str = "MUSTER_OIDC_CLIENT_SECRET";

/// Builds and starts everything, in order, and waits until it is ready.
pub(super) async fn everything(options: &cli::Up, data: &DataDir, report: &Report) -> Result<Running, UpError> {
    let transport = Transport::of(options)?;
    let page = ports::choose(options.listen, PAGE, "--listen")?;
    let listen = ports::choose(options.nats_listen, NATS, "--nats-listen")?;
    build(data, report).await?;

    let server = nats::find_or_install(&|text| report.say(text))?;
    let step = report.step("starting");
    let keys = data_dir::keys(data.path());
    let mut credentials = Credentials::in_directory(&keys)?;
    if options.inspect {
        credentials = credentials.inspected(&keys)?;
    }
    let broker =
        Broker::start_in(server, credentials, &data.path().join("nats"), transport.doors(listen.address)).await?;
    step.progress("nats-server serves");
    // For `cargo muster inspect`.
    let told = data_dir::broker(data.path());
    fs::write(&told, format!("nats://{}\n", reachable(broker.address())))
        .map_err(UpError::io(format!("writing {}", told.display())))?;
    let first = first_run::begin(data, std::env::var(PASSWORD).ok())?;

    let mut running = Running::new(report.clone());
    let start = |user: ServiceUser| command(user, data, &broker);
    let registry = Service::start(start(ServiceUser::Registry)?).await?;
    step.progress("the registry is ready");
    let chat = Service::start(start(ServiceUser::Chat)?).await?;
    step.progress("chat is ready");
    let mut api = start(ServiceUser::Api)?.env("MUSTER_LISTEN", page.address.to_string());
    api = api.envs(transport.settings(&broker));
    if std::env::var_os(programs::VARIABLE).is_none() {
        api = api.env(programs::VARIABLE, programs::directory(data)?);
    }
    if let Some(first) = &first {
        api = api.env(PASSWORD, first.password());
    }
    let mut api = Service::start(api).await?;
    if first.is_some() {
        // Should it die and come back, the account is there already.
        api.forget(PASSWORD);
    }
    step.progress("the page is ready");
    drop(step);

    let bound = api.address(service::PAGE).unwrap_or(page.address);
    let url = transport.page(bound);
    let nats = broker.address();
    if page.moved {
        report.say(&format!("port {} is taken, so the page is at {url}", PAGE.port()));
    }
    if listen.moved {
        report.say(&format!("port {} is taken, so nats-server listens on {nats}", NATS.port()));
    }
    let worker = agent::Worker::new(data, reachable(nats));
    if let Some(first) = first {
        first.announce(report);
        if !options.bare {
            let (drives, path) = agent::backend(options.backend, data, report).await?;
            running.keep(Kept::Worker(
                first.run_worker(&worker, transport.client(reachable(bound))?, &drives, path, report).await?,
            ));
        }
        first.complete()?;
    } else if !options.bare {
        if worker.exists() {
            let (drives, path) = agent::backend(options.backend, data, report).await?;
            running.keep(Kept::Worker(worker.start(&drives, path)?));
        } else {
            report.say("this data directory has no worker of this computer: add one on the page");
        }
    }
    // Ended in the order in which they are given: who asks before who answers.
    running.keep(Kept::Service(api));
    running.keep(Kept::Service(chat));
    running.keep(Kept::Service(registry));
    running.keep(Kept::Broker(Box::new(broker)));
    if options.public_url.is_none() && page.address.ip().is_loopback() {
        report.say("only this computer can connect: --listen, --nats-listen and the public addresses let others in");
    }
    if options.inspect {
        let (nats, key) = (reachable(nats), Credentials::inspector_file(&keys));
        report.say(&format!("to look at the broker: nats --server nats://{nats} --nkey {} micro ls", key.display()));
        report
            .say("  also micro stats, stream ls, stream info, consumer info, and sub 'live.>', which shows every chat");
        report.say(&format!("  read as what it is: cargo muster inspect --data-dir {}", data.path().display()));
    }
    report.line(&format!("nats nats://{nats}"));
    report.line(&format!("ready {url}"));
    Ok(running)
}

async fn build(data: &DataDir, report: &Report) -> Result<(), UpError> {
    if web::exists() {
        web::build(&data.logs(), report).await?;
    } else {
        report.warn("there are no sources of the page here, so it will not be there");
    }
    workspace::build(None, &data.logs(), report).await?;
    Ok(())
}

fn command(user: ServiceUser, data: &DataDir, broker: &Broker) -> Result<Command, UpError> {
    let database = sqlite::url(&data.path().join(format!("{}.db", user.name())));
    let nats = format!("nats://{}", reachable(broker.address()));
    let command = service::command(user, &data.logs(), &nats, &database, broker.credentials())?;
    let (command, settings) = (command.without(PASSWORD), data.settings(user));
    let command = match settings.exists() {
        true => command.env("MUSTER_CONFIG", settings),
        false => command.without("MUSTER_CONFIG"),
    };
    Ok(if user == ServiceUser::Api { command } else { command.without(OIDC_SECRET) })
}

/// An address that this computer reaches a listener at.
pub(super) fn reachable(mut listener: SocketAddr) -> SocketAddr {
    if listener.ip().is_unspecified() {
        listener.set_ip(match listener {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listener
}
