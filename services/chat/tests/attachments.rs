//! Attachments: whose they are, which message has them, who gets their bytes, and when they go.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

#[macro_use]
mod support;

use muster_chat::store::attachments;
use muster_contracts::{
    id,
    method::{
        CommitAttachment, DeleteSession, DiscardAttachment, EditMessage, ForkSession, GetAttachment, ReserveAttachment,
        SendMessage, WithdrawMessage,
    },
    objects::ATTACHMENTS,
    subject::ChatVerb,
    v1,
};
use muster_service::{Clock, copy::Hold};
use support::{Chat, Engine, slug};
use v1::TurnStatus::Completed;

on_both! {
    a_worker_gets_what_is_attached_to_the_message_that_it_answers_and_nothing_else
    one_message_has_a_file_and_the_same_send_again_is_the_same
    a_waiting_message_may_get_other_files
    what_is_not_the_callers_or_not_there_cannot_be_attached
    a_model_that_sees_nothing_gets_no_images
    limits_are_told
    files_go_with_their_message_their_session_and_their_account
    a_fork_has_the_files_of_its_messages_too
    a_version_that_is_withdrawn_leaves_the_files_where_they_were
    what_a_crash_has_left_in_the_store_is_found
    while_a_backup_is_made_no_file_goes
}

const TEXT: &str = "text/plain";
const PNG: &str = "image/png";

impl Chat {
    fn reserving(&self, attachment_id: &str, size: u64) -> v1::ReserveAttachmentRequest {
        let (caller, name) = (Some(self.caller.clone()), "notes.txt".to_owned());
        v1::ReserveAttachmentRequest { caller, attachment_id: attachment_id.into(), name, size }
    }

    /// As the api does it.
    async fn upload(&self, media_type: &str, bytes: &[u8]) -> v1::Attachment {
        let id = id::random();
        self.call::<ReserveAttachment>(self.reserving(&id, bytes.len() as u64)).await.unwrap();
        self.objects().await;
        let mut writer = self.bus.write_object(ATTACHMENTS, &id);
        writer.write(bytes).await.unwrap();
        let whole = writer.finish().await.unwrap();
        let attachment = v1::Attachment {
            attachment_id: id,
            name: "notes.txt".into(),
            media_type: media_type.into(),
            size: whole.size,
            digest: whole.digest.to_vec(),
        };
        let request = v1::CommitAttachmentRequest { caller: Some(self.caller.clone()), attachment: Some(attachment) };
        self.call::<CommitAttachment>(request).await.unwrap()
    }

    fn attachment(&self, id: &str) -> v1::AttachmentRef {
        v1::AttachmentRef { caller: Some(self.caller.clone()), attachment_id: id.into() }
    }

    fn with_files(&self, content: &str, files: &[&v1::Attachment]) -> v1::SendMessageRequest {
        let attachments = files.iter().map(|file| file.attachment_id.clone()).collect();
        v1::SendMessageRequest { attachments, ..self.message(content) }
    }

    fn changing(&self, message_id: &str, files: &[&v1::Attachment]) -> v1::EditMessageRequest {
        v1::EditMessageRequest {
            caller: Some(self.caller.clone()),
            chat_session_id: self.session.clone(),
            message_id: message_id.into(),
            attachments: files.iter().map(|file| file.attachment_id.clone()).collect(),
            change_attachments: true,
            ..Default::default()
        }
    }

    /// The ids in the object store, once chat has made it.
    async fn objects(&self) -> Vec<String> {
        loop {
            if let Ok(ids) = self.bus.list_objects(ATTACHMENTS).await {
                return ids;
            }
            assert!(self.process.ended().is_none(), "{}", self.process.log_tail(30));
        }
    }

    /// Once nothing of the object can be read.
    async fn until_gone(&self, id: &str) {
        let waiting = async { while self.bus.read_object(ATTACHMENTS, id, 0).await.unwrap().is_some() {} };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await;
        assert!(waited.is_ok(), "still there\n{}", self.process.log_tail(30));
        assert_eq!(slug(self.call::<GetAttachment>(self.attachment(id)).await), "not-found");
    }
}

impl support::Process<'_> {
    async fn piece(&self, reply: &str, id: &str, position: u64) -> Result<v1::AttachmentPiece, String> {
        let request = v1::AttachmentRequest { reply_id: reply.into(), attachment_id: id.into(), position };
        self.asked(ChatVerb::Attachment, &request).await
    }
}

mod scenario {
    use super::*;

