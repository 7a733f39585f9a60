//! A broker that is too old is found out.

use muster_contracts::permissions::ServiceUser;
use muster_testkit::broker::Broker;
use nkeys::KeyPair;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{connect, service};

/// Says hello as a nats-server of this version does, and answers each PING.
async fn speaks_as(version: &str, stream: TcpStream) {
    let (read, mut write) = stream.into_split();
    let info = format!(
        r#"INFO {{"server_id":"N","server_name":"n","version":"{version}","proto":1,"go":"go1.25","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"nonce":"n"}}"#
    );
    write.write_all(format!("{info}\r\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line == "PING" {
            write.write_all(b"PONG\r\n").await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_too_old_is_named() {
    let broker = Broker::start().await.unwrap();
    assert_eq!(service(&broker, ServiceUser::Api).await.outdated(), None, "the one that is used here");

    for (version, will_do) in [("2.11.14", false), ("2.12.5", false), ("2.12.6", true), ("2.14.0-RC.1", true)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("nats://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { speaks_as(version, listener.accept().await.unwrap().0).await });
        let bus = connect(address, ServiceUser::Api, KeyPair::new_user().seed().unwrap()).await;
        let expected = format!("nats-server is {version}; 2.12.6 or newer is needed");
        assert_eq!(bus.outdated(), (!will_do).then_some(expected));
        server.abort();
    }
}
