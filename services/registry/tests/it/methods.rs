//! Machines and workers as their owner handles them.

use futures_util::StreamExt as _;
use muster_bus::CallError;
use muster_contracts::{
    Message as _, id, method,
    subject::filter,
    v1::{self, RegisterStatus, event::Object, problem::Kind},
};

use crate::{on_both_engines, worker::Worker};

on_both_engines! {
    async fn machines_are_made_once_listed_in_pages_changed_and_told(stack: Stack) {
        let mut tail = stack.api.tail([filter::live_user(&stack.user)]).await.unwrap();
        let request = v1::CreateMachineRequest { caller: stack.caller(), machine_id: id::random(), name: " laptop ".to_owned() };
        let made = stack.call::<method::CreateMachine>(request.clone()).await.unwrap();
        assert_eq!(made.name, "laptop");
        assert_eq!(stack.call::<method::CreateMachine>(request.clone()).await.unwrap(), made);
        let told = v1::Event::decode(tail.next().await.unwrap().payload).unwrap();
        assert_eq!(told.object, Some(Object::Machine(made.clone())));
        assert_eq!(told.actor.unwrap().address, "192.0.2.1");

        let taken = v1::CreateMachineRequest { name: "other".to_owned(), ..request.clone() };
        assert_eq!(stack.call::<method::CreateMachine>(taken).await.unwrap_err().kind(), Kind::Conflict);
        let blank = v1::CreateMachineRequest { machine_id: id::random(), name: " ".to_owned(), ..request.clone() };
        let problem = stack.call::<method::CreateMachine>(blank).await.unwrap_err();
        assert_eq!((problem.kind(), problem.fields[0].pointer.as_str()), (Kind::Invalid, "/name"));

        for number in 0..4 {
            stack.machine(&format!("m{number}")).await;
        }
        let (mut names, mut cursor) = (Vec::new(), None);
        loop {
            let page = Some(v1::Page { limit: 2, cursor });
            let found = stack.call::<method::ListMachines>(v1::ListMachinesRequest { caller: stack.caller(), page }).await.unwrap();
            names.extend(found.machines.into_iter().map(|machine| machine.name));
            cursor = found.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        names.sort();
        assert_eq!(names, ["laptop", "m0", "m1", "m2", "m3"]);

        let update = v1::UpdateMachineRequest { caller: stack.caller(), machine_id: made.machine_id.clone(), name: None, hidden: Some(true) };
        let hidden = stack.call::<method::UpdateMachine>(update).await.unwrap();
        assert!(hidden.hidden && hidden.revision > made.revision);
    }

    async fn names_are_changed_told_and_checked(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let (machine_id, worker_id) = (worker.token.machine.to_string(), worker.token.worker.to_string());
        let machine = |name: &str| v1::UpdateMachineRequest { caller: stack.caller(), machine_id: machine_id.clone(), name: Some(name.to_owned()), hidden: None };
        let named = |name: &str| v1::UpdateWorkerRequest { caller: stack.caller(), worker_id: worker_id.clone(), name: name.to_owned() };
        let mut tail = stack.api.tail([filter::live_user(&stack.user)]).await.unwrap();
        assert_eq!(stack.call::<method::UpdateMachine>(machine(" shelf ")).await.unwrap().name, "shelf");
        assert_eq!(stack.call::<method::UpdateWorker>(named(" the one upstairs ")).await.unwrap().name(), "the one upstairs");
        let (mut machine_told, mut worker_told) = (false, false);
        while !(machine_told && worker_told) {
            match v1::Event::decode(tail.next().await.unwrap().payload).unwrap().object {
                Some(Object::Machine(told)) => machine_told |= told.name == "shelf",
                Some(Object::Worker(told)) => worker_told |= told.name() == "the one upstairs",
                _ => {}
            }
        }
        assert_eq!(worker.register().await.unwrap().worker_name, "the one upstairs", "it is told what it is called");
        for bad in ["", " ", "a\nb", &"x".repeat(300)] {
            let machine = stack.call::<method::UpdateMachine>(machine(bad)).await.unwrap_err();
            let worker = stack.call::<method::UpdateWorker>(named(bad)).await.unwrap_err();
            for problem in [machine, worker] {
                assert_eq!((problem.kind(), problem.fields[0].pointer.as_str()), (Kind::Invalid, "/name"), "{bad:?}");
            }
        }
        assert_eq!(stack.shown(&worker.token).await.name(), "the one upstairs");
        assert_eq!(stack.machines().await.unwrap()[0].name, "shelf");
    }

    async fn nothing_of_another_user_can_be_seen_or_changed(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let token = worker.token.clone();
        let stranger = Some(v1::Caller { user_id: id::random(), address: String::new(), token_id: String::new() });
        let machine_id = token.machine.to_string();
        let worker_id = token.worker.to_string();
        let worker_ref = v1::WorkerRef { caller: stranger.clone(), worker_id: worker_id.clone() };
        let registration = v1::RegistrationRef { caller: stranger.clone(), worker_id: worker_id.clone(), fingerprint: worker.fingerprint().to_string() };
        let machine_ref = v1::MachineRef { caller: stranger.clone(), machine_id: machine_id.clone() };
        let update_machine = v1::UpdateMachineRequest { caller: stranger.clone(), machine_id: machine_id.clone(), name: Some("x".to_owned()), hidden: None };
        let update_worker = v1::UpdateWorkerRequest { caller: stranger.clone(), worker_id, name: "x".to_owned() };
        let list = v1::ListWorkersRequest { caller: stranger.clone(), machine_id: machine_id.clone(), ..Default::default() };
        let create = v1::CreateWorkerRequest { caller: stranger, machine_id, worker_id: id::random(), name: None };
        let before = stack.shown(&token).await;
        for problem in [
            stack.call::<method::GetWorker>(worker_ref.clone()).await.unwrap_err(),
            stack.call::<method::DeleteWorker>(worker_ref).await.unwrap_err(),
            stack.call::<method::ApproveWorker>(registration.clone()).await.unwrap_err(),
            stack.call::<method::RejectWorker>(registration.clone()).await.unwrap_err(),
            stack.call::<method::DismissRegistration>(registration).await.unwrap_err(),
            stack.call::<method::DeleteMachine>(machine_ref).await.unwrap_err(),
            stack.call::<method::UpdateMachine>(update_machine).await.unwrap_err(),
            stack.call::<method::UpdateWorker>(update_worker).await.unwrap_err(),
            stack.call::<method::ListWorkers>(list).await.unwrap_err(),
            stack.call::<method::CreateWorker>(create).await.unwrap_err(),
        ] {
            assert_eq!(problem.kind(), Kind::NotFound, "{problem:?}");
        }
        let after = stack.shown(&token).await;
        assert_eq!((after.name, after.machine_id), (before.name, before.machine_id));
    }

    async fn the_id_of_a_removed_worker_is_its_owner_s_for_ever(stack: Stack) {
        let (mine, with_its_machine) = (stack.token().await, stack.token().await);
        stack.call::<method::DeleteWorker>(stack.worker_ref(&mine)).await.unwrap();
        let machine_ref = v1::MachineRef { caller: stack.caller(), machine_id: with_its_machine.machine.to_string() };
        stack.call::<method::DeleteMachine>(machine_ref).await.unwrap();

        let stranger = Some(v1::Caller { user_id: id::random(), address: String::new(), token_id: String::new() });
        let machine = v1::CreateMachineRequest { caller: stranger.clone(), machine_id: id::random(), name: "theirs".to_owned() };
        let theirs = stack.call::<method::CreateMachine>(machine).await.unwrap().machine_id;
        for gone in [&mine, &with_its_machine] {
            let worker_id = gone.worker.to_string();
            let taken = v1::CreateWorkerRequest { caller: stranger.clone(), machine_id: theirs.clone(), worker_id, name: None };
            let problem = stack.call::<method::CreateWorker>(taken).await.unwrap_err();
            assert_eq!((problem.kind(), problem.slug.as_str()), (Kind::Conflict, "id-taken"));
        }
        let list = v1::ListWorkersRequest { caller: stranger, machine_id: theirs, ..Default::default() };
        assert!(stack.call::<method::ListWorkers>(list).await.unwrap().workers.is_empty());

        let again = v1::CreateWorkerRequest {
            caller: stack.caller(),
            machine_id: mine.machine.to_string(),
            worker_id: mine.worker.to_string(),
            name: None,
        };
        assert_eq!(stack.call::<method::CreateWorker>(again).await.unwrap().worker_id, mine.worker.as_str());
    }

    async fn who_was_let_in_again_is_not_cut_off_for_what_was_before(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let chat = stack.chat().await;
        let cut_off = |readmissions| v1::RestrictWorkerRequest {
            worker_id: worker.token.worker.to_string(),
            restriction: v1::Restriction::CutOff.into(),
            detail: "It wrote on.".to_owned(),
            readmissions,
        };
        chat.call::<method::RestrictWorker>(&cut_off(0)).await.unwrap();
        assert_eq!(stack.shown(&worker.token).await.restriction(), v1::Restriction::CutOff);
        let readmitted = stack.call::<method::ReadmitWorker>(stack.worker_ref(&worker.token)).await.unwrap();
        assert_eq!(readmitted.restriction(), v1::Restriction::Unspecified);

        // Chat has not heard of that yet, and tells again what it thinks.
        chat.call::<method::RestrictWorker>(&cut_off(0)).await.unwrap();
        assert_eq!(stack.shown(&worker.token).await.restriction(), v1::Restriction::Unspecified);
        // It has heard of it: this is for what came after.
        chat.call::<method::RestrictWorker>(&cut_off(readmitted.readmissions)).await.unwrap();
        assert_eq!(stack.shown(&worker.token).await.restriction(), v1::Restriction::CutOff);
    }

    async fn models_are_kept_and_told(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        stack.until_status(&worker.token, v1::WorkerStatus::Online).await;
        let mut tail = stack.api.tail([filter::live_user(&stack.user)]).await.unwrap();
        assert!(!stack.shown(&worker.token).await.models_known);
        worker.models(&["demo/fast", "demo/slow/with/slashes"]).await.unwrap();
        let told = loop {
            let event = v1::Event::decode(tail.next().await.unwrap().payload).unwrap();
            if let Some(Object::Worker(told)) = event.object && told.models_known {
                break told;
            }
        };
        assert_eq!(told.models[1].model_id, "demo/slow/with/slashes");
        assert_eq!(told.instance.as_deref(), Some(worker.instance.as_str()));
        let revision = stack.shown(&worker.token).await.revision;
        worker.models(&["demo/fast", "demo/slow/with/slashes"]).await.unwrap();
        assert_eq!(stack.shown(&worker.token).await.revision, revision, "the same again changes nothing");
    }

    async fn a_worker_that_changes_without_end_does_not_fill_the_stream_of_events(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let mut told = Vec::new();
        for number in 0..40 {
            told.push(worker.models(&[&format!("demo/{number}")]).await);
        }
        assert!(told.iter().filter(|told| is_too_often(told)).count() >= 15, "{told:?}");
        assert_eq!(stack.shown(&worker.token).await.models.len(), 1);
        worker.until(RegisterStatus::Approved).await;

        // One that waits and says each time that it is somewhere else.
        let mut waits = Worker::connect(&stack, &worker.token).await;
        let mut told = Vec::new();
        for number in 0..40 {
            waits.directory = format!("/{number}");
            told.push(waits.register().await);
        }
        assert!(told.iter().filter(|told| is_too_often(told)).count() >= 15, "{told:?}");
    }
}

fn is_too_often<T>(told: &Result<T, CallError>) -> bool {
    matches!(told, Err(CallError::Refused(problem)) if problem.slug == "too-many-requests")
}