    pub async fn a_worker_gets_what_is_attached_to_the_message_that_it_answers_and_nothing_else(engine: Engine) {
        let chat = Chat::start(engine).await;
        let long = "many words ".repeat(30_000);
        let (file, other) = (chat.upload(TEXT, long.as_bytes()).await, chat.upload(TEXT, b"another").await);
        let sent = chat.call::<SendMessage>(chat.with_files("read this", &[&file])).await.unwrap();
        assert_eq!(sent.attachments, std::slice::from_ref(&file));
        assert_eq!(chat.messages().await.messages[0].attachments, std::slice::from_ref(&file));
        let worker = chat.process_of_worker(1);
        assert!(worker.piece(&sent.message_id, &file.attachment_id, 0).await.is_err(), "before it is told of the turn");
        let start = worker.sync(&[]).await.start.remove(0);
        assert_eq!(start.attachments, std::slice::from_ref(&file));
        let (mut read, mut position) = (Vec::new(), 0);
        while (read.len() as u64) < file.size {
            let piece = worker.piece(&start.reply_id, &file.attachment_id, position).await.unwrap();
            assert!(piece.bytes.len() <= 256 * 1024 && !piece.bytes.is_empty());
            read.extend(piece.bytes);
            position = piece.position;
        }
        assert!(read == long.as_bytes());
        assert!(worker.piece(&start.reply_id, &file.attachment_id, position).await.unwrap().bytes.is_empty());

        let denied = |piece: Result<v1::AttachmentPiece, String>| assert_eq!(piece.unwrap_err(), "not-found");
        denied(worker.piece(&start.reply_id, &other.attachment_id, 0).await);
        denied(worker.piece(&start.reply_id, "a\0", 0).await);
        denied(worker.piece(&id::random(), &file.attachment_id, 0).await);
        denied(worker.piece("a\0", &file.attachment_id, 0).await);
        let mut foreign = chat.process_of_worker(1);
        foreign.identity.worker = muster_contracts::id::WorkerId::random();
        denied(foreign.piece(&start.reply_id, &file.attachment_id, 0).await);
        let mut writing = worker.begin(&start).await;
        worker.end(&mut writing, Completed).await;
        chat.until(&start.reply_id, Completed).await;
        denied(worker.piece(&start.reply_id, &file.attachment_id, 0).await);
    }

    pub async fn one_message_has_a_file_and_the_same_send_again_is_the_same(engine: Engine) {
        let chat = Chat::start(engine).await;
        let (a, b) = (chat.upload(TEXT, b"a").await, chat.upload(TEXT, b"b").await);
        let sending = chat.with_files(" ", &[&b, &a]);
        let sent = chat.call::<SendMessage>(sending.clone()).await.unwrap();
        assert_eq!(sent.attachments, [b.clone(), a.clone()], "in their order, and without a word");
        assert_eq!(chat.call::<SendMessage>(sending.clone()).await.unwrap(), sent);
        let fewer = v1::SendMessageRequest { attachments: vec![b.attachment_id.clone()], ..sending };
        assert_eq!(slug(chat.call::<SendMessage>(fewer).await), "message-exists");
        assert_eq!(slug(chat.call::<SendMessage>(chat.with_files("again", &[&a])).await), "attachment-taken");
        assert_eq!(chat.messages().await.messages.len(), 1, "and nothing of it is kept");
        assert_eq!(slug(chat.call::<DiscardAttachment>(chat.attachment(&a.attachment_id)).await), "attachment-taken");
        let session = chat.call::<muster_contracts::method::GetSession>(chat.session_ref()).await.unwrap();
        assert_eq!(session.title, "notes.txt");
    }

    pub async fn a_waiting_message_may_get_other_files(engine: Engine) {
        let chat = Chat::start(engine).await;
        let (a, b) = (chat.upload(TEXT, b"a").await, chat.upload(TEXT, b"b").await);
        let sent = chat.call::<SendMessage>(chat.with_files("look", &[&a])).await.unwrap().message_id;
        let edited = chat.call::<EditMessage>(chat.changing(&sent, &[&b, &a])).await.unwrap();
        assert_eq!(edited.attachments, [b.clone(), a.clone()]);
        let edited = chat.call::<EditMessage>(chat.changing(&sent, &[&b])).await.unwrap();
        assert_eq!(edited.attachments, std::slice::from_ref(&b));
        // What was taken from it is free again, and what it has is not.
        let next = chat.call::<SendMessage>(chat.with_files("next", &[&a])).await.unwrap();
        assert_eq!(slug(chat.call::<EditMessage>(chat.changing(&sent, &[&a])).await), "attachment-taken");
        let words = v1::EditMessageRequest {
            content: Some("other words".into()),
            change_attachments: false,
            ..chat.changing(&sent, &[])
        };
        assert_eq!(
            chat.call::<EditMessage>(words).await.unwrap().attachments,
            std::slice::from_ref(&b),
            "an edit keeps them"
        );
        let nothing = v1::EditMessageRequest { content: Some(" ".into()), ..chat.changing(&sent, &[]) };
        assert_eq!(slug(chat.call::<EditMessage>(nothing).await), "invalid-value");
        let worker = chat.process_of_worker(1);
        assert_eq!(worker.sync(&[]).await.start[0].attachments, [b]);
        assert_eq!(slug(chat.call::<EditMessage>(chat.changing(&sent, &[])).await), "message-delivered");
        chat.call::<WithdrawMessage>(chat.names(&next.message_id)).await.unwrap();
        chat.until_gone(&a.attachment_id).await;
    }

