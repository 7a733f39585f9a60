//! /audit: who did what.

use std::{sync::atomic::Ordering, time::Duration};

use muster_api::RegistrationSetting;
use muster_contracts::{
    audit::Action,
    id::{self, MachineId},
    subject::Entity,
    v1,
};
use muster_service::Clock;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Browser, Stage, answer, config};

const PATIENCE: Duration = Duration::from_secs(30);

fn said(log: &Value, field: &str) -> Vec<String> {
    log["items"].as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
}

async fn log(of: &Browser, query: &str) -> Value {
    let (status, log) = of.get(&format!("/audit{query}")).await;
    assert_eq!(status, 200, "{log}");
    log
}

/// Waits until so many entries are there, as registry and chat are heard a moment later.
async fn until(of: &Browser, query: &str, count: usize) -> Value {
    let looking = async {
        loop {
            let log = log(of, query).await;
            if log["items"].as_array().unwrap().len() >= count {
                return log;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it is in the log in time")
}

#[tokio::test]
async fn what_is_done_to_accounts_is_in_the_log_of_their_owner_and_of_administrators() {
    let stage = Stage::start().await;
    let (admin, ada) = (stage.user("admin").await, stage.user("ada").await);
    let wrong = json!({ "username": "ada", "password": "not this one" });
    assert_eq!(stage.visitor().send("POST", "/auth/login", wrong).await.0, 401);
    let token = json!({ "name": "script", "scopes": ["manage"] });
    let (_, token) = ada.send("POST", "/tokens", token).await;
    let account = format!("/users/{}", ada.user);
    assert_eq!(admin.send("PATCH", &account, json!({ "role": "admin" })).await.0, 200);
    assert_eq!(admin.send("PATCH", &account, json!({ "role": "member" })).await.0, 200);
    let (_, invitation) = admin.send("POST", "/invitations", json!({})).await;

    let own = log(&ada, "").await;
    assert_eq!(
        said(&own, "action"),
        [
            "account.role_changed",
            "account.role_changed",
            "token.created",
            "account.sign_in_failed",
            "account.signed_in",
            "account.created"
        ]
    );
    let [demoted, _, made, failed, ..] = own["items"].as_array().unwrap().as_slice() else { panic!("{own}") };
    assert_eq!((&demoted["actor"]["username"], &demoted["detail"]), (&json!("admin"), &json!("member")));
    assert_eq!((&made["objectName"], &made["objectId"]), (&json!("script"), &token["tokenId"]));
    assert_eq!(failed["actor"], json!({ "address": "127.0.0.1" }), "nobody knows who it was");
    assert!(!own.to_string().contains("correct horse") && !own.to_string().contains("not this one"));

    let all = log(&admin, "?all=true&limit=200").await;
    assert_eq!(all["items"].as_array().unwrap().len(), 6 + 3, "and the administrator's own three");
    assert_eq!(said(&log(&admin, "").await, "objectId")[0], invitation["invitationId"]);
    let (status, problem) = ada.get("/audit?all=true").await;
    assert_eq!((status, &problem["type"]), (403, &json!("/problems/missing-role")));
    assert_eq!(stage.visitor().get("/audit").await.0, 401);

    // A deleted account's entries stay, with its name.
    assert_eq!(admin.send("DELETE", &account, json!({})).await.0, 204);
    let gone = log(&admin, &format!("?all=true&object={}&action=account.deleted", ada.user)).await;
    assert_eq!((said(&gone, "username"), said(&gone, "objectName")), (vec!["ada".into()], vec!["ada".into()]));
}

#[tokio::test]
async fn what_other_services_tell_is_written_down_once_and_shown_to_its_owner_alone() {
    let stage = Stage::start().await;
    let (ada, bob) = (stage.user("ada").await, stage.user("bob").await);
    let machine = MachineId::random().to_string();
    let audit = v1::Audit {
        machine_id: machine.clone(),
        detail: "=desk".into(),
        ..Action::MachineRenamed.to(&machine, "lap,top \"x\"")
    };
    let once = id::random();
    for id in [&once, &once, &id::random()] {
        stage.tell(&ada.user, Entity::Audit, id, v1::event::Object::Audit(audit.clone())).await;
    }
    let own = until(&ada, "?entity=machine", 2).await;
    assert_eq!(own["items"].as_array().unwrap().len(), 2);
    assert_eq!(own["items"][0]["actor"], json!({}), "nobody, or the system");
    assert_eq!(log(&bob, &format!("?object={machine}")).await["items"], json!([]));

    let (status, csv) = answer(ada.ask("GET", &format!("/audit?format=csv&object={machine}"))).await;
    let lines = csv.as_str().unwrap().lines().collect::<Vec<_>>();
    assert_eq!((status, lines.len()), (200, 3), "{csv}");
    assert!(lines[0].starts_with("time,user,user_id,action,"), "{csv}");
    let row =
        format!("1970-01-01T00:00:00.001Z,ada,{},machine.renamed,\"lap,top \"\"x\"\"\",{machine},'=desk,", ada.user);
    assert!(lines[1].starts_with(&row), "{csv}");
}

#[tokio::test]
async fn the_log_is_read_page_by_page_and_filtered() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    for number in 0..6 {
        let body = json!({ "name": format!("t{number}"), "scopes": ["read"] });
        assert_eq!(ada.send("POST", "/tokens", body).await.0, 201);
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = log(&ada, &format!("?entity=token&limit=4{cursor}")).await;
        names.append(&mut said(&page, "objectName"));
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    names.sort_unstable();
    assert_eq!(names, ["t0", "t1", "t2", "t3", "t4", "t5"]);
    assert_eq!(log(&ada, &format!("?actor={}&action=account.created", ada.user)).await["items"][0]["username"], "ada");
    let now = log(&ada, "").await["items"][0]["timestamp"].as_i64().unwrap();
    assert_eq!(log(&ada, &format!("?since={}", now + 1)).await["items"], json!([]));
    assert_eq!(log(&ada, "?until=1").await["items"], json!([]));
    for (query, expected) in [
        ("?action=machine.exploded", 422),
        ("?entity=planet", 422),
        ("?cursor=x", 422),
        ("?limit=0", 422),
        ("?since=yesterday", 422),
        ("?colour=red", 400),
    ] {
        assert_eq!(ada.get(&format!("/audit{query}")).await.0, expected, "{query}");
    }
}

#[tokio::test]
async fn guesses_from_everywhere_do_not_fill_the_log() {
    let (clock, hand) = Clock::set(Clock::system().now());
    let mut config = config(RegistrationSetting::Open);
    config.trusted_proxies = "127.0.0.1".into();
    let stage = Stage::at(config, clock).await;
    let ada = stage.user("ada").await;
    let guess = async |number: u8| {
        let wrong = json!({ "username": "ada", "password": "not this one" });
        let request = stage.visitor().ask("POST", "/auth/login").json(&wrong);
        let request = request.header("x-forwarded-for", format!("203.0.113.{number}"));
        request.send().await.unwrap().status().as_u16()
    };
    let noted = async || {
        let query = format!("?action={}&limit=200", Action::SignInFailed.as_str());
        log(&ada, &query).await["items"].as_array().unwrap().len()
    };
    for number in 0..105 {
        assert_eq!(guess(number).await, if number < 100 { 401 } else { 429 }, "{number}");
    }
    assert_eq!(noted().await, 100);
    hand.fetch_add(60_000, Ordering::Relaxed);
    assert_eq!(guess(200).await, 401);
    assert_eq!(noted().await, 101, "those that go on are noted now and then");
}

#[tokio::test]
async fn a_password_that_somebody_fails_to_change_is_in_the_log() {
    let stage = Stage::start().await;
    let ada = stage.user("ada").await;
    let wrong = json!({ "current": "not this one", "next": "another horse" });
    assert_eq!(ada.send("POST", "/auth/password", wrong).await.0, 422);
    let failed = log(&ada, "").await["items"][0].clone();
    assert_eq!((&failed["action"], &failed["objectName"]), (&json!("account.password_change_failed"), &json!("ada")));
    assert_eq!(failed["actor"], json!({ "userId": ada.user, "username": "ada", "address": "127.0.0.1" }));
    assert!(!failed.to_string().contains("not this one") && !failed.to_string().contains("another horse"));
}

#[tokio::test]
async fn what_goes_with_a_deleted_account_names_whose_it_was() {
    let stage = Stage::start().await;
    let (admin, ada) = (stage.user("admin").await, stage.user("ada").await);
    assert_eq!(admin.send("DELETE", &format!("/users/{}", ada.user), json!({})).await.0, 204);
    // The registry tells it when the account is gone.
    let machine = MachineId::random().to_string();
    let audit = v1::Audit { machine_id: machine.clone(), ..Action::MachineDeleted.to(&machine, "laptop") };
    stage.tell(&ada.user, Entity::Audit, &id::random(), v1::event::Object::Audit(audit)).await;
    let told = until(&admin, &format!("?all=true&object={machine}"), 1).await;
    assert_eq!((said(&told, "username"), said(&told, "objectName")), (vec!["ada".into()], vec!["laptop".into()]));
}

async fn an_export_has_everything(stage: Stage) {
    let (admin, ada) = (stage.user("admin").await, stage.user("ada").await);
    sqlx::any::install_default_drivers();
    let mut database = sqlx::AnyConnection::connect(&stage.database).await.unwrap();
    if stage.database.starts_with("postgres") {
        sqlx::query("SET search_path TO api").execute(&mut database).await.unwrap();
    }
    let ended = "INSERT INTO audit (audit_id, at, place, user_id, username, action, entity, object_id, object_name, detail, \
        machine_id, worker_id, session_id, actor_id, actor_name, actor_worker_id, token_id, token_name, address) \
        VALUES ($1, $2, $3, $4, 'ada', 'session.ended', 'session', $1, 'Her plans', '', '', '', $1, $4, 'ada', '', '', '', '')";
    // Many of one time, so that a piece ends among them.
    for number in 0..1_203_i64 {
        let entry = sqlx::query(ended).bind(format!("e{number}")).bind(number / 700).bind(number).bind(&ada.user);
        entry.execute(&mut database).await.unwrap();
    }
    let exported = async |of: &Browser, all: &str| {
        let (status, csv) = answer(of.ask("GET", &format!("/audit?format=csv&action=session.ended{all}"))).await;
        assert_eq!(status, 200);
        let lines = csv.as_str().unwrap().lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        let ids = lines.iter().map(|line| line.split(',').nth(5).unwrap().to_owned()).collect::<Vec<_>>();
        (lines, ids)
    };
    let newest_first = (0..1_203).rev().map(|number| format!("e{number}")).collect::<Vec<_>>();
    for (who, all, named) in [(&admin, "&all=true", false), (&ada, "", true)] {
        let (lines, ids) = exported(who, all).await;
        assert_eq!(ids, newest_first, "{all}: each once, in order");
        assert!(lines.iter().all(|line| line.contains("Her plans") == named), "what they are called is hers alone");
    }
    assert_eq!(exported(&admin, "").await.1, Vec::<String>::new());
}

#[tokio::test]
async fn an_administrator_exports_everything_however_much_there_is() {
    an_export_has_everything(Stage::start().await).await;
}

#[tokio::test]
async fn an_administrator_exports_everything_from_postgresql_too() {
    an_export_has_everything(Stage::on_postgres(config(RegistrationSetting::Open)).await).await;
}

async fn entries_stay_as_they_were_written(stage: Stage) {
    let ada = stage.user("ada").await;
    until(&ada, "", 1).await;
    sqlx::any::install_default_drivers();
    let mut database = sqlx::AnyConnection::connect(&stage.database).await.unwrap();
    if stage.database.starts_with("postgres") {
        sqlx::query("SET search_path TO api").execute(&mut database).await.unwrap();
    }
    for change in [
        "DELETE FROM audit",
        "UPDATE audit SET actor_id = 'somebody else'",
        "UPDATE audit SET at = at + 1, object_name = ''",
        "UPDATE audit SET object_name = 'another'",
        "UPDATE audit SET detail = 'something else'",
    ] {
        let refused = sqlx::query(change).execute(&mut database).await.unwrap_err().to_string();
        assert!(refused.contains("the audit log is only added to"), "{change}: {refused}");
    }
    sqlx::query("UPDATE audit SET object_name = '', detail = ''").execute(&mut database).await.unwrap();
}

#[tokio::test]
async fn the_database_itself_keeps_entries_as_they_were_written() {
    entries_stay_as_they_were_written(Stage::start().await).await;
}

#[tokio::test]
async fn postgresql_itself_keeps_entries_as_they_were_written() {
    entries_stay_as_they_were_written(Stage::on_postgres(config(RegistrationSetting::Open)).await).await;
}
