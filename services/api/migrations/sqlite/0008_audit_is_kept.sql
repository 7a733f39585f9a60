-- The audit log is only added to, whatever is wrong with us: what was done, by whom, to what and when stays as it was
-- written. What a session was called and what was asked in it may be emptied, since it is deleted with the session.
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN (NEW.audit_id, NEW.at, NEW.place, NEW.user_id, NEW.username, NEW.action, NEW.entity, NEW.object_id,
      NEW.machine_id, NEW.worker_id, NEW.session_id, NEW.actor_id, NEW.actor_name, NEW.actor_worker_id,
      NEW.token_id, NEW.token_name, NEW.address)
  <> (OLD.audit_id, OLD.at, OLD.place, OLD.user_id, OLD.username, OLD.action, OLD.entity, OLD.object_id,
      OLD.machine_id, OLD.worker_id, OLD.session_id, OLD.actor_id, OLD.actor_name, OLD.actor_worker_id,
      OLD.token_id, OLD.token_name, OLD.address)
  OR NEW.object_name NOT IN ('', OLD.object_name)
  OR NEW.detail NOT IN ('', OLD.detail)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is only added to');
END;