    pub async fn what_is_not_the_callers_or_not_there_cannot_be_attached(engine: Engine) {
        let chat = Chat::start(engine).await;
        let file = chat.upload(TEXT, b"mine").await;
        let stranger = Some(v1::Caller { user_id: id::random(), ..chat.caller.clone() });
        let theirs = v1::AttachmentRef { caller: stranger.clone(), ..chat.attachment(&file.attachment_id) };
        assert_eq!(slug(chat.call::<GetAttachment>(theirs.clone()).await), "not-found");
        assert_eq!(slug(chat.call::<DiscardAttachment>(theirs).await), "not-found");
        let foreign = v1::CommitAttachmentRequest { caller: stranger.clone(), attachment: Some(file.clone()) };
        assert_eq!(slug(chat.call::<CommitAttachment>(foreign).await), "not-found");
        let reserving = v1::ReserveAttachmentRequest { caller: stranger, ..chat.reserving(&file.attachment_id, 1) };
        assert_eq!(slug(chat.call::<ReserveAttachment>(reserving).await), "attachment-exists");

        let half = id::random();
        chat.call::<ReserveAttachment>(chat.reserving(&half, 10)).await.unwrap();
        assert_eq!(slug(chat.call::<GetAttachment>(chat.attachment(&half)).await), "not-found");
        let named = |ids: &[&str]| v1::SendMessageRequest {
            attachments: ids.iter().map(|&id| id.to_owned()).collect(),
            ..chat.message("x")
        };
        for ids in [&[half.as_str()][..], &["a\0"], &[&id::random()], &[&file.attachment_id, &file.attachment_id]] {
            assert_eq!(slug(chat.call::<SendMessage>(named(ids)).await), "invalid-value", "{ids:?}");
        }
        let many = (0..11).map(|_| id::random()).collect::<Vec<_>>();
        let many = many.iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(slug(chat.call::<SendMessage>(named(&many)).await), "invalid-value");
        for name in ["", " ", "a\nb", &"x".repeat(121)] {
            let named = v1::ReserveAttachmentRequest { name: name.into(), ..chat.reserving(&id::random(), 1) };
            assert_eq!(slug(chat.call::<ReserveAttachment>(named).await), "invalid-value", "{name:?}");
        }
        assert!(chat.messages().await.messages.is_empty());
        chat.call::<DiscardAttachment>(chat.attachment(&file.attachment_id)).await.unwrap();
        assert_eq!(slug(chat.call::<SendMessage>(chat.with_files("x", &[&file])).await), "invalid-value");
        chat.until_gone(&file.attachment_id).await;
    }

    pub async fn a_model_that_sees_nothing_gets_no_images(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let (image, text) = (chat.upload(PNG, b"an image").await, chat.upload(TEXT, b"text").await);
        let (with_image, with_text) = (chat.with_files("see", &[&image]), chat.with_files("read", &[&text]));
        assert_eq!(slug(chat.call::<SendMessage>(with_image.clone()).await), "no-images");
        let blind = v1::SendMessageRequest { model: Some("demo/blind".into()), ..with_text };
        chat.worker.models[0].input = vec!["image".into()];
        chat.worker.models[1].model_id = "demo/blind".into();
        chat.tell_worker(v1::WorkerStatus::Online).await;
        // Chat hears of it in its own time.
        let sent = loop {
            match chat.call::<SendMessage>(blind.clone()).await {
                Ok(sent) => break sent,
                Err(_) => assert!(chat.process.ended().is_none()),
            }
        };
        assert_eq!(slug(chat.call::<EditMessage>(chat.changing(&sent.message_id, &[&image])).await), "no-images");
        assert_eq!(chat.messages().await.messages[0].attachments, [text], "a refused edit changes nothing");
        let seen = chat.call::<SendMessage>(with_image).await.unwrap();
        let blinded = v1::EditMessageRequest {
            model: Some("demo/blind".into()),
            change_attachments: false,
            ..chat.changing(&seen.message_id, &[])
        };
        assert_eq!(slug(chat.call::<EditMessage>(blinded).await), "no-images");
        chat.worker.capabilities = None;
        chat.tell_worker(v1::WorkerStatus::Online).await;
        let file = chat.upload(TEXT, b"more").await;
        let refused = loop {
            let edited = chat.call::<EditMessage>(chat.changing(&sent.message_id, &[&file])).await;
            if edited.is_err() {
                break slug(edited);
            }
        };
        assert_eq!(refused, "no-attachments");
    }

    pub async fn limits_are_told(engine: Engine) {
        let settings = [
            ("MUSTER_ATTACHMENTS_WAITING_PER_USER", "3"),
            ("MUSTER_ATTACHMENTS_WAITING_BYTES_PER_USER", "1000"),
            ("MUSTER_ATTACHMENTS_BYTES_PER_USER", "1500"),
            ("MUSTER_ATTACHMENTS_MAX_BYTES", "1048576"),
        ];
        let chat = Chat::with(engine, &settings).await;
        let reserve = async |size: u64| chat.call::<ReserveAttachment>(chat.reserving(&id::random(), size)).await;
        assert_eq!(slug(reserve(1001).await), "attachments-too-large");
        let first = chat.upload(TEXT, &[b'x'; 900]).await;
        assert_eq!(slug(reserve(101).await), "attachments-too-large");
        reserve(50).await.unwrap();
        reserve(50).await.unwrap();
        assert_eq!(slug(reserve(0).await), "too-many-attachments");
        chat.call::<SendMessage>(chat.with_files("x", &[&first])).await.unwrap();
        assert_eq!(slug(reserve(600).await), "attachments-full");
        reserve(400).await.unwrap();
        let other = v1::Caller { user_id: id::random(), ..chat.caller.clone() };
        let theirs = v1::ReserveAttachmentRequest { caller: Some(other), ..chat.reserving(&id::random(), 1000) };
        chat.call::<ReserveAttachment>(theirs).await.unwrap();
    }

    pub async fn files_go_with_their_message_their_session_and_their_account(engine: Engine) {
        let chat = Chat::start(engine).await;
        let mut files = Vec::new();
        for content in ["withdrawn", "deleted with the session"] {
            let file = chat.upload(TEXT, content.as_bytes()).await;
            files.push((chat.call::<SendMessage>(chat.with_files(content, &[&file])).await.unwrap(), file));
        }
        let (unsent, kept) = (chat.upload(TEXT, b"never sent").await, chat.upload(TEXT, b"kept").await);
        chat.call::<WithdrawMessage>(chat.names(&files[0].0.message_id)).await.unwrap();
        let second = &files[1].1.attachment_id;
        assert_eq!(slug(chat.call::<GetAttachment>(chat.attachment(&files[0].1.attachment_id)).await), "not-found");
        chat.until_gone(&files[0].1.attachment_id).await;
        assert!(chat.call::<GetAttachment>(chat.attachment(second)).await.is_ok());
        chat.call::<DeleteSession>(chat.session_ref()).await.unwrap();
        assert_eq!(slug(chat.call::<GetAttachment>(chat.attachment(second)).await), "not-found", "at once");
        chat.until_gone(second).await;
        chat.call::<DiscardAttachment>(chat.attachment(&unsent.attachment_id)).await.unwrap();
        chat.until_gone(&unsent.attachment_id).await;
        assert!(chat.call::<GetAttachment>(chat.attachment(&kept.attachment_id)).await.is_ok());
        chat.tell_account_removed().await;
        chat.until_gone(&kept.attachment_id).await;
    }

    pub async fn a_fork_has_the_files_of_its_messages_too(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let worker = chat.process_of_worker(1);
        let (kept, lost) = (chat.upload(TEXT, b"kept").await, chat.upload(TEXT, b"lost").await);
        let sent = chat.call::<SendMessage>(chat.with_files("read this", &[&kept])).await.unwrap();
        worker.answer("read", Completed).await;
        chat.call::<SendMessage>(chat.with_files("and this", &[&lost])).await.unwrap();
        worker.answer("read", Completed).await;
        let request = v1::ForkSessionRequest {
            caller: Some(chat.caller.clone()),
            chat_session_id: chat.session.clone(),
            message_id: sent.message_id,
            fork_id: id::random(),
        };
        let fork = chat.call::<ForkSession>(request).await.unwrap();
        chat.call::<DeleteSession>(chat.session_ref()).await.unwrap();
        chat.until_gone(&lost.attachment_id).await;
        chat.session = fork.chat_session_id;
        let copied = chat.messages().await.messages.remove(0);
        assert_eq!(copied.attachments, std::slice::from_ref(&kept));
        assert_eq!(chat.call::<GetAttachment>(chat.attachment(&kept.attachment_id)).await.unwrap(), kept);
        // The copy's next version may have it as well.
        let edited =
            v1::SendMessageRequest { replaces: Some(copied.message_id), ..chat.with_files("read again", &[&kept]) };
        chat.call::<SendMessage>(edited).await.unwrap();
        let worker = chat.process_of_worker(1);
        let start = worker.next().await;
        let piece = worker.piece(&start.reply_id, &kept.attachment_id, 0).await.unwrap();
        assert_eq!(piece.bytes, b"kept");
        chat.call::<DeleteSession>(chat.session_ref()).await.unwrap();
        chat.until_gone(&kept.attachment_id).await;
    }

    pub async fn a_version_that_is_withdrawn_leaves_the_files_where_they_were(engine: Engine) {
        let chat = Chat::start(engine).await;
        let file = chat.upload(TEXT, b"file").await;
        let sent = chat.call::<SendMessage>(chat.with_files("read this", &[&file])).await.unwrap();
        chat.process_of_worker(1).answer("read", Completed).await;
        let version =
            v1::SendMessageRequest { replaces: Some(sent.message_id), ..chat.with_files("read again", &[&file]) };
        let version = chat.call::<SendMessage>(version).await.unwrap().message_id;
        let edited = chat.call::<EditMessage>(chat.changing(&version, &[])).await.unwrap();
        assert!(edited.attachments.is_empty());
        let edited = chat.call::<EditMessage>(chat.changing(&version, &[&file])).await.unwrap();
        assert_eq!(edited.attachments, std::slice::from_ref(&file));
        chat.call::<WithdrawMessage>(chat.names(&version)).await.unwrap();
        assert_eq!(chat.call::<GetAttachment>(chat.attachment(&file.attachment_id)).await.unwrap(), file);
    }

    pub async fn what_a_crash_has_left_in_the_store_is_found(engine: Engine) {
        let mut chat = Chat::start(engine).await;
        let kept = chat.upload(TEXT, b"kept").await;
        chat.process.kill().await;
        // An api that was killed in the middle of an upload, and a chat that was killed after it forgot a file.
        let (half, whole) = (id::random(), id::random());
        let mut writer = chat.bus.write_object(ATTACHMENTS, &half);
        writer.write(&vec![b'x'; 700_000]).await.unwrap();
        drop(writer);
        let mut writer = chat.bus.write_object(ATTACHMENTS, &whole);
        writer.write(b"whole").await.unwrap();
        writer.finish().await.unwrap();
        chat.process.restart().await.unwrap();
        chat.until_gone(&half).await;
        chat.until_gone(&whole).await;
        assert!(chat.bus.read_object(ATTACHMENTS, &kept.attachment_id, 0).await.unwrap().is_some());
        assert_eq!(chat.call::<GetAttachment>(chat.attachment(&kept.attachment_id)).await.unwrap(), kept);
    }

    pub async fn while_a_backup_is_made_no_file_goes(engine: Engine) {
        let chat = Chat::start(engine).await;
        let file = chat.upload(TEXT, b"still in the tables of the backup").await;
        let message = chat.call::<SendMessage>(chat.with_files("see", &[&file])).await.unwrap();
        let now = Clock::system().now();
        let hold = Hold::take(&chat.place(), now, now + 3_600_000).await.unwrap();
        chat.call::<WithdrawMessage>(chat.names(&message.message_id)).await.unwrap();
        assert_eq!(
            slug(chat.call::<GetAttachment>(chat.attachment(&file.attachment_id)).await),
            "not-found",
            "at once"
        );
        let db = chat.database().await;
        let mut write = db.write().await.unwrap();
        assert_eq!(attachments::mark(write.connection(), now + 60_000).await.unwrap(), 0);
        write.commit().await.unwrap();
        assert!(attachments::marked(db.pool(), 10).await.unwrap().is_empty());
        assert!(chat.bus.read_object(ATTACHMENTS, &file.attachment_id, 0).await.unwrap().is_some());
        hold.end().await.unwrap();
        chat.until_gone(&file.attachment_id).await;
    }
}
